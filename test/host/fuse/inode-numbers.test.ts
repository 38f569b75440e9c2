/**
 * Inode numbers of btrfs's subvolumes: restic, borg and rsync see the same number at every mount,
 * whichever subvolume is looked at first.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  emptyImage,
  fuseTypes,
  type Mounter,
  mounter,
  mountImage,
  noFuse,
  onPath,
  withScratch,
} from '../../support/native/fuse-scene.ts';
import { describeUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';

type Numbers = Record<string, bigint>;

const noBtrfs = fuseTypes.includes('btrfs') ? undefined : 'FS leaves btrfs out';
const noProgram = onPath('btrfs') ? undefined : 'btrfs is not installed';
const missing = noFuse ?? noBtrfs ?? noProgram;

async function mounted<T>(scratch: string, how: Mounter, use: (at: string) => T): Promise<T> {
  const mount = await mountImage(join(scratch, 'image'), 'btrfs', join(scratch, 'mount'), how);
  try {
    return await use(mount.folder);
  } finally {
    await mount.unmount();
  }
}

/** The number of every path, looked at in this order. Node also asks for the time of birth. */
async function numbersOf(at: string, paths: readonly string[]): Promise<Numbers> {
  const numbers: Numbers = {};
  for (const path of paths) numbers[path] = (await stat(join(at, path), { bigint: true })).ino;
  return numbers;
}

/** What readdir(3) says of a folder's entries, as `ls -i` shows it. */
function listedNumbers(at: string, folder: string): Numbers {
  const program = `
import json, os, sys
print(json.dumps({entry.name: str(entry.inode()) for entry in os.scandir(sys.argv[1])}))`;
  const output = execFileSync('python3', ['-c', program, join(at, folder)], { encoding: 'utf8' });
  const listed = Object.entries(JSON.parse(output) as Record<string, string>);
  return Object.fromEntries(listed.map(([name, ino]) => [join(folder, name), BigInt(ino)]));
}

describeUnless(missing)('inode numbers of subvolumes', () => {
  test('are the same at every mount, in any order, and in listings', () =>
    withScratch(async (scratch) => {
      await emptyImage(join(scratch, 'image'), 'btrfs', 256);
      const paths = ['file', 'one', 'one/file', 'one/nested', 'one/nested/file', 'two', 'two/file'];
      await mounted(scratch, 'native', async (at) => {
        for (const name of ['one', 'one/nested', 'two']) {
          await mustRun(['btrfs', '-q', 'subvolume', 'create', join(at, name)]);
          await writeFile(join(at, name, 'file'), name);
        }
        await writeFile(join(at, 'file'), '');
        await mkdir(join(at, 'folder'));
      });
      const first = await mounted(scratch, mounter, (at) => numbersOf(at, paths));
      const second = await mounted(scratch, mounter, async (at) => {
        const numbers = await numbersOf(at, paths.toReversed());
        const listed = ['', 'one', 'one/nested', 'two'].map((folder) => listedNumbers(at, folder));
        expect(Object.assign({}, ...listed)).toMatchObject(numbers);
        // GNU's stat asks for less than Node does, by another request of FUSE's.
        const args = ['-c', '%i', ...paths.map((path) => join(at, path))];
        const { stdout } = await mustRun(['stat', ...args]);
        const asked = stdout.toString().trim().split('\n').map(BigInt);
        expect(asked).toEqual(paths.map((path) => numbers[path]));
        return numbers;
      });
      expect(second).toEqual(first);
      expect(new Set(Object.values(first)).size).toBe(paths.length);
      const native = await mounted(scratch, 'native', (at) => numbersOf(at, ['file']));
      expect(first['file']).toBe(native['file']);
    }));
});
