/**
 * Root meets the false control sockets of another user: they are shown as that user's word, each
 * command ends in time, and nothing is done because of them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { runCommand } from '../../support/cli/command.ts';
import { describeUnless, notLinux, notRoot } from '../../support/needs.ts';

// A number that no user of the machine has.
const uid = 64_321;
const home = `/run/user/${uid}`;
const target = '/mnt/of-nobody-at-all';
const falseSocket = path.resolve(import.meta.dirname, '../programs/false-socket.ts');
const maxMs = 20_000;

let fake: ChildProcess | undefined;
let asked = '';

async function startFake(mode: string, pid: number): Promise<void> {
  fs.mkdirSync(home, { recursive: true, mode: 0o700 });
  fs.chownSync(home, uid, uid);
  const file = `${home}/fsbridge/mount-${pid}.sock`;
  asked = '';
  fake = spawn(process.execPath, [falseSocket, String(uid), file, mode, target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  fake.stdout?.on('data', (data: Buffer) => {
    asked += data.toString();
  });
  await once(fake.stdout as NodeJS.ReadableStream, 'data');
}

describeUnless(notLinux ?? notRoot)('another user’s false control socket', () => {
  afterEach(async () => {
    if (fake?.exitCode === null) {
      fake.kill('SIGKILL');
      await once(fake, 'exit');
    }
    fs.rmSync(home, { recursive: true, force: true });
  });

  test('is shown as that user’s word, without control characters', async () => {
    await startFake('spoof', 4_000_001);
    const { code, stdout } = await runCommand(['status']);
    const text = stdout.toString();
    expect(code).toBe(0);
    expect(text).toContain(`${target}: `);
    expect(text).toMatch(new RegExp(`process ${fake?.pid} of another user, ${uid}, says`));
    expect(text).toContain('that user has nothing mounted there');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    const json = JSON.parse((await runCommand(['status', '--json'])).stdout.toString()) as unknown;
    expect(json).toContainEqual(expect.objectContaining({ foreign: true, uid, pid: fake?.pid }));
  });

  test.each(['drip', 'flood', 'silent'])(
    'that answers by %s does not hold status up',
    async (mode) => {
      await startFake(mode, 4_000_001);
      const start = performance.now();
      const { code, stderr } = await runCommand(['status']);
      expect(performance.now() - start).toBeLessThan(maxMs);
      expect(code).toBe(0);
      expect(stderr).toContain(`process ${fake?.pid} of another user, ${uid}, does not answer`);
    },
  );

  test.each([
    ['spoof', []],
    ['spoof', ['--force']],
    ['drip', ['--force']],
  ])('(%s) is not asked by umount %j, and no process is killed by its name', async (mode, more) => {
    const victim = spawn('sleep', ['1000']);
    try {
      await startFake(mode, victim.pid as number);
      const { code, stderr } = await runCommand(['umount', target, ...more]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('(ERR_NOT_MOUNTED)')]);
      expect(asked).not.toContain('asked');
      expect([victim.exitCode, victim.signalCode]).toEqual([null, null]);
    } finally {
      victim.kill('SIGKILL');
    }
  });
});
