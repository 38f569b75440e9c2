import fs from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openSource } from '../../../src/block/open-source.ts';
import { patternBytes, refusal, run, scratchFolder } from '../../support/block.ts';
import { attachLoop, noLoop } from '../../support/native/loop-device.ts';
import { notRoot, testUnless } from '../../support/needs.ts';

const kib = 1024;
const mib = 1024 * kib;
const withLoop = testUnless(noLoop);

function imageOf(bytes: Uint8Array): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, bytes);
  return path;
}

testUnless(notRoot)('a file that the user may not write is EACCES', async () => {
  const path = imageOf(patternBytes(4 * kib));
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
});

withLoop('a mounted image is refused to writers, and readers are warned', async () => {
  const folder = scratchFolder();
  const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mnt')];
  fs.mkdirSync(mount);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 16 * mib);
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
  const device = attachLoop(imageOf(patternBytes(mib)));
  const source = await openSource(device, { write: true });
  expect(await source.device.write([new Uint8Array(512).fill(3)], 512, true)).toBe(0);
  expect((await refusal(openSource(device, { write: true }))).code).toBe('ERR_SOURCE_LOCKED');
  await source.close();
});

withLoop(
  'a file that is written is refused through loop devices, and their parts too',
  async () => {
    const path = imageOf(patternBytes(4 * mib));
    const linked = join(scratchFolder(), 'linked.img');
    fs.linkSync(path, linked);
    const source = await openSource(path, { write: true });
    const first = attachLoop(linked);
    const nested = attachLoop(first, '--offset', '4096');
    for (const device of [first, nested]) {
      for (const write of [true, false]) {
        const error = await refusal(openSource(device, { write }));
        expect(error.code).toBe('ERR_SOURCE_LOCKED');
        expect(error.why).toBe(`this process has it open for writing (as ${path})`);
      }
    }
    await source.close();
    await (await openSource(nested, { write: true })).close();
  },
);

withLoop('two loop devices on one file are written only where they do not overlap', async () => {
  const path = imageOf(patternBytes(4 * mib));
  const [low, high] = [
    ['--sizelimit', `${2 * mib}`],
    ['--offset', `${2 * mib}`],
  ].map((options) => attachLoop(path, ...options));
  const whole = attachLoop(path);
  if (low === undefined || high === undefined) throw new Error('a loop device is missing');
  // The file has lost its path, as in another mount namespace.
  fs.renameSync(path, `${path}.moved`);
  fs.rmSync(`${path}.moved`);
  const source = await openSource(low, { write: true });
  await (await openSource(high, { write: true })).close();
  const error = await refusal(openSource(whole, { write: true }));
  expect([error.code, error.why]).toEqual([
    'ERR_SOURCE_LOCKED',
    `this process has it open for writing (as ${low})`,
  ]);
  await source.close();
});
