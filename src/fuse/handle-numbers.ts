/**
 * The lasting number in a file_handle: it stays the same when the host has forgotten the file, and
 * at the next mount, so that NFS and open_by_handle_at(2) find the file again.
 *
 * Linux's common format has a number of 32 bits and a generation (include/linux/exportfs.h,
 * FILEID_INO32_GEN), XFS's one of 64 (fs/xfs/xfs_export.h), and btrfs's the subvolume's as well
 * (fs/btrfs/export.h).
 */
import { high32, join64 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';

const head = abi['file_handle.f_handle'] / 4;

/** A handle's words: its length in bytes, its type, and then these. */
export interface HandleFormat {
  readonly bytes: number;
  readonly type: number;
  /** Words of the inode's number, and of the subvolume's; the lower one first. */
  readonly inoWords: 1 | 2;
  readonly hasSubvolume: boolean;
}

export const xfsFormat: HandleFormat = { bytes: 12, type: 0x81, inoWords: 2, hasSubvolume: false };
const formats: readonly HandleFormat[] = [
  { bytes: 8, type: 1, inoWords: 1, hasSubvolume: false },
  xfsFormat,
  { bytes: 20, type: 0x4d, inoWords: 2, hasSubvolume: true },
];

/** Nodeids from here on mean nothing beyond this mount. */
export const firstPassing: number = 2 ** 52;
/** 0 is unused, and 1 is FUSE_ROOT_ID. */
const minNumber = 2;
/** In btrfs's numbers the subvolume counts in these units, and the inode's number is below. */
const subvolumeUnit = 2 ** 36;
const maxSubvolumes: number = firstPassing / subvolumeUnit;

/** The format of the handle at a word; undefined where it is none of these. */
export function formatAt(words: Int32Array, at: number): HandleFormat | undefined {
  for (const format of formats) {
    if (words[at] === format.bytes && words[at + 1] === format.type) return format;
  }
  return undefined;
}

const word = (words: Int32Array, at: number): number => (words[at] as number) >>> 0;
const wide = (words: Int32Array, at: number): number =>
  join64(word(words, at), word(words, at + 1));

/** The lasting number of the handle at a word, 0 where it has none. */
export function numberAt(words: Int32Array, at: number): number {
  const format = formatAt(words, at);
  if (format === undefined) return 0;
  const ino = format.inoWords === 1 ? word(words, at + head) : wide(words, at + head);
  if (!format.hasSubvolume) return ino >= minNumber && ino < firstPassing ? ino : 0;
  const subvolume = wide(words, at + head + 2);
  return ino < subvolumeUnit && subvolume < maxSubvolumes ? subvolume * subvolumeUnit + ino : 0;
}

/** The generation of a handle that has a lasting number. */
export function generationAt(words: Int32Array, at: number): number {
  const { bytes } = formatAt(words, at) as HandleFormat;
  return word(words, at + head + bytes / 4 - 1);
}

/**
 * The handle of a lasting number. To most file systems generation 0 means any; XFS needs the right
 * one (revive.ts asks for it).
 */
export function handleOf(format: HandleFormat, number: number, generation = 0): Int32Array {
  const { bytes, type, inoWords, hasSubvolume } = format;
  const subvolume = hasSubvolume ? Math.floor(number / subvolumeUnit) : 0;
  const ino = number - subvolume * subvolumeUnit;
  return Int32Array.of(
    ...[bytes, type, ino, ...(inoWords === 2 ? [high32(ino)] : [])],
    ...(hasSubvolume ? [subvolume, 0] : []),
    generation,
  );
}
