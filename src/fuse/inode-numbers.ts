/**
 * The inode numbers (st_ino) of btrfs's files, the same at every mount and in whatever order files
 * are looked at: restic, borg and rsync take a file with another number for another file.
 *
 * Each subvolume counts its inodes from the beginning, and shows as a device of its own. A FUSE
 * mount is only one device, so the number is made of the subvolume's id and the inode's number,
 * which the file's handle has. (The kernel's minor numbers of devices will not do: they depend on
 * which subvolume is looked at first.) The files of the subvolume that is mounted keep the numbers
 * that the disk has.
 *
 * | number            | of                                                        |
 * |-------------------|-----------------------------------------------------------|
 * | below 2^36        | a file of the mounted subvolume                           |
 * | 2^36 to 2^52      | a file of another one: its lasting number (numberAt)      |
 * | from 2^63 on      | any other (many subvolumes or inodes): 63 bits of a hash  |
 *
 * Numbers below 2^63 are never shared. Two hashes may be equal: among ten million such files with a
 * chance of 1 to 200,000. Nothing here nor in the host's kernel goes by st_ino (a nodeid identifies
 * the file), so those two are still two files; only programs that compare st_ino take them for one.
 * Another number for one of the two would depend on which is looked at first, and is not given.
 */
import { high32 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import { numberAt } from './handle-numbers.ts';

const head = abi['file_handle.f_handle'] / 4;
/** The seed, and the step, of a hash's rounds. They are part of the numbers: they never change. */
const seed = 0x66736272;
const step = 0x9e3779b9;
const rounds = 4;

/** The high word of a number from which on the mounted subvolume's numbers are not its own. */
export const ownHighWords: number = 2 ** (36 - 32);

/** MurmurHash3's end: every bit depends on every bit. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * Writes the hash of a handle's first words: the inode's number and the subvolume's id, the lower
 * word first. (The generation, which follows, does not count.) It is a Feistel network: the
 * subvolume's id is the key under which the inode's number is enciphered.
 */
function writeHash(to: Uint32Array, toWord: number, words: Int32Array, at: number): void {
  let low = words[at + head] as number;
  let high = words[at + head + 1] as number;
  const subvolumeLow = words[at + head + 2] as number;
  const subvolumeHigh = words[at + head + 3] as number;
  for (let round = 0, key = seed; round < rounds; round++, key = (key + step) | 0) {
    low ^= mix((high + mix(subvolumeLow ^ key)) | 0);
    high ^= mix((low + mix(subvolumeHigh ^ key)) | 0);
  }
  to[toWord] = low;
  to[toWord + 1] = high | 0x80000000;
}

/** Writes the number of the file with the btrfs handle at a word: two words at `to`[`toWord`]. */
export function writeInodeNumber(
  to: Uint32Array,
  toWord: number,
  words: Int32Array,
  at: number,
): void {
  const number = numberAt(words, at);
  if (number === 0) {
    writeHash(to, toWord, words, at);
  } else {
    to[toWord] = number;
    to[toWord + 1] = high32(number);
  }
}
