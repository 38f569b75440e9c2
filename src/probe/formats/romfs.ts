/** romfs, a read-only file system: the kernel's include/uapi/linux/romfs_fs.h. */

import type { Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge } from '../detected.ts';
import { byteLabel } from '../text.ts';

/** The first 512 bytes, as big-endian words, sum up to zero (Documentation/filesystems/romfs.rst). */
const SUMMED_BYTES = 512;

export const romfs: Format = {
  name: 'romfs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = (await disk.fields(0, SUMMED_BYTES))?.big;
    if (!sb?.matches(0, '-rom1fs-')) return undefined;
    const sizeBytes = sb.u32(8);
    let sum = 0;
    for (let at = 0; at < Math.min(SUMMED_BYTES, sizeBytes); at += 4) sum = (sum + sb.u32(at)) | 0;
    return detected({
      type: 'romfs',
      kernelTypes: ['romfs'],
      label: byteLabel(sb.slice(16, 16)),
      blockSizeBytes: 1024,
      sizeBytes,
      usedBytes: sizeBytes,
      ...judge([sum !== 0 && BAD_CHECKSUM]),
    });
  },
};
