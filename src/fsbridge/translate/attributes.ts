/**
 * File attributes: what Windows keeps as bits, Linux has as type, mode and extended attributes.
 *
 * DIRECTORY and REPARSE_POINT are the inode's type. READONLY is a file without any write bit in its
 * mode, or one that user.DOSATTRIB marks as such. HIDDEN, SYSTEM, ARCHIVE and the
 * like are in user.DOSATTRIB (dos-attrib.ts) and nowhere else.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';

/** MS-FSCC 2.6. */
export const FILE_ATTRIBUTE = {
  READONLY: 0x1,
  HIDDEN: 0x2,
  SYSTEM: 0x4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  DEVICE: 0x40,
  NORMAL: 0x80,
  TEMPORARY: 0x100,
  SPARSE_FILE: 0x200,
  REPARSE_POINT: 0x400,
  COMPRESSED: 0x800,
  OFFLINE: 0x1000,
  NOT_CONTENT_INDEXED: 0x2000,
  ENCRYPTED: 0x4000,
} as const;

/** The attributes that a program can set and that user.DOSATTRIB keeps. */
export const storedAttributeBits: number =
  FILE_ATTRIBUTE.READONLY |
  FILE_ATTRIBUTE.HIDDEN |
  FILE_ATTRIBUTE.SYSTEM |
  FILE_ATTRIBUTE.ARCHIVE |
  FILE_ATTRIBUTE.TEMPORARY |
  FILE_ATTRIBUTE.OFFLINE |
  FILE_ATTRIBUTE.NOT_CONTENT_INDEXED;

/** statx(2)'s fields that attributes are made of: a Statx has them. */
export interface AttributeSource {
  readonly mode: number;
  readonly size: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly blksize: number;
  /** STATX_ATTR_… */
  readonly attributes: number;
}

export interface AttributeOptions {
  /** What user.DOSATTRIB says; undefined where there is none. */
  readonly dosAttributes?: number | undefined;
  /** Whether the inode is shown as a reparse point; without it, its type decides. */
  readonly isReparsePoint?: boolean | undefined;
  /** A symbolic link whose target is a directory is one to Windows. */
  readonly isDirectoryLink?: boolean | undefined;
}

const immutable = 0x10;
const compressed = 0x4;
const anyWrite = 0o222;

/**
 * Whether an inode of this mode is a reparse point to Windows: all but files and directories are.
 */
export function isReparseMode(mode: number): boolean {
  const type = mode & abi.S_IFMT;
  return type !== abi.S_IFREG && type !== abi.S_IFDIR;
}

/** FILE_ATTRIBUTE_… of an inode; NORMAL where no other is set. */
export function fileAttributesOf(statx: AttributeSource, options: AttributeOptions): number {
  const type = statx.mode & abi.S_IFMT;
  let attributes = (options.dosAttributes ?? 0) & storedAttributeBits;
  if (type === abi.S_IFDIR || options.isDirectoryLink === true) {
    attributes |= FILE_ATTRIBUTE.DIRECTORY;
  }
  if (options.isReparsePoint ?? isReparseMode(statx.mode)) {
    attributes |= FILE_ATTRIBUTE.REPARSE_POINT;
  }
  if (type === abi.S_IFREG) attributes |= fileOnlyAttributes(statx);
  return attributes === 0 ? FILE_ATTRIBUTE.NORMAL : attributes;
}

/**
 * Only files have READONLY by their mode. On NTFS a directory's READONLY marks a folder with a
 * desktop.ini, and refuses the removal of the directory and nothing else.
 */
function fileOnlyAttributes(statx: AttributeSource): number {
  let attributes = 0;
  if ((statx.mode & anyWrite) === 0 || (statx.attributes & immutable) !== 0) {
    attributes |= FILE_ATTRIBUTE.READONLY;
  }
  if ((statx.attributes & compressed) !== 0) return attributes | FILE_ATTRIBUTE.COMPRESSED;
  // A small file may have no block of its own (ext4's and btrfs's inline data): that is no hole.
  if (statx.size - statx.blocks * 512 >= statx.blksize) attributes |= FILE_ATTRIBUTE.SPARSE_FILE;
  return attributes;
}

/**
 * The mode with READONLY set or taken away: without any write bit, or with the owner's. A
 * directory's stays as it is.
 */
export function modeWithReadonly(mode: number, readonly: boolean): number {
  if ((mode & abi.S_IFMT) === abi.S_IFDIR) return mode;
  if (readonly) return mode & ~anyWrite;
  return (mode & anyWrite) === 0 ? mode | 0o200 : mode;
}
