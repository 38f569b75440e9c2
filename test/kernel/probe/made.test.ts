/**
 * The hand-made disks of the unit tests against blkid(8): what no tool of this machine makes (md
 * without its driver, HFS+ in a wrapper), and that the unit tests expect what blkid says.
 */

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askBlkid, differences } from '../../support/images/blkid.ts';
import {
  ext4Superblock,
  fat16,
  hfsPlusHeader,
  hfsWrapper,
  mbr,
  md090Superblock,
  mdSuperblock,
  swapHeader,
} from '../../support/images/made-superblocks.ts';
import { detectFile } from '../../support/images/readers.ts';
import { describeUnless, notInstalled } from '../../support/needs.ts';

const mib = 1024 * 1024;
const diskBytes: number = 64 * mib;
const end = diskBytes - 64 * 1024;

type Piece = readonly [number, Uint8Array];

const inside: Piece = [1024, ext4Superblock('inside')];
const disks: readonly { name: string; pieces: readonly Piece[] }[] = [
  { name: 'an ext4', pieces: [inside] },
  { name: 'a member of md 0.90', pieces: [inside, [end, md090Superblock(32 * mib)]] },
  ...[
    { version: '1.0', at: diskBytes - 8192 },
    { version: '1.1', at: 0 },
    { version: '1.2', at: 4096 },
  ].map(({ version, at }) => ({
    name: `a member of md ${version}`,
    pieces: [inside, [at, mdSuperblock(at, 'host:0')] as const],
  })),
  {
    name: 'a disk whose last partition is a member of md 0.90',
    pieces: [
      [0, mbr(2048, diskBytes / 512 - 2048)],
      [end, md090Superblock(diskBytes - mib - 128 * 1024)],
    ],
  },
  { name: 'a FAT16', pieces: fat16('PHOTOS', 'OLD NAME') },
  { name: 'a boot loader and a partition', pieces: [[0, mbr(2048, 1000)]] },
  { name: 'an HFS+', pieces: [[1024, hfsPlusHeader(1 << 8)]] },
  {
    name: 'an HFS+ in a wrapper',
    pieces: [
      [1024, hfsWrapper(mib)],
      [mib + 1024, hfsPlusHeader(1 << 8)],
    ],
  },
  { name: 'swap', pieces: [[1024, swapHeader('swap1')]] },
  {
    name: 'swap and the file system it took the place of',
    pieces: [
      [1024, swapHeader('swap1')],
      [32 * 1024, new TextEncoder().encode('JFS1')],
      [8192, Uint8Array.of(0x49, 0xe8, 0x95, 0xf9)],
      [8192 + 512, Uint8Array.of(0x49, 0x18, 0x91, 0xf9)],
    ],
  },
];

describeUnless(notInstalled('blkid'))('detection agrees with blkid', () => {
  test.each(disks)('on $name', async ({ pieces }) => {
    const folder = await mkdtemp(join(tmpdir(), 'fsbridge-made-'));
    try {
      const path = join(folder, 'image');
      const file = await open(path, 'wx');
      await file.truncate(diskBytes);
      for (const [at, bytes] of pieces) await file.write(bytes, 0, bytes.length, at);
      await file.close();
      expect(differences(await askBlkid(path), await detectFile(path))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
