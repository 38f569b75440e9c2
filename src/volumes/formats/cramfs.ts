/**
 * cramfs, a read-only file system: the kernel's include/uapi/linux/cramfs_fs.h. It came in both byte
 * orders; Linux mounts only the machine's own, which is little-endian here.
 */

import { byteLabel } from '../text.ts';
import type { Format } from '../volume.ts';
import { detected } from '../volume.ts';

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
