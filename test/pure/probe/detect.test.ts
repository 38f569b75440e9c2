/** What detection answers for disks made by hand: no tools and no images needed. */

import { describe, expect, test } from 'vitest';
import { detect } from '../../../src/probe/detect.ts';
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
import { sparse } from '../../support/images/readers.ts';

const mib = 1024 * 1024;
const diskBytes: number = 64 * mib;

describe('an ext4', () => {
  test('is described with its label, UUID, sizes and clean state', async () => {
    const found = await detect(sparse(diskBytes, [[1024, ext4Superblock('data')]]));
    expect(found).toEqual({
      type: 'ext4',
      kernelTypes: ['ext4'],
      kind: 'filesystem',
      label: 'data',
      uuid: 'abababab-abab-abab-abab-abababababab',
      version: '1.0',
      blockSizeBytes: 1024,
      sizeBytes: 16 * mib,
      usedBytes: 10 * mib,
      state: 'clean',
    });
  });

  test('that was not unmounted is dirty, and one with recorded errors says so', async () => {
    const dirty = await detect(sparse(diskBytes, [[1024, ext4Superblock('', { state: 0 })]]));
    expect(dirty).toMatchObject({
      state: 'dirty',
      stateReason: 'the file system was not unmounted',
    });
    expect(dirty?.label).toBeUndefined();
    const wrong = await detect(sparse(diskBytes, [[1024, ext4Superblock('', { state: 3 })]]));
    expect(wrong).toMatchObject({ state: 'errors' });
  });

  test('whose label is not UTF-8 keeps every letter, and loses only trailing space', async () => {
    const superblock = ext4Superblock(' x \t');
    superblock[0x78 + 1] = 0xe4;
    expect((await detect(sparse(diskBytes, [[1024, superblock]])))?.label).toBe(' ä');
  });
});

describe('a member of a Linux RAID', () => {
  const filesystem: readonly [number, Uint8Array] = [1024, ext4Superblock('inside')];
  const places: readonly [string, number][] = [
    ['1.0', diskBytes - 8192],
    ['1.1', 0],
    ['1.2', 4096],
  ];

  test.each(places)(
    'of version %s wins over the file system that shows through',
    async (version, at) => {
      const found = await detect(sparse(diskBytes, [filesystem, [at, mdSuperblock(at, 'host:0')]]));
      expect(found).toMatchObject({
        type: 'linux_raid_member',
        kind: 'member',
        kernelTypes: [],
        version,
        label: 'host:0',
        uuid: '11111111-1111-1111-1111-111111111111',
        members: { deviceUuid: '22222222-2222-2222-2222-222222222222', numDevices: 2 },
        state: 'clean',
      });
    },
  );

  test('of version 0.90 wins too, with its UUID in words', async () => {
    const at = diskBytes - 64 * 1024;
    const found = await detect(sparse(diskBytes, [filesystem, [at, md090Superblock(32 * mib)]]));
    expect(found).toMatchObject({
      type: 'linux_raid_member',
      version: '0.90.0',
      uuid: '01020304-0000-0000-0000-000000000000',
    });
  });

  test('that is the last partition does not make the whole disk a member', async () => {
    const at = diskBytes - 64 * 1024;
    const table = mbr(2048, diskBytes / 512 - 2048);
    const pieces: [number, Uint8Array][] = [
      [0, table],
      [at, md090Superblock(diskBytes - mib - 128 * 1024)],
    ];
    expect(await detect(sparse(diskBytes, pieces))).toBeUndefined();
  });

  test('is not looked for on floppies', async () => {
    const found = await detect(sparse(1440 * 1024, [filesystem, [4096, mdSuperblock(4096, 'x')]]));
    expect(found?.type).toBe('ext4');
  });
});

describe('a FAT', () => {
  test('takes its label from the root directory, not from the boot sector', async () => {
    const found = await detect(sparse(16 * mib, fat16('PHOTOS', 'OLD NAME')));
    expect(found).toMatchObject({
      type: 'vfat',
      version: 'FAT16',
      label: 'PHOTOS',
      uuid: 'CAFE-1234',
      sizeBytes: 16 * mib,
      state: 'clean',
    });
    const unnamed = await detect(sparse(16 * mib, fat16('', 'OLD NAME')));
    expect(unnamed?.label).toBeUndefined();
  });

  test('is not seen in a boot loader’s first sector', async () => {
    expect(await detect(sparse(diskBytes, [[0, mbr(2048, 1000)]]))).toBeUndefined();
  });

  test('that Windows or Linux left in use is dirty', async () => {
    const byWindows = [...fat16('A', ''), [4 * 512 + 3, Uint8Array.of(0x7f)] as const];
    expect((await detect(sparse(16 * mib, byWindows)))?.state).toBe('dirty');
    const byLinux = [...fat16('A', ''), [0x25, Uint8Array.of(1)] as const];
    expect((await detect(sparse(16 * mib, byLinux)))?.state).toBe('dirty');
  });
});

describe('an HFS+', () => {
  const clean = 1 << 8;

  test('inside an HFS wrapper counts as HFS+, with the same UUID as outside of one', async () => {
    const outside = await detect(sparse(diskBytes, [[1024, hfsPlusHeader(clean)]]));
    const inside = await detect(
      sparse(diskBytes, [
        [1024, hfsWrapper(mib)],
        [mib + 1024, hfsPlusHeader(clean)],
      ]),
    );
    expect(outside).toMatchObject({ type: 'hfsplus', state: 'clean', sizeBytes: 8 * mib });
    expect(outside?.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab]/);
    expect(inside).toEqual(outside);
  });

  test('that was not unmounted is dirty', async () => {
    const found = await detect(sparse(diskBytes, [[1024, hfsPlusHeader(0)]]));
    expect(found?.state).toBe('dirty');
  });
});

describe('two signatures on one disk', () => {
  test('are both named: the answer may be a leftover', async () => {
    const swap = swapHeader('old');
    // ext4's superblock and the swap header share a place: only the end of the page is left of it.
    const page = swap.slice(3062);
    const found = await detect(
      sparse(diskBytes, [
        [1024, ext4Superblock('new')],
        [0, new TextEncoder().encode('SnAp')],
        [4086, page],
      ]),
    );
    expect(found).toMatchObject({ type: 'DM_snapshot_cow', alsoFound: ['ext4'] });
  });
});

describe('swap', () => {
  test('is no file system, but has label and UUID', async () => {
    const found = await detect(sparse(diskBytes, [[1024, swapHeader('swap1')]]));
    expect(found).toMatchObject({
      type: 'swap',
      kind: 'swap',
      kernelTypes: [],
      label: 'swap1',
      uuid: '33333333-3333-3333-3333-333333333333',
      sizeBytes: 16 * mib,
    });
  });
});

describe('a disk', () => {
  test('of zeroes holds nothing', async () => {
    expect(await detect(sparse(diskBytes, []))).toBeUndefined();
  });

  test.each([0, 512, 1024, 1025, -1, Number.NaN])(
    'of %s bytes holds nothing',
    async (sizeBytes) => {
      expect(await detect(sparse(sizeBytes, []))).toBeUndefined();
    },
  );

  test('that cannot be read holds nothing', async () => {
    const broken = { sizeBytes: diskBytes, read: () => Promise.resolve(undefined) };
    expect(await detect(broken)).toBeUndefined();
  });

  test('with one bad sector is still recognised by the others', async () => {
    const whole = sparse(diskBytes, [[1024, ext4Superblock('data')]]);
    const found = await detect({
      sizeBytes: diskBytes,
      read(offsetBytes, lengthBytes) {
        const hitsBadSector = offsetBytes <= 8192 && offsetBytes + lengthBytes > 8192;
        return hitsBadSector ? Promise.resolve(undefined) : whole.read(offsetBytes, lengthBytes);
      },
    });
    expect(found).toMatchObject({ type: 'ext4', label: 'data' });
  });

  test('of LUKS whose first header cannot be read is recognised by the second one', async () => {
    const second = new TextEncoder().encode('SKUL');
    const header = Uint8Array.of(...second, 0xba, 0xbe, 0, 2);
    const whole = sparse(diskBytes, [[16 * 1024, header]]);
    const found = await detect({
      sizeBytes: diskBytes,
      read: (offsetBytes, lengthBytes) =>
        offsetBytes < 512 ? Promise.resolve(undefined) : whole.read(offsetBytes, lengthBytes),
    });
    expect(found).toMatchObject({ type: 'crypto_LUKS', version: '2', state: 'errors' });
  });
});
