import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHostDisk, readGeometry } from '../../../src/block/linux/host-disk.ts';
import { majorMinor } from '../../../src/host/device-number.ts';
import {
  attachLoop,
  canUseLoop,
  patternBytes,
  refusal,
  scratchFolder,
  writeTree,
} from '../../support/block.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const onLinux = process.platform === 'linux';

test('a device number is taken apart as glibc does it', () => {
  expect(majorMinor(0x801n)).toBe('8:1');
  expect(majorMinor(0xfe00n)).toBe('254:0');
  // makedev(259, 300) and makedev(0x12345, 0x6789a)
  expect(majorMinor(0x11032cn)).toBe('259:300');
  expect(majorMinor((0x12000n << 32n) | (0x67800n << 12n) | (0x345n << 8n) | 0x9an)).toBe(
    `${0x12345}:${0x6789a}`,
  );
});

test.skipIf(!onLinux)('a partition has its own size and the blocks of its disk', async () => {
  const sys = scratchFolder();
  writeTree(sys, {
    'devices/virtual/sdz/size': '1953525168\n',
    'devices/virtual/sdz/ro': '0\n',
    'devices/virtual/sdz/queue/logical_block_size': '4096\n',
    'devices/virtual/sdz/queue/physical_block_size': '16384\n',
    'devices/virtual/sdz/sdz1/partition': '1\n',
    'devices/virtual/sdz/sdz1/size': '2052\n',
    'devices/virtual/sdz/sdz1/ro': '1\n',
    'dev/block/.keep': '',
  });
  fs.symlinkSync('../../devices/virtual/sdz/sdz1', join(sys, 'dev/block/8:401'));
  fs.symlinkSync('../../devices/virtual/sdz', join(sys, 'dev/block/8:400'));
  const folders = { sys, proc: '/proc' };
  expect(await readGeometry('8:401', folders)).toEqual({
    sizeBytes: 256 * 4096, // 2,052 sectors are 256 blocks and a half
    logicalBlockBytes: 4096,
    physicalBlockBytes: 16384,
    readOnly: true,
  });
  expect((await readGeometry('8:400', folders))?.sizeBytes).toBe(1953525168 * 512);
  expect(await readGeometry('8:402', folders)).toBeUndefined();
});

test.skipIf(!onLinux)('what is no block device is refused', async () => {
  expect((await refusal(openHostDisk('/dev/null', { write: false }))).code).toBe(
    'ERR_SOURCE_UNSUPPORTED',
  );
  const missing = await refusal(openHostDisk('/dev/no-such-disk', { write: false }));
  expect(missing.code).toBe('ENOENT');
});

/** Needs root and a free loop device. */
const withLoop = test.skipIf(!canUseLoop);

function image(lengthBytes: number): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, patternBytes(lengthBytes));
  return path;
}

/** The last of the loop devices that are free: losetup gives out the first. */
function emptyLoop(): string | undefined {
  const name = fs
    .readdirSync('/sys/block')
    .findLast((entry) => entry.startsWith('loop') && !fs.existsSync(`/sys/block/${entry}/loop`));
  return name === undefined ? undefined : `/dev/${name}`;
}

withLoop('a disk is read and written at its own size, also through a link', async () => {
  const path = image(4 * MIB);
  const device = attachLoop(path);
  const link = join(scratchFolder(), 'by-id');
  fs.symlinkSync(device, link);
  const disk = await openHostDisk(link, { write: true });
  expect(disk.sizeBytes).toBe(4 * MIB);
  expect(disk.logicalBlockBytes).toBe(512);
  expect(await disk.write([new Uint8Array(KIB).fill(7)], MIB, true)).toBe(0);
  const back = new Uint8Array(2 * KIB);
  expect(await disk.read([back], MIB - KIB)).toBe(0);
  expect(back.subarray(0, KIB)).toEqual(patternBytes(4 * MIB).subarray(MIB - KIB, MIB));
  expect(back.subarray(KIB).every((byte) => byte === 7)).toBe(true);
  expect(await disk.write([new Uint8Array(512)], 4 * MIB, false)).toBe(-22);
  await disk.close();
  expect(fs.readFileSync(path)[MIB]).toBe(7);
});

withLoop('a disk with blocks of 4 KiB says so', async () => {
  const disk = await openHostDisk(attachLoop(image(MIB), '--sector-size', '4096'), {
    write: false,
  });
  expect([disk.logicalBlockBytes, disk.physicalBlockBytes]).toEqual([4096, 4096]);
  expect(await disk.read([new Uint8Array(512)], 0)).toBe(-22);
  await disk.close();
});

withLoop('a disk that is read-only is not opened for writing', async () => {
  const device = attachLoop(image(MIB), '--read-only');
  expect((await refusal(openHostDisk(device, { write: true }))).code).toMatch(/^(EROFS|EACCES)$/);
  const disk = await openHostDisk(device, { write: false });
  expect(disk.readOnly).toBe(true);
  await disk.close();
});

withLoop('a drive with nothing in it is refused as empty', async ({ skip }) => {
  const device = emptyLoop();
  if (device === undefined) return skip('every loop device is attached');
  expect((await refusal(openHostDisk(device, { write: false }))).code).toBe('ERR_SOURCE_EMPTY');
});

withLoop('a disk is claimed while it is written, and free again afterwards', async () => {
  const device = attachLoop(image(MIB));
  const disk = await openHostDisk(device, { write: true });
  const second = await refusal(openHostDisk(device, { write: true }));
  expect(second.code).toBe('ERR_SOURCE_IN_USE');
  await disk.close();
  const third = await openHostDisk(device, { write: true });
  await third.close();
});
