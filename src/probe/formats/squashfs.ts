/**
 * SquashFS, a read-only file system. Linux mounts version 4.0 only; older ones, which libblkid
 * calls squashfs3, came in both byte orders. Offsets are those of struct squashfs_super_block in
 * the kernel's fs/squashfs/squashfs_fs.h.
 */

import { readOnlyState } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { constant, dotted, u16, u64 } from '../layout.ts';

const littleMagic = 'hsqs';
const bigMagic = 'sqsh';
const common = { bytes: 96, state: () => readOnlyState } as const;
const s_major = u16(28);
const version = dotted(s_major, u16(30));

export const squashfs: Format = format({
  ...common,
  type: 'squashfs',
  magics: [[0, 0, littleMagic]],
  fields: { s_major, version, sizeBytes: u64(40), usedBytes: u64(40) },
  sane: (sb) => sb.s_major >= 4,
  details: (sb) => ({ kernelTypes: sb.version === '4.0' ? ['squashfs'] : [] }),
});

const fields3 = { s_major, version, blockSizeBytes: constant(1024) };

export const squashfs3: Format = format({
  ...common,
  type: 'squashfs3',
  magics: [
    [0, 0, bigMagic, 'big'],
    [0, 0, littleMagic, 'little'],
  ],
  fields: fields3,
  sane: (sb) => sb.s_major <= 3,
});
