/**
 * WSL's metadata: owner, group, mode and device of a Linux inode as EAs of fixed names.
 *
 *     $LXUID, $LXGID, $LXMOD    u32
 *     $LXDEV                    u32 major, u32 minor
 *
 * DrvFs writes and reads them (with `metadata`), and Linux's cifs does (fs/smb/client/reparse.c),
 * which has the major number first. Here they are the inode's own numbers, not attributes next to
 * it.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Ea } from './ea.ts';

export interface LxMetadata {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Type and permissions. */
  readonly mode?: number | undefined;
  readonly rdevMajor?: number | undefined;
  readonly rdevMinor?: number | undefined;
}

function u32(name: string, value: number): Ea {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return { name, flags: 0, value: bytes };
}

const isDevice = (mode: number): boolean => {
  const type = mode & abi.S_IFMT;
  return type === abi.S_IFCHR || type === abi.S_IFBLK;
};

/** The EAs of an inode, from its Statx; $LXDEV for devices only. */
export function lxEasOf(inode: Required<LxMetadata>): Ea[] {
  const list = [
    u32('$LXUID', inode.uid ?? 0),
    u32('$LXGID', inode.gid ?? 0),
    u32('$LXMOD', inode.mode ?? 0),
  ];
  if (isDevice(inode.mode ?? 0)) {
    const device = Buffer.alloc(8);
    device.writeUInt32LE((inode.rdevMajor ?? 0) >>> 0, 0);
    device.writeUInt32LE((inode.rdevMinor ?? 0) >>> 0, 4);
    list.push({ name: '$LXDEV', flags: 0, value: device });
  }
  return list;
}

const sizes: ReadonlyMap<string, number> = new Map([
  ['$LXUID', 4],
  ['$LXGID', 4],
  ['$LXMOD', 4],
  ['$LXDEV', 8],
]);

/** Whether an EA is one of these, in whatever case. */
export function isLxEaName(name: string): boolean {
  return sizes.has(name.toUpperCase());
}

/**
 * What the EAs of a list say about the inode, the last of each name; `undefined` where one has
 * another size than it must (INVALID_PARAMETER). Other EAs are passed over.
 */
export function lxMetadataOf(list: readonly Ea[]): LxMetadata | undefined {
  let metadata: LxMetadata = {};
  for (const ea of list) {
    const name = ea.name.toUpperCase();
    const size = sizes.get(name);
    if (size === undefined) continue;
    if (ea.value.length !== size) return undefined;
    const value = ea.value.readUInt32LE(0);
    if (name === '$LXUID') metadata = { ...metadata, uid: value };
    else if (name === '$LXGID') metadata = { ...metadata, gid: value };
    else if (name === '$LXMOD') metadata = { ...metadata, mode: value & 0xffff };
    else metadata = { ...metadata, rdevMajor: value, rdevMinor: ea.value.readUInt32LE(4) };
  }
  return metadata;
}
