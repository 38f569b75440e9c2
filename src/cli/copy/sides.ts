/**
 * The two sides of a copy, as the copier sees them: a tree that is read and one that is written. A
 * volume can be either (volume-side.ts), and so can a folder of the host (host-side.ts).
 *
 * Invariants:
 * 1. An entry is an open folder and a name; no call follows a symbolic link at that name.
 * 2. A failure is an exception with `code`, the errno's name. A refusal is an answer.
 * 3. `close` closes whatever a side still has open.
 */
import { errno } from '../../vfs-linux/abi.gen.ts';
import type { Errno } from '../../vfs-linux/errno.ts';
import { errnoName } from '../../vfs-linux/errors.ts';
import type { Timespec } from '../../vfs-linux/statx.ts';
import type { NextData } from '../../vfs-linux/tree/copy-data.ts';

export interface Attributes {
  /** S_IFREG and its like. */
  readonly type: number;
  /** The low 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** What is allocated, where the side knows: less than sizeBytes means that there are holes. */
  readonly allocatedBytes: number | undefined;
  readonly nlink: number;
  /** The same for two names of one file. */
  readonly identity: string;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly rdev: readonly [major: number, minor: number];
}

export interface Xattr {
  readonly name: Buffer;
  readonly value: Buffer;
}

export interface SourceFile {
  /** Fills the buffer as far as the file goes; answers the bytes read. */
  read(buffer: Buffer, offsetBytes: number): Promise<number>;
  /** The next stretch with data at or after a place. */
  nextData(fromBytes: number): Promise<NextData>;
  /**
   * Of a file that others may change meanwhile; its size may be unknown, which reads as 0 (/proc).
   */
  readonly live?: { readonly changedSince: (attributes: Attributes) => boolean };
  close(): Promise<void>;
}

export interface SourceSide<Folder> {
  attributes(folder: Folder, name: Buffer): Promise<Attributes>;
  openFolder(folder: Folder, name: Buffer): Promise<Folder>;
  closeFolder(folder: Folder): Promise<void>;
  names(folder: Folder): Promise<Buffer[]>;
  linkTarget(folder: Folder, name: Buffer): Promise<Buffer>;
  openFile(folder: Folder, name: Buffer): Promise<SourceFile>;
  /** None where the side has none. */
  xattrs(folder: Folder, name: Buffer): Promise<readonly Xattr[]>;
  close(): Promise<void>;
}

export interface TargetFile {
  /** Writes all of it. */
  write(bytes: Buffer, offsetBytes: number): Promise<void>;
  /** Sets the length; what was never written reads as zeroes. */
  setSize(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Something about an entry that the target does not keep. */
export interface Loss {
  /** "owner", "mode", "times", "hard link", or an attribute's name. */
  readonly what: string;
  /** The errno's name. */
  readonly code: string;
}

/** What is at a name of the target already. */
export interface PresentEntry {
  /** S_IFREG and its like. */
  readonly type: number;
  /** The same for two names of one inode. */
  readonly identity: string;
}

export interface TargetSide<Folder> {
  /** What is there, or undefined. */
  presentAt(folder: Folder, name: Buffer): Promise<PresentEntry | undefined>;
  /** Removes anything but a folder. */
  remove(folder: Folder, name: Buffer): Promise<void>;
  makeFolder(folder: Folder, name: Buffer): Promise<void>;
  openFolder(folder: Folder, name: Buffer): Promise<Folder>;
  closeFolder(folder: Folder): Promise<void>;
  createFile(folder: Folder, name: Buffer): Promise<TargetFile>;
  makeSymlink(target: Buffer, folder: Folder, name: Buffer): Promise<void>;
  /** Makes a device, a fifo or a socket. */
  makeNode(folder: Folder, name: Buffer, attributes: Attributes): Promise<void>;
  /** Gives a file a further name; the loss where the target has no such thing. */
  link(from: Folder, fromName: Buffer, folder: Folder, name: Buffer): Promise<Loss | undefined>;
  /** Sets everything there is to set, as far as the target keeps it; answers what it does not. */
  setAttributes(
    folder: Folder,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<readonly Loss[]>;
  close(): Promise<void>;
}

/**
 * Refusals that mean "this file system, or you, cannot have that": an attribute is left out then,
 * as cp(1) does. Anything else is a failure.
 */
const refusals: ReadonlySet<number> = new Set([
  -errno.EPERM,
  -errno.EACCES,
  -errno.EOPNOTSUPP,
  -errno.ENOSYS,
  -errno.EINVAL,
  -errno.ERANGE,
  -errno.E2BIG,
  -errno.ENOSPC,
  -errno.EOVERFLOW,
]);
/** The same by name, for errors of Node's; ENOTSUP is its name for EOPNOTSUPP. */
const refusalCodes: ReadonlySet<string> = new Set(['ENOTSUP', ...[...refusals].map(errnoName)]);

export function isRefusal(error: Errno | string): boolean {
  return typeof error === 'string' ? refusalCodes.has(error) : refusals.has(error);
}

/** Whether link(2) was refused: because the target has no hard links, or a file has too many. */
export function isLinkRefusal(error: Errno | string): boolean {
  return isRefusal(error) || error === 'EMLINK' || error === -errno.EMLINK;
}
