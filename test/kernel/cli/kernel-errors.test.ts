/** Errors that the kernel only logs: a command names them and fails, and is silent without one. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../support/cli/command.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const missing = cannotMount();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-kernel-errors-'));
const image = path.join(folder, 'damaged.img');
const notes = path.join(folder, 'notes.txt');
afterAll(() => fs.rmSync(folder, { recursive: true }));

function makeImage(file: string, sizeMib: number, ...mkfs: readonly string[]): void {
  fs.writeFileSync(file, '');
  fs.truncateSync(file, sizeMib * 1024 * 1024);
  const [program = '', ...options] = mkfs;
  execFileSync(program, [...options, file], { stdio: 'pipe' });
}

/** An ext4 without checksums whose directory /home/user has a block of noise. */
beforeAll(() => {
  if (missing !== undefined) return;
  const tree = path.join(folder, 'tree');
  fs.mkdirSync(path.join(tree, 'home/user'), { recursive: true });
  fs.writeFileSync(path.join(tree, 'home/user/lost.txt'), 'lost');
  fs.writeFileSync(path.join(tree, 'kept.txt'), 'kept');
  fs.writeFileSync(notes, 'notes');
  makeImage(image, 16, 'mkfs.ext4', '-q', '-F', '-b', '4096', '-O', '^metadata_csum', '-d', tree);
  const block = execFileSync('debugfs', ['-R', 'blocks /home/user', image], { stdio: 'pipe' });
  const file = fs.openSync(image, 'r+');
  fs.writeSync(
    file,
    Buffer.alloc(4096, 0xa7),
    0,
    4096,
    Number.parseInt(block.toString(), 10) * 4096,
  );
  fs.closeSync(file);
});

describeUnless(missing)('a directory whose block is damaged', () => {
  test.each([
    ['get', [image, '/', path.join(folder, 'out')]],
    ['ls', ['-R', image]],
    ['manifest', [image]],
    ['put', [image, notes, '/home/user/notes.txt', '--rw']],
  ])('%s %j names what the kernel logged, and fails', async (command, args) => {
    const { code, stderr } = await runCommand([command, ...args]);
    expect(stderr).toMatch(/^fsbridge: .*damaged\.img: .*\(ERR_KERNEL_LOG\)$/m);
    expect(stderr).toMatch(/^ {2}EXT4-fs error \(device disk0\): .*bad entry in directory/m);
    expect(code).toBe(1);
  });

  test('what is not damaged is read, and nothing is said', async () => {
    const { code, stderr, stdout } = await runCommand(['cat', image, '/kept.txt']);
    expect({ code, stderr, stdout: stdout.toString() }).toEqual({
      code: 0,
      stderr: '',
      stdout: 'kept',
    });
  });
});

test.each([
  ['ext4', 16, ['mkfs.ext4', '-q', '-F']],
  ['xfs', 320, ['mkfs.xfs', '-q', '-f']],
  ['btrfs', 160, ['mkfs.btrfs', '-q', '-f']],
  ['vfat', 64, ['mkfs.vfat', '-F', '32']],
] as const)('on a sound %s nothing is said', async (type, sizeMib, mkfs) => {
  if (cannotMount(type) !== undefined) return;
  const sound = path.join(folder, `${type}.img`);
  makeImage(sound, sizeMib, ...mkfs);
  for (const args of [
    ['put', sound, notes, '/notes.txt', '--rw'],
    ['manifest', '--hash', sound],
  ]) {
    expect(await runCommand(args)).toMatchObject({ code: 0, stderr: '' });
  }
});
