/**
 * Extended attributes (xattr(7)) of whatever `dirfd`, `path` and `atFlags` name: their values and the
 * list of their names are of a length that is known only afterwards.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import type { FsContext } from './context.ts';
import { decodeName } from './escaped-names.ts';

/** What an attribute belongs to, in the terms of the *at calls. */
export interface At {
  readonly dirfd: Fd;
  readonly path: PathLike;
  readonly flags: number;
}

export interface SetXattrOptions {
  /** EEXIST where the attribute is there. */
  readonly create?: boolean;
  /** ENODATA where it is not. */
  readonly replace?: boolean;
}

/** Most values fit in here: one request. */
const firstBytes = 1024;

/** Asks with more room while the answer is ERANGE; a negative errno otherwise. */
async function whole(
  ask: (room: Buffer) => Promise<number>,
  mostBytes: number,
): Promise<Buffer | number> {
  for (let bytes = firstBytes; ; bytes = mostBytes) {
    const room = Buffer.allocUnsafe(bytes);
    const ret = await ask(room);
    if (ret >= 0) return room.subarray(0, ret);
    if (ret !== -errno.ERANGE || bytes === mostBytes) return ret;
  }
}

/** The value, or a negative errno: ENODATA where there is none. */
export function readXattr(context: FsContext, at: At, name: PathLike): Promise<Buffer | number> {
  return whole(
    (room) => context.calls.getxattrat(at.dirfd, at.path, at.flags, name, room),
    abi.XATTR_SIZE_MAX,
  );
}

export async function listXattrs(context: FsContext, at: At): Promise<string[] | number> {
  const list = await whole(
    (room) => context.calls.listxattrat(at.dirfd, at.path, at.flags, room),
    abi.XATTR_LIST_MAX,
  );
  if (typeof list === 'number') return list;
  const names: string[] = [];
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    names.push(decodeName(list.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

export function writeXattr(
  context: FsContext,
  at: At,
  name: PathLike,
  value: Uint8Array | string,
  options: SetXattrOptions,
): Promise<number> {
  const bytes =
    typeof value === 'string'
      ? Buffer.from(value)
      : Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length > abi.XATTR_SIZE_MAX) return Promise.resolve(-errno.E2BIG);
  const create = options.create === true ? abi.XATTR_CREATE : 0;
  const flags = create | (options.replace === true ? abi.XATTR_REPLACE : 0);
  return context.calls.setxattrat(at.dirfd, at.path, at.flags, name, bytes, flags);
}
