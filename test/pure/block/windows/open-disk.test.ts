import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EIO, ENODEV, EROFS } from '../../../../src/block/errno.ts';
import { windowsDeviceName } from '../../../../src/block/windows/device-names.ts';
import * as win from '../../../../src/block/windows/disk-api.ts';
import { openWindowsDisk, windowsDiskModel } from '../../../../src/block/windows/open-disk.ts';
import { FsBridgeError } from '../../../../src/errors.ts';
import {
  type FakeDisk,
  type FakeVolume,
  FakeWindows,
  fakeDisk,
} from '../../../support/windows/fake-windows.ts';

const drive = '\\\\.\\PhysicalDrive0';
const mib = 1024 * 1024;

function volume(letter: string, offsetBytes: number, lengthBytes: number): FakeVolume {
  const guid = `${letter[0]}0000000-0000-0000-0000-000000000000`.toLowerCase();
  return { guid, letter, offsetBytes, lengthBytes, openFiles: false };
}

function refusalOf(work: () => unknown): FsBridgeError {
  try {
    work();
  } catch (error) {
    if (error instanceof FsBridgeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('opening', () => {
  test('takes size, sectors and name from Windows', () => {
    const disk = fakeDisk(mib, { sectorBytes: 512, physicalSectorBytes: 4096, model: 'Rotor 5' });
    const windows = new FakeWindows(disk);
    const { device } = openWindowsDisk(drive, { write: false }, windows);
    expect(device).toMatchObject({
      sizeBytes: mib,
      logicalBlockBytes: 512,
      physicalBlockBytes: 4096,
      readOnly: true,
    });
    expect(windowsDiskModel(drive, windows)).toBe('Rotor 5');
  });

  const broken: readonly [string, (windows: FakeWindows) => void, boolean, RegExp][] = [
    ['no administrator', (w) => (w.isElevated = false), false, /only administrators.*\(EACCES\)/],
    [
      'write protection',
      ({ disks: [d] }) => ((d as FakeDisk).isWritable = false),
      true,
      /\(EROFS\)/,
    ],
  ];
  test.each(broken)(
    'with %s is refused in words, and leaves nothing open',
    (_, spoil, write, why) => {
      const windows = new FakeWindows(fakeDisk(mib));
      spoil(windows);
      const refusal = refusalOf(() => openWindowsDisk(drive, { write }, windows));
      expect(refusal.message).toMatch(why);
      expect(refusal.advice).toBeTruthy();
      expect(windows.openHandles).toBe(0);
    },
  );

  test('a drive without a disk, sectors of an odd size, and no such disk are refused', () => {
    const empty = new FakeWindows(fakeDisk(0));
    expect(refusalOf(() => openWindowsDisk(drive, { write: false }, empty)).code).toBe(
      'ERR_SOURCE_EMPTY',
    );
    const odd = new FakeWindows(fakeDisk(mib, { sectorBytes: 2352 }));
    expect(refusalOf(() => openWindowsDisk(drive, { write: false }, odd)).code).toBe(
      'ERR_SOURCE_UNSUPPORTED',
    );
    const none = new FakeWindows();
    expect(refusalOf(() => openWindowsDisk(drive, { write: false }, none)).code).toBe('ENOENT');
    expect(empty.openHandles + odd.openHandles).toBe(0);
  });
});

describe('Windows’ own volumes', () => {
  const makeDisk = (): FakeDisk =>
    fakeDisk(mib, {
      volumes: [volume('E:', 0, mib / 4), volume('F:', mib / 2, mib / 4)],
    });

  test('are locked, then dismounted before a write, and released afterwards', async () => {
    const disk = makeDisk();
    const windows = new FakeWindows(disk);
    const opened = openWindowsDisk(drive, { write: true }, windows);
    opened.claim(0, mib);
    expect(windows.log).toEqual(['lock e', 'lock f', 'dismount e', 'dismount f']);
    expect(await opened.device.write([Buffer.alloc(512, 7)], 0, false)).toBe(0);
    expect(disk.bytes[5]).toBe(7);
    await opened.device.close();
    expect(windows.log.slice(-2)).toEqual(['unlock e', 'unlock f']);
    expect(windows.openHandles).toBe(0);
  });

  test('on other parts are left alone, and cannot be written', async () => {
    const disk = makeDisk();
    (disk.volumes[0] as FakeVolume).openFiles = true;
    const windows = new FakeWindows(disk);
    const opened = openWindowsDisk(drive, { write: true }, windows);
    opened.claim(mib / 2, mib / 4);
    expect(windows.log).toEqual(['lock f', 'dismount f']);
    const sector = [Buffer.alloc(512)];
    expect(await opened.device.write(sector, mib / 2, false)).toBe(0);
    expect(await opened.device.write(sector, mib / 4 - 512, false)).toBe(-EROFS);
    expect(windows.log).not.toContain(`write ${mib / 4 - 512}+512`);
    await opened.device.close();
  });

  test('in use are refused by their letter, and none stays locked', () => {
    const disk = makeDisk();
    (disk.volumes[1] as FakeVolume).openFiles = true;
    const windows = new FakeWindows(disk);
    const opened = openWindowsDisk(drive, { write: true }, windows);
    const refusal = refusalOf(() => opened.claim(0, mib));
    expect(refusal.message).toMatch(/Windows uses F: on it.*\(ERR_SOURCE_IN_USE\)/);
    expect(disk.volumes.some((one) => windows.isLocked(one))).toBe(false);
    expect(windows.log).toEqual(['lock e', 'lock f', 'unlock e']);
  });

  test('opened by name are locked through the handle that writes', async () => {
    const disk = makeDisk();
    const windows = new FakeWindows(disk);
    const opened = openWindowsDisk('\\\\.\\F:\\', { write: true }, windows);
    const sector = [Buffer.alloc(512, 9)];
    expect(await opened.device.write(sector, 0, false)).toBe(-EROFS);
    opened.claim(0, opened.device.sizeBytes);
    expect(await opened.device.write(sector, 0, false)).toBe(0);
    expect(disk.bytes[mib / 2]).toBe(9);
    await opened.device.close();
    expect(windows.openHandles).toBe(0);
  });
});

describe('reading and writing', () => {
  test('handles lists and parts of sectors; Windows sees whole sectors (1, 2)', async () => {
    const range = fc.record({
      offset: fc.nat(200_000),
      lengths: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 }),
      write: fc.boolean(),
      value: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(512, 4096),
        fc.array(range, { minLength: 1, maxLength: 12 }),
        async (sectorBytes, ranges) => {
          const disk = fakeDisk(256 * 1024, { sectorBytes });
          const model = Buffer.from(disk.bytes);
          const windows = new FakeWindows(disk);
          const { device, claim } = openWindowsDisk(drive, { write: true }, windows);
          claim(0, device.sizeBytes);
          for (const { offset, lengths, write, value } of ranges) {
            const total = lengths.reduce((sum, length) => sum + length, 0);
            const segments = lengths.map((length) => Buffer.alloc(length, value));
            if (write) {
              expect(await device.write(segments, offset, false)).toBe(0);
              model.fill(value, offset, offset + total);
            } else {
              expect(await device.read(segments, offset)).toBe(0);
              expect(Buffer.concat(segments)).toEqual(model.subarray(offset, offset + total));
            }
          }
          expect(disk.bytes.equals(model)).toBe(true);
          await device.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of parts of one sector at the same time loses none of them (2)', async () => {
    const disk = fakeDisk(64 * 1024, { sectorBytes: 4096 });
    const model = Buffer.from(disk.bytes);
    const { device, claim } = openWindowsDisk(drive, { write: true }, new FakeWindows(disk));
    claim(0, device.sizeBytes);
    const writes: (Promise<number> | number)[] = [];
    for (let i = 0; i < 64; i++) {
      const whole = i % 8 === 0;
      const offset = whole ? 8192 + i * 512 : i * 512;
      const length = whole ? 4096 : 512;
      const at = whole ? Math.floor(offset / 4096) * 4096 : offset;
      writes.push(device.write([Buffer.alloc(length, i)], at, false));
      model.fill(i, at, at + length);
    }
    expect(await Promise.all(writes)).toEqual(Array(64).fill(0));
    expect(disk.bytes.equals(model)).toBe(true);
    await device.close();
  });

  test('of whole sectors needs no buffer between', async () => {
    const windows = new FakeWindows(fakeDisk(mib));
    const { device } = openWindowsDisk(drive, { write: false }, windows);
    const target = Buffer.alloc(1024);
    expect(await device.read([target], 512)).toBe(0);
    expect(target.readUInt32LE(0)).toBe(512);
    expect(windows.log).toEqual(['read 512+1024']);
  });

  test('runs four requests at a time', async () => {
    const windows = new FakeWindows(fakeDisk(mib));
    const { device } = openWindowsDisk(drive, { write: false }, windows);
    const reads = Array.from({ length: 16 }, (_, i) => device.read([Buffer.alloc(512)], i * 512));
    expect(windows.log.length).toBe(16);
    expect(await Promise.all(reads)).toEqual(Array(16).fill(0));
    expect(windows.openHandles).toBe(4);
  });

  test('with fua flushes before the answer; a failed flush is remembered (5)', async () => {
    const disk = fakeDisk(mib);
    const windows = new FakeWindows(disk);
    const { device, claim } = openWindowsDisk(drive, { write: true }, windows);
    claim(0, mib);
    expect(await device.write([Buffer.alloc(512)], 0, true)).toBe(0);
    expect(windows.log).toEqual(['write 0+512', 'flush']);
    disk.failures.push(win.ERROR_DEV_NOT_EXIST);
    expect(await device.flush()).toBe(-ENODEV);
    expect(await device.flush()).toBe(-ENODEV);
  });

  test.each([
    [win.ERROR_DEVICE_NOT_CONNECTED, -ENODEV],
    [win.ERROR_WRITE_PROTECT, -EROFS],
    [1117, -EIO],
    [win.ERROR_SEM_TIMEOUT, -110],
  ])('that Windows answers with %d is errno %d', async (error, errno) => {
    const disk = fakeDisk(mib);
    const { device } = openWindowsDisk(drive, { write: false }, new FakeWindows(disk));
    disk.failures.push(error);
    expect(await device.read([Buffer.alloc(512)], 0)).toBe(errno);
    disk.isGone = true;
    expect(await device.read([Buffer.alloc(512)], 0)).toBe(-ENODEV);
  });

  test('outside of the disk, of a read-only one, and after its end is refused (4)', async () => {
    const windows = new FakeWindows(fakeDisk(mib));
    const { device } = openWindowsDisk(drive, { write: false }, windows);
    expect(await device.read([Buffer.alloc(1024)], mib - 512)).toBe(-22);
    expect(await device.read([Buffer.alloc(512)], -512)).toBe(-22);
    expect(await device.write([Buffer.alloc(512)], 0, false)).toBe(-EROFS);
    const last = device.read([Buffer.alloc(512)], 0);
    const closing = device.close();
    expect(await device.read([Buffer.alloc(512)], 0)).toBe(-ENODEV);
    expect(await last).toBe(0);
    await closing;
    await device.close();
    expect(windows.openHandles).toBe(0);
  });
});

test.each([
  ['\\\\.\\PhysicalDrive1', '\\\\.\\PhysicalDrive1'],
  ['\\\\.\\physicaldrive12\\', '\\\\.\\physicaldrive12'],
  ['//./PhysicalDrive1', '\\\\.\\PhysicalDrive1'],
  ['\\\\.\\Harddisk1Partition2', '\\\\.\\Harddisk1Partition2'],
  ['\\\\.\\HarddiskVolume3', '\\\\.\\HarddiskVolume3'],
  ['\\\\.\\E:', '\\\\.\\E:'],
  [
    '\\\\.\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\',
    '\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}',
  ],
  ['\\\\?\\C:\\disk.img', undefined],
  ['C:\\PhysicalDrive1', undefined],
  ['\\\\server\\share\\disk.img', undefined],
  ['\\\\.\\pipe\\x', undefined],
  ['/dev/sda', undefined],
])('%s as a name of Windows’ is %s', (spec, name) => {
  expect(windowsDeviceName(spec)).toBe(name);
});
