/**
 * cramfs, a read-only file system: the kernel's include/uapi/linux/cramfs_fs.h. It came in both byte
 * orders; Linux mounts only the machine's own, which is little-endian here.
 */

import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';
import { byteLabel } from '../text.ts';

const MAGIC = 0x28cd3d45;

export const cramfs: Format = {
  name: 'cramfs',
  usage: 'filesystem',
  async probe(disk) {
    const little = await disk.fields(0, 76);
    if (little === undefined) return undefined;
    const native = little.u32(0) === MAGIC;
    const sb = native ? little : little.big;
    if (sb.u32(0) !== MAGIC) return undefined;
    return detected({
      type: 'cramfs',
      kernelTypes: native ? ['cramfs'] : [],
      label: byteLabel(sb.slice(48, 16)),
      sizeBytes: sb.u32(4),
      usedBytes: sb.u32(4),
      state: 'clean',
    });
  },
};
