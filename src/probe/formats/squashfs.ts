/**
 * SquashFS, a read-only file system. Linux mounts version 4 only; older ones, which libblkid calls
 * squashfs3, came in both byte orders. Offsets are those of struct squashfs_super_block in the
 * kernel's fs/squashfs/squashfs_fs.h.
 */

import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';

export const squashfs: Format = {
  name: 'squashfs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await disk.fields(0, 96);
    if (!sb?.matches(0, 'hsqs') || sb.u16(28) < 4) return undefined;
    const version = `${sb.u16(28)}.${sb.u16(30)}`;
    return detected({
      type: 'squashfs',
      kernelTypes: version === '4.0' ? ['squashfs'] : [],
      version,
      sizeBytes: sb.u64(40),
      usedBytes: sb.u64(40),
      state: 'clean',
    });
  },
};

export const squashfs3: Format = {
  name: 'squashfs3',
  usage: 'filesystem',
  async probe(disk) {
    const little = await disk.fields(0, 96);
    const sb = little?.matches(0, 'sqsh') ? little.big : little?.matches(0, 'hsqs') ? little : null;
    if (!sb || sb.u16(28) > 3) return undefined;
    return detected({
      type: 'squashfs3',
      version: `${sb.u16(28)}.${sb.u16(30)}`,
      blockSizeBytes: 1024,
      state: 'clean',
    });
  },
};
