/**
 * The two sides of a copy, as the copier sees them: a tree that is read and one that is written. A
 * volume is both (volume-side.ts), a folder of the host is both (host-side.ts).
 *
 * Invariants:
 * 1. An entry is an open folder and a name; no call follows a symbolic link at that name.
 * 2. A failure is an exception with `code`, the errno's name.
 * 3. Whatever a side still has open, `close` closes.
 */
import type { Timespec } from '../../vfs-linux/statx.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

export interface Attributes {
  readonly type: EntryType;
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

/** A stretch of a file that has data in it. */
export interface Extent {
  readonly beginBytes: number;
  readonly endBytes: number;
}

export interface SourceFile {
  /** Fills the buffer as far as the file goes; answers the bytes read. */
  read(buffer: Buffer, offsetBytes: number): Promise<number>;
  /** The next stretch with data, or undefined where there is none; 'unknown': it cannot be told. */
  nextData(fromBytes: number, sizeBytes: number): Promise<Extent | 'unknown' | undefined>;
  close(): Promise<void>;
}

export interface SourceSide<Folder> {
  attributes(folder: Folder, name: Buffer): Promise<Attributes>;
  openFolder(folder: Folder, name: Buffer): Promise<Folder>;
  closeFolder(folder: Folder): Promise<void>;
  names(folder: Folder): Promise<readonly Buffer[]>;
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
  /** "owner", "mode", "times", or an attribute's name. */
  readonly what: string;
  readonly code: string;
}

export interface TargetSide<Folder> {
  /** What is there, or undefined. */
  typeOf(folder: Folder, name: Buffer): Promise<EntryType | undefined>;
  /** Removes anything but a folder. */
  remove(folder: Folder, name: Buffer): Promise<void>;
  makeFolder(folder: Folder, name: Buffer): Promise<void>;
  openFolder(folder: Folder, name: Buffer): Promise<Folder>;
  closeFolder(folder: Folder): Promise<void>;
  createFile(folder: Folder, name: Buffer): Promise<TargetFile>;
  makeSymlink(target: Buffer, folder: Folder, name: Buffer): Promise<void>;
  makeNode(folder: Folder, name: Buffer, attributes: Attributes): Promise<void>;
  link(fromFolder: Folder, from: Buffer, folder: Folder, name: Buffer): Promise<void>;
  /** Sets everything there is to set, as far as it can be; answers what could not be. */
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
const refusals: ReadonlySet<string> = new Set([
  'EPERM',
  'EACCES',
  'EOPNOTSUPP',
  'ENOTSUP',
  'ENOSYS',
  'EINVAL',
  'ERANGE',
  'E2BIG',
  'ENOSPC',
  'EOVERFLOW',
]);

export function isRefusal(code: string): boolean {
  return refusals.has(code);
}
