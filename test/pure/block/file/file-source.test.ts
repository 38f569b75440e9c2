import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FdIo } from '../../../../src/block/file/fd-io.ts';
import { openFileSource } from '../../../../src/block/file/file-source.ts';
import { patternBytes, refusal, run, scratchFolder } from '../../../support/block.ts';
import { notLinux, onWindows, testUnless } from '../../../support/needs.ts';

const kib = 1024;
const mib = 1024 * kib;

function imageOf(bytes: Uint8Array): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, bytes);
  return path;
}

test('a small read of cached bytes is answered without a promise', async () => {
  const bytes = patternBytes(64 * kib);
  const disk = await openFileSource(imageOf(bytes), { write: false });
  const back = new Uint8Array(4 * kib);
  expect(disk.read([back], 8 * kib)).toBe(0);
  expect(back).toEqual(bytes.slice(8 * kib, 12 * kib));
  await disk.close();
});

test('a large read does not stop the event loop', async () => {
  const bytes = patternBytes(2 * mib);
  const disk = await openFileSource(imageOf(bytes), { write: false });
  const back = new Uint8Array(1 * mib);
  const answer = disk.read([back.subarray(0, 512), back.subarray(512)], 512 * kib);
  expect(answer).toBeInstanceOf(Promise);
  expect(await answer).toBe(0);
  expect(back).toEqual(bytes.slice(512 * kib, 1.5 * mib));
  await disk.close();
});

test.for([
  ['synchronously', 32],
  ['in the pool', 512],
] as const)(
  'more segments than one system call takes are all moved, %s',
  async ([, pieceBytes]) => {
    const count = 2048; // Linux takes 1,024 at once (IOV_MAX).
    const pieces = (all: Uint8Array): Uint8Array[] =>
      Array.from({ length: count }, (_, i) => all.subarray(i * pieceBytes, (i + 1) * pieceBytes));
    const bytes = patternBytes(count * pieceBytes);
    const path = imageOf(new Uint8Array(bytes.length));
    const disk = await openFileSource(path, { write: true });
    expect(await disk.write(pieces(bytes), 0, false)).toBe(0);
    expect(fs.readFileSync(path).equals(bytes)).toBe(true);
    const back = new Uint8Array(bytes.length);
    expect(await disk.read(pieces(back), 0)).toBe(0);
    expect(back).toEqual(bytes);
    await disk.close();
  },
);

test('reading changes nothing of the file, not even its times', async () => {
  const path = imageOf(patternBytes(1 * mib));
  fs.utimesSync(path, 1_000_000, 2_000_000);
  const before = fs.statSync(path);
  const disk = await openFileSource(path, { write: false });
  expect(disk.readOnly).toBe(true);
  expect(await disk.read([new Uint8Array(4 * kib)], 0)).toBe(0);
  expect(await disk.read([new Uint8Array(1 * mib)], 0)).toBe(0);
  expect(await disk.write([new Uint8Array(512)], 0, true)).toBe(-30);
  expect(await disk.writeZeroes(0, 512)).toBe(-30);
  expect(await disk.flush()).toBe(0);
  await disk.close();
  const after = fs.statSync(path);
  expect(after.mtimeMs).toBe(before.mtimeMs);
  expect(after.ctimeMs).toBe(before.ctimeMs);
  if (process.platform === 'linux') expect(after.atimeMs).toBe(before.atimeMs);
  expect(fs.readFileSync(path).equals(patternBytes(1 * mib))).toBe(true);
});

test('a rest of less than a block does not belong to the disk and stays as it is', async () => {
  const bytes = patternBytes(4 * kib + 100);
  const path = imageOf(bytes);
  const disk = await openFileSource(path, { write: true });
  expect(disk.sizeBytes).toBe(4 * kib);
  expect(await disk.write([new Uint8Array(512)], 3.5 * kib, true)).toBe(0);
  expect(await disk.write([new Uint8Array(512)], 4 * kib, true)).toBe(-22);
  await disk.close();
  const after = fs.readFileSync(path);
  expect(after.length).toBe(4 * kib + 100);
  expect(after.subarray(4 * kib).equals(bytes.subarray(4 * kib))).toBe(true);
});

test('what is cut off from an open file is EIO for good, and is reported once', async () => {
  const path = imageOf(patternBytes(2 * mib + 100));
  const warnings: string[] = [];
  const onWarning = (sentence: string): void => void warnings.push(sentence);
  const disk = await openFileSource(path, { write: false, onWarning });
  fs.truncateSync(path, 2 * mib);
  expect(await disk.read([new Uint8Array(4 * kib)], 2 * mib - 4 * kib)).toBe(0);
  fs.truncateSync(path, 5 * kib);
  for (const lengthBytes of [8 * kib, 1 * mib]) {
    const back = new Uint8Array(lengthBytes);
    expect(await disk.read([back.subarray(0, 512), back.subarray(512)], 0)).toBe(-5);
    expect(await disk.read([back], 1 * mib)).toBe(-5);
  }
  const back = new Uint8Array(5 * kib);
  expect(await disk.read([back], 0)).toBe(0);
  expect(back).toEqual(patternBytes(2 * mib).subarray(0, 5 * kib));
  fs.truncateSync(path, 2 * mib);
  expect(await disk.read([back], 1 * mib)).toBe(-5);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('the source became shorter: it had 2097252 bytes and has 5120');
  await disk.close();
});

test.for([512, 1 * mib])(
  'a write of %d bytes to what was cut off is EIO, and the file does not grow',
  async (lengthBytes) => {
    const path = imageOf(patternBytes(2 * mib));
    const disk = await openFileSource(path, { write: true });
    expect(await disk.write([new Uint8Array(lengthBytes)], 1 * mib, false)).toBe(0);
    fs.truncateSync(path, 8 * kib);
    expect(await disk.write([new Uint8Array(lengthBytes)], 1 * mib, false)).toBe(-5);
    expect(await disk.write([new Uint8Array(lengthBytes)], 8 * kib, true)).toBe(-5);
    expect(await disk.write([new Uint8Array(8 * kib)], 0, true)).toBe(0);
    expect(fs.statSync(path).size).toBe(8 * kib);
    await disk.close();
  },
);

test('positions beyond 4 GiB are not cut to 32 bits', async () => {
  const path = imageOf(new Uint8Array(0));
  fs.truncateSync(path, 5 * 1024 ** 4);
  const disk = await openFileSource(path, { write: true });
  const atBytes = 4 * 1024 ** 4 + 4 * kib;
  const bytes = patternBytes(4 * kib);
  expect(await disk.write([bytes], atBytes, false)).toBe(0);
  expect(
    await disk.write([bytes.subarray(0, 512), bytes.subarray(512)], atBytes + 8 * kib, false),
  ).toBe(0);
  const back = new Uint8Array(12 * kib);
  expect(await disk.read([back.subarray(0, kib), back.subarray(kib)], atBytes)).toBe(0);
  expect(back.subarray(0, 4 * kib)).toEqual(bytes);
  expect(back.subarray(8 * kib)).toEqual(bytes);
  await disk.close();
});

test('a write with fua is synced before it is answered', async () => {
  const disk = await openFileSource(imageOf(patternBytes(64 * kib)), { write: true });
  const sync = vi.spyOn(fs, 'fdatasync');
  expect(await disk.write([new Uint8Array(512)], 0, false)).toBe(0);
  expect(sync).not.toHaveBeenCalled();
  expect(await disk.write([new Uint8Array(512)], 0, true)).toBe(0);
  expect(sync).toHaveBeenCalledTimes(1);
  expect(await disk.flush()).toBe(0);
  expect(sync).toHaveBeenCalledTimes(2);
  sync.mockRestore();
  await disk.close();
});

test('once a flush has lost bytes, every later one fails', async () => {
  const disk = await openFileSource(imageOf(patternBytes(64 * kib)), { write: true });
  const lost = Object.assign(new Error('i/o error'), { code: 'EIO' });
  const sync = vi.spyOn(fs, 'fdatasync').mockImplementationOnce((_fd, done) => done(lost));
  expect(await disk.flush()).toBe(-5);
  sync.mockRestore();
  expect(await disk.flush()).toBe(-5);
  expect(await disk.write([new Uint8Array(512)], 0, true)).toBe(-5);
  await disk.close();
});

testUnless(notLinux)('a full host disk is ENOSPC, small and large', async () => {
  const io = await FdIo.open('/dev/full', fs.constants.O_RDWR);
  expect(await io.write([new Uint8Array(512)], 512, 0)).toBe(-28);
  expect(await io.write([new Uint8Array(mib)], mib, 0)).toBe(-28);
  await io.close();
});

test('a closed device answers ENODEV and touches no file that has its number now', async () => {
  const path = imageOf(patternBytes(64 * kib));
  const disk = await openFileSource(path, { write: true });
  await disk.close();
  await disk.close();
  const other = imageOf(patternBytes(64 * kib, 2));
  const descriptors = Array.from({ length: 8 }, () => fs.openSync(other, 'r+'));
  expect(await disk.write([new Uint8Array(512)], 0, false)).toBe(-19);
  expect(await disk.read([new Uint8Array(512)], 0)).toBe(-19);
  expect(await disk.flush()).toBe(-19);
  for (const fd of descriptors) fs.closeSync(fd);
  expect(fs.readFileSync(other).equals(patternBytes(64 * kib, 2))).toBe(true);
});

test('a path that is no image is refused with its reason', async () => {
  const folder = scratchFolder();
  const missing = await refusal(openFileSource(join(folder, 'none'), { write: false }));
  expect(missing.code).toBe('ENOENT');
  expect((await refusal(openFileSource(folder, { write: false }))).code).toBe('EISDIR');
  expect((await refusal(openFileSource(folder, { write: true }))).code).toBe('EISDIR');
  const empty = await refusal(openFileSource(imageOf(new Uint8Array(0)), { write: false }));
  expect([empty.code, empty.why]).toEqual(['ERR_SOURCE_EMPTY', 'the file is empty']);
  const tiny = await refusal(openFileSource(imageOf(new Uint8Array(511)), { write: false }));
  expect([tiny.code, tiny.why]).toEqual([
    'ERR_SOURCE_EMPTY',
    'the file has 511 bytes, less than one block of 512',
  ]);
});

testUnless(onWindows)('a named pipe is refused and not waited for', async () => {
  const pipe = join(scratchFolder(), 'pipe');
  run('mkfifo', pipe);
  expect((await refusal(openFileSource(pipe, { write: false }))).code).toBe(
    'ERR_SOURCE_UNSUPPORTED',
  );
});
