/**
 * Reparse points: what Linux has as symbolic links and special files, as REPARSE_DATA_BUFFER
 * (MS-FSCC 2.1.2), and back.
 *
 *     symbolic link     IO_REPARSE_TAG_SYMLINK; LX_SYMLINK and NFS's LNK are read too
 *     FIFO, socket      LX_FIFO, AF_UNIX: no data              (NFS's FIFO, SOCK are read too)
 *     devices           LX_CHR, LX_BLK: numbers in $LXDEV      (NFS's CHR, BLK with them)
 *
 * A volume-rooted target ("\etc\x", flagged as relative) stands for an absolute one ("/etc/x"): the
 * root of a Linux disk is the root of its volume. What leaves the volume ("\??\C:\x",
 * "\??\UNC\server\x") is "/??/C:/x" on Linux, where nothing has that name, so that it comes back as
 * it was.
 *
 * The components of a target are names, and translated as names are (names.ts). Linux takes a run
 * of slashes for one, and Windows refuses it, so one is what it becomes.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { linuxTargetOf, windowsTargetOf } from './link-targets.ts';
import { type NtStatus, STATUS } from './ntstatus.ts';

/** MS-FSCC 2.1.2.1. */
export const IO_REPARSE_TAG = {
  RESERVED_ZERO: 0x00000000,
  RESERVED_ONE: 0x00000001,
  MOUNT_POINT: 0xa0000003,
  SYMLINK: 0xa000000c,
  NFS: 0x80000014,
  LX_SYMLINK: 0xa000001d,
  AF_UNIX: 0x80000023,
  LX_FIFO: 0x80000024,
  LX_CHR: 0x80000025,
  LX_BLK: 0x80000026,
} as const;

/** MAXIMUM_REPARSE_DATA_BUFFER_SIZE: more is IO_REPARSE_DATA_INVALID. */
export const maxReparseBufferBytes = 16384;

const headerBytes = 8;
const guidBytes = 16;
const microsoftBit = 0x80000000;
const flagRelative = 1;
/** S_IFMT's kinds that are special files, and the NFS tag's words for them (MS-FSCC 2.1.2.6). */
const nfsTypes = {
  LNK: 0x014b4e4cn,
  CHR: 0x00524843n,
  BLK: 0x004b4c42n,
  FIFO: 0x4f464946n,
  SOCK: 0x4b434f53n,
} as const;

/** What a reparse point is on Linux, or the status with which it is refused. */
export type ReparseInode =
  | {
      readonly kind: 'symlink';
      /** What readlink(2) would give. */
      readonly target: Buffer;
    }
  | { readonly kind: 'fifo' | 'socket' }
  | {
      readonly kind: 'chr' | 'blk';
      /** Undefined where they are in the EA $LXDEV instead. */
      readonly rdevMajor: number | undefined;
      readonly rdevMinor: number | undefined;
    }
  | { readonly kind: 'refused'; readonly status: NtStatus };

const refused = (status: NtStatus): ReparseInode => ({ kind: 'refused', status });
const invalid: ReparseInode = refused(STATUS.IO_REPARSE_DATA_INVALID);

/** The reparse tag of an inode of this mode; 0 for a file or a directory. */
export function reparseTagOf(mode: number): number {
  const type = mode & abi.S_IFMT;
  if (type === abi.S_IFREG || type === abi.S_IFDIR) return 0;
  if (type === abi.S_IFLNK) return IO_REPARSE_TAG.SYMLINK;
  if (type === abi.S_IFIFO) return IO_REPARSE_TAG.LX_FIFO;
  if (type === abi.S_IFSOCK) return IO_REPARSE_TAG.AF_UNIX;
  return type === abi.S_IFCHR ? IO_REPARSE_TAG.LX_CHR : IO_REPARSE_TAG.LX_BLK;
}

/**
 * The REPARSE_DATA_BUFFER of an inode; undefined for a file or a directory. `target` is a symbolic
 * link's, as readlink(2) gave it.
 */
export function reparseOfInode(mode: number, target: Uint8Array | undefined): Buffer | undefined {
  const tag = reparseTagOf(mode);
  if (tag === 0) return undefined;
  return tag === IO_REPARSE_TAG.SYMLINK ? symlinkBuffer(target ?? Buffer.alloc(0)) : header(tag, 0);
}

function header(tag: number, dataBytes: number): Buffer {
  const bytes = Buffer.alloc(headerBytes + dataBytes);
  bytes.writeUInt32LE(tag, 0);
  bytes.writeUInt16LE(dataBytes, 4);
  return bytes;
}

const symlinkTextAt = 20;

/** MS-FSCC 2.1.2.4, the print name behind the substitute name. */
function symlinkBuffer(target: Uint8Array): Buffer {
  const { substituteName, printName, isRelative } = windowsTargetOf(target);
  const substituteBytes = substituteName.length * 2;
  const printBytes = printName.length * 2;
  const dataBytes = symlinkTextAt - headerBytes + substituteBytes + printBytes;
  const bytes = header(IO_REPARSE_TAG.SYMLINK, dataBytes);
  bytes.writeUInt16LE(0, 8);
  bytes.writeUInt16LE(substituteBytes, 10);
  bytes.writeUInt16LE(substituteBytes, 12);
  bytes.writeUInt16LE(printBytes, 14);
  bytes.writeUInt32LE(isRelative ? flagRelative : 0, 16);
  bytes.write(substituteName, symlinkTextAt, 'utf16le');
  bytes.write(printName, symlinkTextAt + substituteBytes, 'utf16le');
  return bytes;
}

/**
 * The inode that a REPARSE_DATA_BUFFER stands for. Tags that no Linux inode can stand for are
 * refused with IO_REPARSE_TAG_NOT_HANDLED, reserved ones with IO_REPARSE_TAG_INVALID.
 */
export function inodeOfReparse(buffer: Uint8Array): ReparseInode {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
  if (bytes.length < headerBytes || bytes.length > maxReparseBufferBytes) return invalid;
  const tag = bytes.readUInt32LE(0);
  const dataBytes = bytes.readUInt16LE(4);
  const isMicrosoft = (tag & microsoftBit) !== 0;
  // MS-FSA 2.1.5.10.37: the length is exact, with a GUID in front of other makers' data.
  if (bytes.length !== headerBytes + (isMicrosoft ? 0 : guidBytes) + dataBytes) return invalid;
  const data = bytes.subarray(headerBytes);
  switch (tag) {
    case IO_REPARSE_TAG.RESERVED_ZERO:
    case IO_REPARSE_TAG.RESERVED_ONE:
      return refused(STATUS.IO_REPARSE_TAG_INVALID);
    case IO_REPARSE_TAG.SYMLINK:
      return nameReparse(data, true);
    case IO_REPARSE_TAG.MOUNT_POINT:
      return nameReparse(data, false);
    case IO_REPARSE_TAG.LX_SYMLINK:
      return lxSymlink(data);
    case IO_REPARSE_TAG.NFS:
      return nfsInode(data);
    case IO_REPARSE_TAG.AF_UNIX:
      return { kind: 'socket' };
    case IO_REPARSE_TAG.LX_FIFO:
      return { kind: 'fifo' };
    case IO_REPARSE_TAG.LX_CHR:
      return { kind: 'chr', rdevMajor: undefined, rdevMinor: undefined };
    case IO_REPARSE_TAG.LX_BLK:
      return { kind: 'blk', rdevMajor: undefined, rdevMinor: undefined };
    default:
      return refused(STATUS.IO_REPARSE_TAG_NOT_HANDLED);
  }
}

/**
 * A symbolic link's or a mount point's data: two names behind four numbers (and the link's flags).
 */
function nameReparse(data: Buffer, isSymlink: boolean): ReparseInode {
  const textAt = isSymlink ? 12 : 8;
  if (data.length < textAt) return invalid;
  const start = textAt + data.readUInt16LE(0);
  const length = data.readUInt16LE(2);
  const printStart = textAt + data.readUInt16LE(4);
  const printLength = data.readUInt16LE(6);
  const odd = ((start - textAt) | length | (printStart - textAt) | printLength) & 1;
  if (odd !== 0 || start + length > data.length) return invalid;
  if (printStart + printLength > data.length) return invalid;
  const isRelative = isSymlink && (data.readUInt32LE(8) & flagRelative) !== 0;
  const name = data.toString('utf16le', start, start + length);
  const target = linuxTargetOf(name, isRelative);
  return target === undefined ? invalid : symlink(target);
}

function symlink(target: Buffer): ReparseInode {
  return isTarget(target) ? { kind: 'symlink', target } : invalid;
}

/** symlink(2) takes a target of 1 to 4095 bytes without a NUL (PATH_MAX). */
const isTarget = (target: Buffer): boolean =>
  target.length > 0 && target.length < 4096 && !target.includes(0);

/** WSL's: u32 version, which is 2, and the target's bytes as Linux has them. */
function lxSymlink(data: Buffer): ReparseInode {
  if (data.length < 4 || data.readUInt32LE(0) !== 2) return invalid;
  return symlink(Buffer.from(data.subarray(4)));
}

/** MS-FSCC 2.1.2.6; a link's target is in UTF-16, with Linux's slashes. */
function nfsInode(data: Buffer): ReparseInode {
  if (data.length < 8) return invalid;
  const rest = data.subarray(8);
  switch (data.readBigUInt64LE(0)) {
    case nfsTypes.LNK:
      if (rest.length % 2 !== 0) return invalid;
      return symlink(Buffer.from(rest.toString('utf16le').replace(/\0$/, '')));
    case nfsTypes.FIFO:
      return rest.length === 0 ? { kind: 'fifo' } : invalid;
    case nfsTypes.SOCK:
      return rest.length === 0 ? { kind: 'socket' } : invalid;
    case nfsTypes.CHR:
      return nfsDevice('chr', rest);
    case nfsTypes.BLK:
      return nfsDevice('blk', rest);
    default:
      return invalid;
  }
}

function nfsDevice(kind: 'chr' | 'blk', rest: Buffer): ReparseInode {
  if (rest.length !== 8) return invalid;
  return { kind, rdevMajor: rest.readUInt32LE(0), rdevMinor: rest.readUInt32LE(4) };
}

/**
 * Whether setting or deleting this tag may touch an inode whose own tag is that: MS-FSA 2.1.5.10.37
 * and 2.1.5.10.3. 0 is no reparse point, on which only setting works.
 */
export function reparseTagConflict(
  existingTag: number,
  requestTag: number,
  isDelete: boolean,
): NtStatus {
  if (existingTag === 0) return isDelete ? STATUS.NOT_A_REPARSE_POINT : STATUS.SUCCESS;
  return existingTag === requestTag ? STATUS.SUCCESS : STATUS.IO_REPARSE_TAG_MISMATCH;
}
