/** Names that are one on the target: a copy never merges them, and never counts both as copied. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mustCommand, runCommand } from '../../support/cli/command.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const missing = cannotMount('vfat');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-name-clash-'));
const image = path.join(folder, 'fat.img');
const tree = path.join(folder, 'tree');
afterAll(() => fs.rmSync(folder, { recursive: true }));

beforeAll(() => {
  if (missing !== undefined) return;
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 64 * 1024 * 1024);
  execFileSync('mkfs.vfat', ['-F', '32', image], { stdio: 'pipe' });
  for (const name of ['Net', 'net']) {
    fs.mkdirSync(path.join(tree, name), { recursive: true });
    fs.writeFileSync(path.join(tree, name, 'same.h'), name);
  }
  for (const name of ['Makefile', 'makefile', 'dots', 'dots.', 'plain']) {
    fs.writeFileSync(path.join(tree, name), name);
  }
});

interface Summary {
  readonly entries: Record<string, number>;
  readonly failures: readonly { readonly path: string; readonly code: string }[];
}

describeUnless(missing)('into a folder that does not tell case apart', () => {
  test.each(['a new folder', 'the folder of the first copy', 'the same once more'])(
    'each clash is named and the rest is copied: %s',
    async () => {
      const args = ['put', '--json', image, `${tree}/.`, '/inc', '--rw'];
      await runCommand(['mkdir', image, '/inc', '--rw']);
      const { code, stdout, stderr } = await runCommand(args);
      const { entries, failures } = JSON.parse(stdout.toString()) as Summary;
      const clashes = failures.map((failure) => path.basename(failure.path).toLowerCase()).sort();
      expect(clashes).toEqual([expect.stringMatching(/^dots\.?$/), 'makefile', 'net']);
      expect(new Set(failures.map((failure) => failure.code))).toEqual(new Set(['EEXIST']));
      expect(stderr).toMatch(/^fsbridge: .*: the target takes this name and \w+\.? for one/m);
      expect(entries).toEqual({ directory: 2, file: 4 });
      expect(code).toBe(1);
    },
  );

  test('a folder has the entries of one source folder alone', async () => {
    const [name = ''] = (await mustCommand('ls', image, '/inc'))
      .toString()
      .split('\n')
      .filter((one) => one.toLowerCase() === 'net');
    expect((await mustCommand('cat', image, `/inc/${name}/same.h`)).toString()).toBe(name);
  });
});
