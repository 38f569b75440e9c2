/**
 * Directories that ignore case (chattr +F): what the host remembers of one spelling of a name does
 * not outlive a change that is made under another.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  expectClean,
  mounter,
  mountImage,
  noFuse,
  withScratch,
} from '../../support/native/fuse-scene.ts';
import { testUnless } from '../../support/needs.ts';

testUnless(noFuse)('in a directory that ignores case no spelling of a name is stale', () =>
  withScratch(async (scratch) => {
    const image = join(scratch, 'image');
    await writeFile(image, '');
    await truncate(image, 64 * 1048576);
    execFileSync('mkfs.ext4', ['-qFO', 'casefold', image]);
    const mount = await mountImage(image, 'ext4', join(scratch, 'mount'), mounter);
    try {
      const folder = join(mount.folder, 'folder');
      const exist = (...names: string[]): boolean[] =>
        names.map((name) => existsSync(join(folder, name)));
      await mkdir(folder);
      execFileSync('chattr', ['+F', folder]);
      expect(exist('A', 'a')).toEqual([false, false]);
      await writeFile(join(folder, 'a'), '');
      expect(exist('A', 'a')).toEqual([true, true]);
      await rename(join(folder, 'a'), join(folder, 'b'));
      expect(exist('A', 'a', 'B', 'b')).toEqual([false, false, true, true]);
      await rm(join(folder, 'B'));
      expect(exist('B', 'b')).toEqual([false, false]);
      await mkdir(join(folder, 'Sub'));
      expect(exist('SUB', 'sub')).toEqual([true, true]);
      await rm(join(folder, 'sub'), { recursive: true });
      expect(exist('SUB', 'Sub')).toEqual([false, false]);
    } finally {
      await mount.unmount();
    }
    await expectClean(image, 'ext4');
  }),
);
