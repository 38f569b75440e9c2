/**
 * cramfs, a read-only file system: the kernel's include/uapi/linux/cramfs_fs.h. It came in both
 * byte orders; Linux mounts only the machine's own, which is little-endian here.
 */

import { readOnlyState } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { text, u32 } from '../layout.ts';

export const cramfs: Format = format({
  type: 'cramfs',
  magics: [
    [0, 0, '\x45\x3d\xcd\x28', 'little'],
    [0, 0, '\x28\xcd\x3d\x45', 'big'],
  ],
  bytes: 76,
  fields: { sizeBytes: u32(4), usedBytes: u32(4), label: text(48, 16) },
  state: () => readOnlyState,
  details: (_, { superblock }) => ({ kernelTypes: superblock.littleEndian ? ['cramfs'] : [] }),
});
