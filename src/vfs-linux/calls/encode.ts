/**
 * Writes each operation's arguments into a slot: the one place of this program that knows where
 * they stand. The other side is the table BRIDGE_OPS of native/arch/wasm/bridge/slots.h, in the
 * same order, which also says what an operation answers and where.
 *
 * A function has its system call's name and arguments, in that call's order. Data of the caller's
 * own size (pread64, getxattrat, …) goes through the window, a buffer that RequestRing.start takes.
 * `slot.lookUp` after any of these has the kernel look up the file as well.
 */
import { abi } from '../abi.gen.ts';
import type { PathLike, SlotName } from '../names.ts';
import type { Slot, Wide } from '../slot.ts';

/** A descriptor in the kernel's table. */
export type Fd = number;

/** A name below a directory's descriptor. */
export interface At<Name extends SlotName = PathLike> {
  readonly dirfd: Fd;
  readonly name: Name;
}

/**
 * The file that an *at call is about; an empty name with AT_EMPTY_PATH is the descriptor itself.
 */
export interface FileAt<Name extends SlotName = PathLike> extends At<Name> {
  /** AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH or 0. */
  readonly atFlags: number;
}

/** The file of that name. */
export function at(dirfd: Fd, name: PathLike, atFlags = 0): FileAt {
  return { dirfd, name, atFlags };
}

/** The file of the descriptor, which may be O_PATH. */
export function itself(fd: Fd): FileAt {
  return { dirfd: fd, name: '', atFlags: abi.AT_EMPTY_PATH };
}

/** A new owner and group; -1 leaves one as it is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** utimensat(2)'s time: UTIME_NOW and UTIME_OMIT go into nsec. */
export interface TimeToSet {
  readonly sec: number;
  readonly nsec: number;
}

/** The times that utimensat sets. With `ctime` that one too, which Linux sets to the present. */
export interface TimesToSet {
  readonly atime: TimeToSet;
  readonly mtime: TimeToSet;
  readonly ctime?: TimeToSet | undefined;
}

/** A position in an open file. */
export interface FileOffset {
  readonly fd: Fd;
  readonly offsetBytes: Wide;
}

function named(slot: Slot, op: number, dirfd: Fd, name: SlotName): void {
  slot.op = op;
  slot.arg(0, dirfd);
  slot.name(slot.first, name);
}

function numbers(slot: Slot, op: number, fd: Fd, arg1: number): void {
  slot.op = op;
  slot.arg(0, fd);
  slot.arg(1, arg1);
}

// Descriptors: ops-file.c

export function openat2(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  openFlags: number,
  mode: number,
): void {
  named(slot, abi.BRIDGE_OP_openat2, dirfd, name);
  slot.arg(1, openFlags);
  slot.arg(2, mode);
  slot.arg(3, 0);
}

export function reopen(slot: Slot, fd: Fd, openFlags: number): void {
  numbers(slot, abi.BRIDGE_OP_reopen, fd, openFlags);
}

export function close(slot: Slot, fd: Fd): void {
  numbers(slot, abi.BRIDGE_OP_close, fd, 0);
}

/** closeMany's limit: the descriptors have the room before the third name. */
export const maxClosedAtOnce: number = abi.BRIDGE_THIRD / 4;

export function closeMany(slot: Slot, fds: readonly Fd[]): void {
  slot.op = abi.BRIDGE_OP_close_many;
  slot.arg(0, fds.length);
  slot.memory.u32.set(fds, slot.first / 4);
}

function transfer(slot: Slot, op: number, fd: Fd, bytes: number, offsetBytes: Wide): void {
  numbers(slot, op, fd, bytes);
  slot.wide(0, offsetBytes);
}

/** Into the window. */
export function pread64(slot: Slot, fd: Fd, bytes: number, offsetBytes: Wide): void {
  transfer(slot, abi.BRIDGE_OP_pread64, fd, bytes, offsetBytes);
}

export function preadPages(slot: Slot, fd: Fd, bytes: number, offsetBytes: Wide): void {
  transfer(slot, abi.BRIDGE_OP_pread_pages, fd, bytes, offsetBytes);
}

/** Out of the window. */
export function pwrite64(slot: Slot, fd: Fd, bytes: number, offsetBytes: Wide): void {
  transfer(slot, abi.BRIDGE_OP_pwrite64, fd, bytes, offsetBytes);
}

/** Out of the window. `writeFlags` are RWF_* and BRIDGE_PWRITE_CLIP. */
export function pwritev2(
  slot: Slot,
  fd: Fd,
  bytes: number,
  offsetBytes: Wide,
  writeFlags: number,
): void {
  transfer(slot, abi.BRIDGE_OP_pwritev2, fd, bytes, offsetBytes);
  slot.arg(2, writeFlags);
}

export function getdents64(slot: Slot, fd: Fd, bytes: number): void {
  numbers(slot, abi.BRIDGE_OP_getdents64, fd, bytes);
}

export function lseek(slot: Slot, fd: Fd, offsetBytes: Wide, whence: number): void {
  numbers(slot, abi.BRIDGE_OP_lseek, fd, whence);
  slot.wide(0, offsetBytes);
}

export function fsync(slot: Slot, fd: Fd): void {
  numbers(slot, abi.BRIDGE_OP_fsync, fd, 0);
}

export function fdatasync(slot: Slot, fd: Fd): void {
  numbers(slot, abi.BRIDGE_OP_fdatasync, fd, 0);
}

export function syncfs(slot: Slot, fd: Fd): void {
  numbers(slot, abi.BRIDGE_OP_syncfs, fd, 0);
}

export function sync(slot: Slot): void {
  slot.op = abi.BRIDGE_OP_sync;
}

export function ftruncate(slot: Slot, fd: Fd, lengthBytes: Wide): void {
  transfer(slot, abi.BRIDGE_OP_ftruncate, fd, 0, lengthBytes);
}

/** truncate(2) of the file of any descriptor, O_PATH too. */
export function truncate(slot: Slot, fd: Fd, lengthBytes: Wide): void {
  transfer(slot, abi.BRIDGE_OP_truncate, fd, 0, lengthBytes);
}

export function fallocate(
  slot: Slot,
  fd: Fd,
  mode: number,
  offsetBytes: Wide,
  lengthBytes: Wide,
): void {
  transfer(slot, abi.BRIDGE_OP_fallocate, fd, mode, offsetBytes);
  slot.wide(1, lengthBytes);
}

export function copyFileRange(slot: Slot, from: FileOffset, to: FileOffset, bytes: number): void {
  slot.op = abi.BRIDGE_OP_copy_file_range;
  slot.arg(0, from.fd);
  slot.arg(1, to.fd);
  slot.arg(2, bytes);
  slot.arg(3, 0);
  slot.wide(0, from.offsetBytes);
  slot.wide(1, to.offsetBytes);
}

/** ioctl(2) whose argument is a number or a descriptor. */
export function ioctlNumber(slot: Slot, fd: Fd, command: number, argument: number): void {
  numbers(slot, abi.BRIDGE_OP_ioctl, fd, command);
  slot.arg(2, argument);
}

/** ioctl(2) on a structure of at most BRIDGE_BUFFER bytes, which the kernel changes in the slot. */
export function ioctl(slot: Slot, fd: Fd, command: number, structure: Uint8Array): void {
  ioctlNumber(slot, fd, command, -1);
  slot.memory.bytes.set(structure, slot.first);
}

export function fstatfs(slot: Slot, fd: Fd): void {
  numbers(slot, abi.BRIDGE_OP_fstatfs, fd, 0);
}

/** `writeHandle` writes a struct file_handle at the address that it gets. */
export function openByHandleAt(
  slot: Slot,
  mountFd: Fd,
  writeHandle: (address: number) => void,
  openFlags: number,
): void {
  numbers(slot, abi.BRIDGE_OP_open_by_handle_at, mountFd, openFlags);
  writeHandle(slot.first);
}

// Names: ops-path.c

/** The fields that the class Statx has. */
export const fullStatxMask: number = abi.STATX_BASIC_STATS | abi.STATX_BTIME;

export function statx(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  atFlags: number,
  mask: number = fullStatxMask,
): void {
  named(slot, abi.BRIDGE_OP_statx, dirfd, name);
  slot.arg(1, atFlags);
  slot.arg(2, mask);
}

export function readlinkat(slot: Slot, dirfd: Fd, name: SlotName): void {
  named(slot, abi.BRIDGE_OP_readlinkat, dirfd, name);
}

export function mkdirat(slot: Slot, dirfd: Fd, name: SlotName, mode: number): void {
  named(slot, abi.BRIDGE_OP_mkdirat, dirfd, name);
  slot.arg(1, mode);
}

/** `dev` is what encodeDevice makes of a major and a minor number. */
export function mknodat(slot: Slot, dirfd: Fd, name: SlotName, mode: number, dev: number): void {
  named(slot, abi.BRIDGE_OP_mknodat, dirfd, name);
  slot.arg(1, mode);
  slot.arg(2, dev);
}

/** A device's number on the way to the kernel: new_encode_dev() of include/linux/kdev_t.h. */
export function encodeDevice(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

export function unlinkat(slot: Slot, dirfd: Fd, name: SlotName, atFlags: number): void {
  named(slot, abi.BRIDGE_OP_unlinkat, dirfd, name);
  slot.arg(1, atFlags);
}

/** The same; answers a descriptor (O_PATH) of the file if that was its last name, else 0. */
export function unlinkatHeld(slot: Slot, dirfd: Fd, name: SlotName, atFlags: number): void {
  unlinkat(slot, dirfd, name, atFlags);
  slot.op = abi.BRIDGE_OP_unlinkat_held;
}

function namedTwice(slot: Slot, op: number, from: At<SlotName>, to: At<SlotName>): void {
  named(slot, op, from.dirfd, from.name);
  slot.arg(1, to.dirfd);
  slot.name(slot.second, to.name);
}

export function renameat2(
  slot: Slot,
  from: At<SlotName>,
  to: At<SlotName>,
  renameFlags: number,
): void {
  namedTwice(slot, abi.BRIDGE_OP_renameat2, from, to);
  slot.arg(2, renameFlags);
}

/**
 * The same; answers a descriptor (O_PATH) of the file at `to` if that was its last name, else 0.
 */
export function renameat2Held(
  slot: Slot,
  from: At<SlotName>,
  to: At<SlotName>,
  renameFlags: number,
): void {
  renameat2(slot, from, to, renameFlags);
  slot.op = abi.BRIDGE_OP_renameat2_held;
}

export function linkat(slot: Slot, from: At<SlotName>, to: At<SlotName>, atFlags: number): void {
  namedTwice(slot, abi.BRIDGE_OP_linkat, from, to);
  slot.arg(2, atFlags);
}

export function symlinkat(slot: Slot, target: SlotName, dirfd: Fd, name: SlotName): void {
  named(slot, abi.BRIDGE_OP_symlinkat, dirfd, target);
  slot.name(slot.second, name);
}

export function fchmodat2(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  mode: number,
  atFlags: number,
): void {
  named(slot, abi.BRIDGE_OP_fchmodat2, dirfd, name);
  slot.arg(1, mode);
  slot.arg(2, atFlags);
}

export function fchownat(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  owner: Owner,
  atFlags: number,
): void {
  named(slot, abi.BRIDGE_OP_fchownat, dirfd, name);
  slot.arg(1, owner.uid);
  slot.arg(2, owner.gid);
  slot.arg(3, atFlags);
}

export function utimensat(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  times: TimesToSet,
  atFlags: number,
): void {
  const { atime, mtime, ctime } = times;
  named(slot, abi.BRIDGE_OP_utimensat, dirfd, name);
  slot.arg(1, atFlags);
  slot.arg(2, atime.nsec);
  slot.arg(3, mtime.nsec);
  slot.wide(0, atime.sec);
  slot.wide(1, mtime.sec);
  if (ctime === undefined) return;
  slot.op = abi.BRIDGE_OP_utimensat_ctime;
  slot.arg(4, ctime.nsec);
  slot.wide(2, ctime.sec);
}

export function faccessat2(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  mode: number,
  atFlags: number,
): void {
  named(slot, abi.BRIDGE_OP_faccessat2, dirfd, name);
  slot.arg(1, mode);
  slot.arg(2, atFlags);
}

export function nameToHandleAt(slot: Slot, dirfd: Fd, name: SlotName, atFlags: number): void {
  named(slot, abi.BRIDGE_OP_name_to_handle_at, dirfd, name);
  slot.arg(1, atFlags);
}

// Extended attributes: ops-xattr.c

function xattr(slot: Slot, op: number, file: FileAt<SlotName>, bytes: number): void {
  named(slot, op, file.dirfd, file.name);
  slot.arg(1, file.atFlags);
  slot.arg(2, bytes);
}

/** The value goes into the window; of 0 bytes only its length is asked for. */
export function getxattrat(
  slot: Slot,
  file: FileAt<SlotName>,
  attribute: SlotName,
  bytes: number,
): void {
  xattr(slot, abi.BRIDGE_OP_getxattrat, file, bytes);
  slot.name(slot.second, attribute);
}

/** The value comes out of the window. */
export function setxattrat(
  slot: Slot,
  file: FileAt<SlotName>,
  attribute: SlotName,
  bytes: number,
  xattrFlags: number,
): void {
  xattr(slot, abi.BRIDGE_OP_setxattrat, file, bytes);
  slot.arg(3, xattrFlags);
  slot.name(slot.second, attribute);
}

/** The names go into the window. */
export function listxattrat(slot: Slot, file: FileAt<SlotName>, bytes: number): void {
  xattr(slot, abi.BRIDGE_OP_listxattrat, file, bytes);
}

export function removexattrat(slot: Slot, file: FileAt<SlotName>, attribute: SlotName): void {
  xattr(slot, abi.BRIDGE_OP_removexattrat, file, 0);
  slot.name(slot.second, attribute);
}

// Look-ups and listings: lookup.c and ops-list.c

/** `parts` are BRIDGE_LOOKUP_HANDLE and BRIDGE_LOOKUP_XATTRS; a statx comes in any case. */
export function lookup(
  slot: Slot,
  dirfd: Fd,
  name: SlotName,
  atFlags: number,
  parts: number,
): void {
  named(slot, abi.BRIDGE_OP_lookup, dirfd, name);
  slot.arg(1, atFlags);
  slot.arg(2, parts);
}

/** The attribute whose value BRIDGE_LOOKUP_XATTRS and BRIDGE_LIST_XATTRS give. */
export function lookedUpXattr(slot: Slot, attribute: PathLike): void {
  slot.name(slot.third, attribute);
}

/**
 * At most `limitBytes` of entries of a directory, from the position of listFrom on. An entry counts
 * as `entryBytes` and its name, or as the kernel's record if that is 0. `listFlags` are
 * BRIDGE_LIST_*.
 */
export function getdentsStatx(
  slot: Slot,
  fd: Fd,
  listFlags: number,
  limitBytes: number,
  entryBytes: number,
): void {
  numbers(slot, abi.BRIDGE_OP_getdents_statx, fd, listFlags);
  slot.arg(2, limitBytes);
  slot.arg(3, entryBytes);
}

/** The position where getdentsStatx begins: 0, or the d_off of an entry. */
export function listFrom(slot: Slot, position: Wide): void {
  slot.wide(0, position);
}

/** The same, of two words. */
export function listFromWords(slot: Slot, low: number, high: number): void {
  slot.wideOf(0, low, high);
}
