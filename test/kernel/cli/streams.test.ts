/** Files whose place or size is not that of a plain file: standard input and output, links, /proc. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mustCommand } from '../../support/cli/command.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const missing = cannotMount();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-streams-'));
const image = path.join(folder, 'disk.img');
const program = path.resolve(import.meta.dirname, '../../../bin/fsbridge');
afterAll(() => fs.rmSync(folder, { recursive: true }));

const content = 'a line\n'.repeat(30_000);

beforeAll(() => {
  if (missing !== undefined) return;
  const tree = path.join(folder, 'tree');
  fs.mkdirSync(tree);
  fs.writeFileSync(path.join(tree, 'notes'), content);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 16 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-F', '-d', tree, image], { stdio: 'pipe' });
});

describeUnless(missing)('what a person names', () => {
  test('get writes through a symbolic link to standard output, and adds nothing', () => {
    const link = path.join(folder, 'stdout');
    fs.symlinkSync('/proc/self/fd/1', link);
    const { stdout, status } = spawnSync(program, ['get', image, '/notes', link]);
    expect(stdout.toString() === content).toBe(true);
    expect(status).toBe(0);
    expect(fs.readlinkSync(link)).toBe('/proc/self/fd/1');
  });

  test('get - is standard output', async () => {
    expect((await mustCommand('get', image, '/notes', '-')).toString() === content).toBe(true);
  });

  test('get writes through a symbolic link to a file', async () => {
    const [target, link] = [path.join(folder, 'target'), path.join(folder, 'link')];
    fs.writeFileSync(target, 'x'.repeat(content.length + 1));
    fs.symlinkSync(target, link);
    await mustCommand('get', image, '/notes', link);
    expect(fs.readFileSync(target, 'utf8') === content).toBe(true);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('put - is standard input', async () => {
    const { status, stdout } = spawnSync(program, ['put', image, '-', '/stdin', '--rw'], {
      input: content,
    });
    expect(stdout.toString()).toMatch(/^Copied 1 file /);
    expect(status).toBe(0);
    expect((await mustCommand('cat', image, '/stdin')).toString() === content).toBe(true);
  });

  test('put reads a file whose size reads 0 to its end', async ({ skip }) => {
    if (!fs.existsSync('/proc/version')) skip('this computer has no /proc');
    await mustCommand('put', image, '/proc/version', '/version', '--rw');
    const put = (await mustCommand('cat', image, '/version')).toString();
    expect(put).toBe(fs.readFileSync('/proc/version', 'utf8'));
  });
});
