/** A target without room: the file under way is removed, and the message says which side is full. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mustCommand, runCommand } from '../../support/cli/command.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { isRoot } from '../../support/native/native-mount.ts';
import { describeUnless } from '../../support/needs.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-full-'));
const image = path.join(folder, 'disk.img');
const large = path.join(folder, 'large');
afterAll(() => fs.rmSync(folder, { recursive: true }));

describeUnless(cannotMount())('a target without room', () => {
  test('put removes the file under way and says what is complete', async () => {
    fs.writeFileSync(image, '');
    fs.truncateSync(image, 16 * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'pipe' });
    fs.writeFileSync(large, Buffer.alloc(24 * 1024 * 1024, 'x'));
    const { code, stderr } = await runCommand(['put', image, large, '/large', '--rw']);
    expect(stderr).toMatch(
      /^fsbridge: large: .*\(ENOSPC\)\n.*\nComplete before it stopped: nothing\.$/m,
    );
    expect(code).toBe(1);
    expect((await mustCommand('ls', image)).toString()).toBe('lost+found\n');
  });

  test('get says that this computer is full', async ({ skip }) => {
    if (!isRoot || process.platform !== 'linux') skip('only root can mount a small tmpfs');
    const small = path.join(folder, 'small');
    fs.mkdirSync(small);
    fs.truncateSync(large, 1024 * 1024);
    await mustCommand('put', image, large, '/large', '--rw');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', small]);
    try {
      const { code, stderr } = await runCommand(['get', image, '/large', small]);
      expect(stderr).toMatch(/on this computer \(ENOSPC\)/);
      expect(stderr).not.toMatch(/volume|fsbridge df/);
      expect(code).toBe(1);
      expect(fs.readdirSync(small)).toEqual([]);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});
