import fs from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSource } from '../../../src/block/open-source.ts';
import {
  attachLoop,
  canUseLoop,
  patternBytes,
  refusal,
  run,
  scratchFolder,
} from '../../support/block.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const withLoop = test.skipIf(!canUseLoop);

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
  const path = imageOf(patternBytes(64 * KIB));
  const source = await openSource(path, { write: false, overlayMemoryBytes: MIB });
  expect([source.device.readOnly, source.base.readOnly]).toEqual([false, true]);
  expect(source.warnings).toEqual([]);
  expect(await source.device.write([new Uint8Array(512)], 0, true)).toBe(0);
  expect(await source.device.flush()).toBe(0);
  const back = new Uint8Array(KIB);
  expect(await source.device.read([back], 0)).toBe(0);
  expect(back.subarray(0, 512).every((byte) => byte === 0)).toBe(true);
  expect(back.subarray(512)).toEqual(patternBytes(64 * KIB).subarray(512, KIB));
  await source.close();
  await source.close();
  expect(fs.readFileSync(path).equals(patternBytes(64 * KIB))).toBe(true);
});

test('opened for writing, the bytes are in the file', async () => {
  const path = imageOf(patternBytes(64 * KIB));
  const source = await openSource(path, { write: true });
  expect(source.device).toBe(source.base);
  expect(await source.device.write([new Uint8Array(512).fill(9)], KIB, true)).toBe(0);
  await source.close();
  expect(
    fs
      .readFileSync(path)
      .subarray(KIB, KIB + 512)
      .every((byte) => byte === 9),
  ).toBe(true);
});

test('one writer keeps out writers and readers, unless a reader insists', async () => {
  const path = imageOf(patternBytes(64 * KIB));
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
  const path = imageOf(patternBytes(64 * KIB));
  const readers = await Promise.all([1, 2, 3].map(() => openSource(path, { write: false })));
  for (const reader of readers) await reader.close();
});

test('a rest of less than a block at the end is told', async () => {
  const path = imageOf(patternBytes(64 * KIB + 100));
  const source = await openSource(path, { write: false });
  expect(source.device.sizeBytes).toBe(64 * KIB);
  expect(source.warnings).toHaveLength(1);
  expect(source.warnings[0]).toContain('its last 100 bytes are not part of the disk');
  await source.close();
});

test('what cannot be a disk is refused, with a reason and advice', async () => {
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

test.skipIf(process.platform === 'win32')(
  'pipes and character devices are refused at once',
  async () => {
    const pipe = join(scratchFolder(), 'pipe');
    run('mkfifo', pipe);
    for (const spec of [pipe, '/dev/zero']) {
      expect((await refusal(openSource(spec, { write: false }))).code).toBe(
        'ERR_SOURCE_UNSUPPORTED',
      );
      expect((await refusal(openSource(spec, { write: true }))).code).toBe(
        'ERR_SOURCE_UNSUPPORTED',
      );
    }
  },
);

test.skipIf(process.platform !== 'linux')(
  'a refusal leaves nothing open and nothing locked',
  async () => {
    const path = imageOf(new Uint8Array(100));
    expect((await refusal(openSource(path, { write: true }))).code).toBe('ERR_SOURCE_EMPTY');
    expect(openFilesOf(path)).toBe(0);
    fs.writeFileSync(path, patternBytes(4 * KIB));
    const source = await openSource(path, { write: true });
    expect(openFilesOf(path)).toBe(1);
    await source.close();
    expect(openFilesOf(path)).toBe(0);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'a file that one may not read or write is EACCES',
  async () => {
    const path = imageOf(patternBytes(4 * KIB));
    fs.chmodSync(path, 0o444);
    fs.chmodSync(join(path, '..'), 0o755);
    const uid = process.geteuid?.() ?? 0;
    process.seteuid?.(65534);
    try {
      const writing = await refusal(openSource(path, { write: true }));
      expect([writing.code, writing.why]).toEqual(['EACCES', 'you may not write it']);
      await (await openSource(path, { write: false })).close();
    } finally {
      process.seteuid?.(uid);
    }
    fs.chmodSync(path, 0o000);
  },
);

withLoop('a mounted image is refused to writers, and readers are warned', async () => {
  const folder = scratchFolder();
  const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mnt')];
  fs.mkdirSync(mount);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 16 * MIB);
  run('mkfs.ext4', '-q', image);
  const device = attachLoop(image);
  run('mount', device, mount);
  onTestFinished(() => {
    run('umount', mount);
  });
  for (const spec of [image, device]) {
    const error = await refusal(openSource(spec, { write: true }));
    expect(error.code).toBe('ERR_SOURCE_IN_USE');
    expect(error.why).toContain(`is mounted at ${mount}`);
    const reader = await openSource(spec, { write: false });
    expect(reader.warnings).toHaveLength(1);
    expect(reader.warnings[0]).toContain(`is mounted at ${mount}`);
    await reader.close();
  }
});

withLoop('a disk of the host is opened by its path', async () => {
  const device = attachLoop(imageOf(patternBytes(MIB)));
  const source = await openSource(device, { write: true });
  expect(await source.device.write([new Uint8Array(512).fill(3)], 512, true)).toBe(0);
  expect((await refusal(openSource(device, { write: true }))).code).toBe('ERR_SOURCE_LOCKED');
  await source.close();
});
