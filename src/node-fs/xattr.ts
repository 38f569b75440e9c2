/** Extended attributes (xattr(7)) as fs/promises would have them: names are strings. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { FileAt } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { listXattrs } from '../vfs-linux/tree/xattrs.ts';
import type { FsContext } from './context.ts';
import { decodeName } from './escaped-names.ts';

export interface SetXattrOptions {
  /** EEXIST where the attribute is there. */
  readonly create?: boolean;
  /** ENODATA where it is not. */
  readonly replace?: boolean;
}

/** The names of the attributes, or a negative errno. */
export async function xattrNames(context: FsContext, subject: FileAt): Promise<string[] | Errno> {
  const names = await listXattrs(context.calls, subject);
  return isErrno(names) ? names : names.map(decodeName);
}

/** Sets an attribute; answers 0 or a negative errno: E2BIG for more than Linux allows. */
export function writeXattr(
  context: FsContext,
  subject: FileAt,
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
  return context.calls.setxattrat(subject, name, bytes, flags);
}
