/** romfs, a read-only file system: the kernel's include/uapi/linux/romfs_fs.h. */

import { badChecksum, judge } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { constant, text, u32 } from '../layout.ts';

/**
 * The first 512 bytes, as big-endian words, sum up to zero (Documentation/filesystems/romfs.rst).
 */
const summedBytes = 512;

function checksumWrong(superblock: Fields, sizeBytes: number): boolean {
  let sum = 0;
  const end = Math.min(summedBytes, sizeBytes);
  for (let at = 0; at < end; at += 4) sum = (sum + superblock.u32(at)) | 0;
  return sum !== 0;
}

const fields = {
  sizeBytes: u32(8),
  usedBytes: u32(8),
  label: text(16, 16),
  blockSizeBytes: constant(1024),
};

export const romfs: Format = format({
  type: 'romfs',
  kernelTypes: ['romfs'],
  magics: [[0, 0, '-rom1fs-']],
  bytes: summedBytes,
  byteOrder: 'big',
  fields,
  state: (sb, { superblock }) => judge([checksumWrong(superblock, sb.sizeBytes) && badChecksum]),
});
