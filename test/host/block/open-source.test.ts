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
