/**
 * Attributes on their way out: from the kernel's struct statx straight to fuse_attr, word by word.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import { attr, attrOut, entryOut } from './protocol.ts';

/**
 * How long the host may believe what it was told, in seconds: one kernel owns the disk, and all
 * that changes goes through this mount, so for ever.
 */
const foreverSeconds = 1_000_000_000;

const word = {
  blksize: abi['statx.stx_blksize'] / 4,
  nlink: abi['statx.stx_nlink'] / 4,
  uid: abi['statx.stx_uid'] / 4,
  gid: abi['statx.stx_gid'] / 4,
  mode: abi['statx.stx_mode'] / 4,
  ino: abi['statx.stx_ino'] / 4,
  size: abi['statx.stx_size'] / 4,
  blocks: abi['statx.stx_blocks'] / 4,
  atime: abi['statx.stx_atime'] / 4,
  mtime: abi['statx.stx_mtime'] / 4,
  ctime: abi['statx.stx_ctime'] / 4,
  rdevMajor: abi['statx.stx_rdev_major'] / 4,
  rdevMinor: abi['statx.stx_rdev_minor'] / 4,
  devMajor: abi['statx.stx_dev_major'] / 4,
  devMinor: abi['statx.stx_dev_minor'] / 4,
} as const;
const nsec = abi['statx_timestamp.tv_nsec'] / 4;

/** new_encode_dev() of include/linux/kdev_t.h. */
export function encodeDevice(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

function copy64(to: Uint32Array, at: number, from: Uint32Array, word: number): void {
  to[at] = from[word] as number;
  to[at + 1] = from[word + 1] as number;
}

/**
 * Each of btrfs's subvolumes counts its inodes from the beginning, and shows as a device of its
 * own. Here is only one device, so the device goes into the number of the inode, above what is in
 * use.
 */
const deviceShift = 12;

/**
 * Writes a fuse_attr at the word `at` of `to`, of the struct statx at the word `from` of `u32`;
 * `rootDevice` is the minor number of the volume's own device.
 */
export function writeAttr(
  to: Uint32Array,
  at: number,
  u32: Uint32Array,
  from: number,
  rootDevice: number,
): void {
  copy64(to, at + attr.ino, u32, from + word.ino);
  const device = u32[from + word.devMinor] as number;
  if (device !== rootDevice) {
    to[at + attr.ino + 1] = (to[at + attr.ino + 1] as number) ^ (device << deviceShift);
  }
  copy64(to, at + attr.size, u32, from + word.size);
  copy64(to, at + attr.blocks, u32, from + word.blocks);
  copy64(to, at + attr.atime, u32, from + word.atime);
  copy64(to, at + attr.mtime, u32, from + word.mtime);
  copy64(to, at + attr.ctime, u32, from + word.ctime);
  to[at + attr.atimensec] = u32[from + word.atime + nsec] as number;
  to[at + attr.mtimensec] = u32[from + word.mtime + nsec] as number;
  to[at + attr.ctimensec] = u32[from + word.ctime + nsec] as number;
  to[at + attr.mode] = (u32[from + word.mode] as number) & 0xffff;
  to[at + attr.nlink] = u32[from + word.nlink] as number;
  to[at + attr.uid] = u32[from + word.uid] as number;
  to[at + attr.gid] = u32[from + word.gid] as number;
  to[at + attr.rdev] = encodeDevice(
    u32[from + word.rdevMajor] as number,
    u32[from + word.rdevMinor] as number,
  );
  to[at + attr.blksize] = u32[from + word.blksize] as number;
  to[at + attr.flags] = 0;
}

/** Writes a fuse_attr_out. */
export function writeAttrOut(
  to: Uint32Array,
  at: number,
  u32: Uint32Array,
  from: number,
  rootDevice: number,
): void {
  to[at + attrOut.attrValid] = foreverSeconds;
  to[at + attrOut.attrValid + 1] = 0;
  to[at + attrOut.attrValidNsec] = 0;
  to[at + attrOut.attrValidNsec + 1] = 0;
  writeAttr(to, at + attrOut.attr, u32, from, rootDevice);
}

/** Writes the part of a fuse_entry_out before its attributes; nodeid 0 says that there is none. */
export function writeEntryHead(
  to: Uint32Array,
  at: number,
  nodeId: number,
  generation: number,
  namesLast: boolean,
): void {
  to[at + entryOut.nodeid] = nodeId;
  to[at + entryOut.nodeid + 1] = nodeId / 4294967296;
  to[at + entryOut.generation] = generation;
  to[at + entryOut.generation + 1] = generation / 4294967296;
  to[at + entryOut.entryValid] = namesLast ? foreverSeconds : 0;
  to[at + entryOut.entryValid + 1] = 0;
  to[at + entryOut.attrValid] = foreverSeconds;
  to[at + entryOut.attrValid + 1] = 0;
  to[at + entryOut.entryValidNsec] = 0;
  to[at + entryOut.attrValidNsec] = 0;
}

/** The mode in a struct statx. */
export function modeOf(u32: Uint32Array, from: number): number {
  return (u32[from + word.mode] as number) & 0xffff;
}

/** What tells one inode from another where there are no file handles. */
export function inodeOf(
  u32: Uint32Array,
  from: number,
): { readonly low: number; readonly high: number; readonly device: number } {
  return {
    low: u32[from + word.ino] as number,
    high: u32[from + word.ino + 1] as number,
    device: encodeDevice(u32[from + word.devMajor] as number, u32[from + word.devMinor] as number),
  };
}
