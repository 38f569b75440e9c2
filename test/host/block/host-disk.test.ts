import fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openHostDisk } from '../../../src/block/linux/host-disk.ts';
import { patternBytes, refusal, run, scratchFolder } from '../../support/block.ts';
import { attachLoop, noLoop } from '../../support/native/loop-device.ts';
import { testUnless } from '../../support/needs.ts';

const kib = 1024;
const mib = 1024 * kib;
/** Needs root and a free loop device. */
const withLoop = testUnless(noLoop);

function image(lengthBytes: number): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, patternBytes(lengthBytes));
  return path;
}

/** The last free loop device: losetup takes the first. */
function emptyLoop(): string | undefined {
  const name = fs
    .readdirSync('/sys/block')
    .findLast((entry) => entry.startsWith('loop') && !fs.existsSync(`/sys/block/${entry}/loop`));
  return name === undefined ? undefined : `/dev/${name}`;
}

withLoop('a disk is read and written at its own size, also through a link', async () => {
  const path = image(4 * mib);
  const device = attachLoop(path);
  const link = join(scratchFolder(), 'by-id');
  fs.symlinkSync(device, link);
  const disk = await openHostDisk(link, { write: true });
  expect(disk.sizeBytes).toBe(4 * mib);
  expect(disk.logicalBlockBytes).toBe(512);
  expect(await disk.write([new Uint8Array(kib).fill(7)], mib, true)).toBe(0);
  const back = new Uint8Array(2 * kib);
  expect(await disk.read([back], mib - kib)).toBe(0);
  expect(back.subarray(0, kib)).toEqual(patternBytes(4 * mib).subarray(mib - kib, mib));
  expect(back.subarray(kib).every((byte) => byte === 7)).toBe(true);
  expect(await disk.write([new Uint8Array(512)], 4 * mib, false)).toBe(-22);
  await disk.close();
  expect(fs.readFileSync(path)[mib]).toBe(7);
});

withLoop('a disk with blocks of 4 KiB reports them', async () => {
  const disk = await openHostDisk(attachLoop(image(mib), '--sector-size', '4096'), {
    write: false,
  });
  expect([disk.logicalBlockBytes, disk.physicalBlockBytes]).toEqual([4096, 4096]);
  expect(await disk.read([new Uint8Array(512)], 0)).toBe(-22);
  await disk.close();
});

withLoop('a disk that is read-only is not opened for writing', async () => {
  const device = attachLoop(image(mib), '--read-only');
  expect((await refusal(openHostDisk(device, { write: true }))).code).toMatch(/^(EROFS|EACCES)$/);
  const disk = await openHostDisk(device, { write: false });
  expect(disk.readOnly).toBe(true);
  await disk.close();
});

withLoop('a drive without a medium is refused as empty', async ({ skip }) => {
  const device = emptyLoop();
  if (device === undefined) return skip('every loop device is attached');
  expect((await refusal(openHostDisk(device, { write: false }))).code).toBe('ERR_SOURCE_EMPTY');
});

withLoop('a disk is claimed while it is written, and free again afterwards', async () => {
  const device = attachLoop(image(mib));
  const disk = await openHostDisk(device, { write: true });
  const second = await refusal(openHostDisk(device, { write: true }));
  expect(second.code).toBe('ERR_SOURCE_IN_USE');
  await disk.close();
  const third = await openHostDisk(device, { write: true });
  await third.close();
});

withLoop(
  'a disk that becomes smaller answers EIO where it is missing, and says so once',
  async () => {
    const path = image(4 * mib);
    const device = attachLoop(path);
    const warnings: string[] = [];
    const onWarning = (sentence: string): void => void warnings.push(sentence);
    const disk = await openHostDisk(device, { write: true, onWarning });
    fs.truncateSync(path, mib);
    run('losetup', '--set-capacity', device);
    expect(await disk.read([new Uint8Array(kib)], 2 * mib)).toBe(-5);
    expect(await disk.write([new Uint8Array(kib)], 2 * mib, true)).toBe(-5);
    expect(await disk.write([new Uint8Array(kib)], 0, true)).toBe(0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`it had ${4 * mib} bytes and has ${mib}`);
    await disk.close();
    expect(fs.statSync(path).size).toBe(mib);
  },
);

withLoop('a loop device whose file became shorter answers EIO', async () => {
  const path = image(4 * mib);
  const disk = await openHostDisk(attachLoop(path), { write: false });
  fs.truncateSync(path, mib);
  expect(await disk.read([new Uint8Array(kib)], 2 * mib)).toBe(-5);
  await disk.close();
});
