import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSource } from '../../../src/block/open-source.ts';
import { patternBytes, refusal, run, scratchFolder } from '../../support/block.ts';
import { notLinux, onWindows, testUnless } from '../../support/needs.ts';

const kib = 1024;
const mib = 1024 * kib;

function imageOf(bytes: Uint8Array): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, bytes);
  return path;
}

/** How many files of that folder this process has open. */
function openFilesOf(path: string): number {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;
}

test('opened for reading, the device takes writes and the file stays as it is', async () => {
  const path = imageOf(patternBytes(64 * kib));
  const source = await openSource(path, { write: false, overlayMemoryBytes: mib });
  expect([source.device.readOnly, source.base.readOnly]).toEqual([false, true]);
  expect(source.warnings).toEqual([]);
  expect(await source.device.write([new Uint8Array(512)], 0, true)).toBe(0);
  expect(await source.device.flush()).toBe(0);
  const back = new Uint8Array(kib);
  expect(await source.device.read([back], 0)).toBe(0);
  expect(back.subarray(0, 512).every((byte) => byte === 0)).toBe(true);
  expect(back.subarray(512)).toEqual(patternBytes(64 * kib).subarray(512, kib));
  await source.close();
  await source.close();
  expect(fs.readFileSync(path).equals(patternBytes(64 * kib))).toBe(true);
});

test('opened for writing, the bytes are in the file', async () => {
  const path = imageOf(patternBytes(64 * kib));
  const source = await openSource(path, { write: true });
  expect(source.device).toBe(source.base);
  expect(await source.device.write([new Uint8Array(512).fill(9)], kib, true)).toBe(0);
  await source.close();
  expect(
    fs
      .readFileSync(path)
      .subarray(kib, kib + 512)
      .every((byte) => byte === 9),
  ).toBe(true);
});

test('one writer keeps out writers and readers, unless a reader insists', async () => {
  const path = imageOf(patternBytes(64 * kib));
  const writer = await openSource(path, { write: true });
  expect((await refusal(openSource(path, { write: true }))).code).toBe('ERR_SOURCE_LOCKED');
  expect((await refusal(openSource(path, { write: false }))).code).toBe('ERR_SOURCE_LOCKED');
  const reader = await openSource(path, { write: false, allowInUse: true });
  expect(reader.warnings).toEqual([
    `${path}: this process has it open for writing; what you see may be out of date or broken.`,
  ]);
  await reader.close();
  await writer.close();
  await (await openSource(path, { write: true })).close();
});

test('readers do not keep each other out', async () => {
  const path = imageOf(patternBytes(64 * kib));
  const readers = await Promise.all([1, 2, 3].map(() => openSource(path, { write: false })));
  for (const reader of readers) await reader.close();
});

test('a rest of less than a block at the end brings a warning', async () => {
  const path = imageOf(patternBytes(64 * kib + 100));
  const source = await openSource(path, { write: false });
  expect(source.device.sizeBytes).toBe(64 * kib);
  expect(source.warnings).toHaveLength(1);
  expect(source.warnings[0]).toContain('its last 100 bytes are not part of the disk');
  await source.close();
});

test('a path that is no disk is refused, with a reason and advice', async () => {
  const folder = scratchFolder();
  const codeOf = async (spec: string, write: boolean): Promise<string> => {
    const error = await refusal(openSource(spec, { write }));
    expect(error.advice).toMatch(/\.$/);
    return error.code;
  };
  for (const write of [false, true]) {
    expect(await codeOf(join(folder, 'none.img'), write)).toBe('ENOENT');
    expect(await codeOf(folder, write)).toBe('EISDIR');
    expect(await codeOf(imageOf(new Uint8Array(0)), write)).toBe('ERR_SOURCE_EMPTY');
    expect(await codeOf(imageOf(new Uint8Array(100)), write)).toBe('ERR_SOURCE_EMPTY');
    expect(await codeOf('\\\\.\\PhysicalDrive1', write)).toBe('ERR_SOURCE_UNSUPPORTED');
    expect(await codeOf('\\\\?\\Volume{0123}\\', write)).toBe('ERR_SOURCE_UNSUPPORTED');
  }
});

testUnless(onWindows)('pipes and character devices are refused at once', async () => {
  const pipe = join(scratchFolder(), 'pipe');
  run('mkfifo', pipe);
  for (const spec of [pipe, '/dev/zero']) {
    expect((await refusal(openSource(spec, { write: false }))).code).toBe('ERR_SOURCE_UNSUPPORTED');
    expect((await refusal(openSource(spec, { write: true }))).code).toBe('ERR_SOURCE_UNSUPPORTED');
  }
});

testUnless(notLinux)('a refusal leaves nothing open and nothing locked', async () => {
  const path = imageOf(new Uint8Array(100));
  expect((await refusal(openSource(path, { write: true }))).code).toBe('ERR_SOURCE_EMPTY');
  expect(openFilesOf(path)).toBe(0);
  fs.writeFileSync(path, patternBytes(4 * kib));
  const source = await openSource(path, { write: true });
  expect(openFilesOf(path)).toBe(1);
  await source.close();
  expect(openFilesOf(path)).toBe(0);
});
