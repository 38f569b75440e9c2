import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertNoWriter, lockSource } from '../../../src/block/source-lock.ts';
import { patternBytes, refusal, scratchFolder } from '../../support/block.ts';
import { notLinux, testUnless } from '../../support/needs.ts';

const lockModule = new URL('../../../src/block/source-lock.ts', import.meta.url).href;

function image(): string {
  const path = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(path, patternBytes(4096));
  return path;
}

/** Starts a process that locks the file and stays. */
async function lockingProcess(path: string, platform: string): Promise<ChildProcess> {
  const script = `
    import { lockSource } from ${JSON.stringify(lockModule)};
    await lockSource(${JSON.stringify(path)}, ${JSON.stringify(platform)});
    setInterval(() => {}, 1000);
    console.log('locked');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  if (child.stdout === null) throw new Error('the child has no output');
  await once(child.stdout, 'data');
  return child;
}

/**
 * The platforms to lock as: this host, and one with a socket file, which works on every POSIX host.
 */
const ways: NodeJS.Platform[] =
  process.platform === 'win32' ? ['win32'] : [...new Set([process.platform, 'darwin' as const])];

test.for(ways)(
  'one writer locks a file, and the next gets the lock after its release (%s)',
  async (way) => {
    const path = image();
    const lock = await lockSource(path, way);
    const error = await refusal(lockSource(path, way));
    expect(error.code).toBe('ERR_SOURCE_LOCKED');
    expect(error.why).toBe('this process has it open for writing');
    await lock.release();
    await lock.release();
    const next = await lockSource(path, way);
    await next.release();
  },
);

test.for(ways)('another name of the same file is the same lock (%s)', async (way) => {
  const path = image();
  const linked = join(scratchFolder(), 'linked.img');
  fs.linkSync(path, linked);
  const lock = await lockSource(path, way);
  const error = await refusal(lockSource(linked, way));
  expect(error.why).toBe(`this process has it open for writing (as ${path})`);
  const other = await lockSource(image(), way);
  await other.release();
  await lock.release();
});

test.for(ways)(
  'a reader is refused while a writer holds the lock, and only then (%s)',
  async (way) => {
    const path = image();
    await assertNoWriter(path, way);
    const lock = await lockSource(path, way);
    expect((await refusal(assertNoWriter(path, way))).code).toBe('ERR_SOURCE_LOCKED');
    await lock.release();
    await assertNoWriter(path, way);
  },
);

test.for(ways)(
  'another process is named, and its crash leaves no lock behind (%s)',
  async (way) => {
    const path = image();
    const child = await lockingProcess(path, way);
    expect((await refusal(lockSource(path, way))).why).toBe(
      `process ${child.pid} has it open for writing`,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockSource(path, way);
    await lock.release();
  },
);

test.for(ways)('of many that try at once, exactly one gets the lock (%s)', async (way) => {
  const path = image();
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => lockSource(path, way)));
  const got = results.filter((result) => result.status === 'fulfilled');
  expect(got).toHaveLength(1);
  for (const { value } of got) await value.release();
});

test('a lock leaves no file behind', async () => {
  const leftovers = (): string[] =>
    fs.readdirSync(tmpdir()).filter((name) => name.startsWith('fsbridge-lock-'));
  const before = leftovers();
  for (const way of ways) await (await lockSource(image(), way)).release();
  expect(leftovers()).toEqual(before);
});

test('a lock does not keep its process alive', async () => {
  const script = `
    import { lockSource } from ${JSON.stringify(lockModule)};
    await lockSource(${JSON.stringify(image())});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});

testUnless(notLinux)('a holder that does not answer still holds the lock', async () => {
  const path = image();
  const { dev, ino } = fs.statSync(path, { bigint: true });
  const mute = net.createServer(() => {});
  mute.listen(`\0fsbridge-lock-file-${dev}-${ino}`);
  await once(mute, 'listening');
  const error = await refusal(lockSource(path));
  expect(error.why).toBe('another fsbridge has it open for writing');
  mute.close();
});

test('a missing file cannot be locked', async () => {
  expect((await refusal(lockSource(join(scratchFolder(), 'none')))).code).toBe('ENOENT');
});
