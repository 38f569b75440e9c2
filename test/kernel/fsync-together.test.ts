/**
 * Two programs fsync one directory at once: neither may hear that it is safe before it is. What the
 * first has put on its way to the disk counts for the second only when it is there.
 */
import { describe, expect, test } from 'vitest';
import type { BlockDevice } from '../../src/block/block-device.ts';
import { openFileSource } from '../../src/block/file/file-source.ts';
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../src/vfs-linux/calls.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import { FaultyDisk } from '../support/disks/faulty-disk.ts';
import {
  done,
  expectClean,
  type ScratchRecipe,
  withImage,
} from '../support/images/scratch-volume.ts';

const mib = 1024 * 1024;
const recipes: readonly ScratchRecipe[] = [
  { type: 'ext4', sizeBytes: 96 * mib, mkfs: 'mke2fs -qF -t ext4' },
  { type: 'xfs', sizeBytes: 320 * mib, mkfs: 'mkfs.xfs -qf' },
  { type: 'btrfs', sizeBytes: 256 * mib, mkfs: 'mkfs.btrfs -qf' },
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A directory with two files that are on the disk, and one that is removed already. */
async function removeOne(calls: LinuxCalls): Promise<void> {
  const { AT_FDCWD: cwd, O_CREAT, O_RDWR } = abi;
  done(await calls.mkdirat(cwd, '/dir', 0o755));
  for (const name of ['/dir/stays', '/dir/goes']) {
    done(await calls.close(done(await calls.openat2(cwd, name, O_CREAT | O_RDWR, 0o644))));
  }
  done(await calls.syncfs(calls.root));
  done(await calls.unlinkat(cwd, '/dir/goes'));
}

async function judge(device: BlockDevice, type: string): Promise<void> {
  await using kernel = await Kernel.boot();
  const disk = new FaultyDisk(device);
  const attached = await kernel.attach(disk);
  const volume = await kernel.mount({ device: attached.name, types: [type], readOnly: false });
  const { calls } = volume;
  await removeOne(calls);
  const flags = abi.O_RDONLY | abi.O_DIRECTORY;
  const fds = [1, 2].map(() => calls.openat2(abi.AT_FDCWD, '/dir', flags));
  const [one, other] = (await Promise.all(fds)).map(done) as [number, number];
  disk.suspend('writes');
  const answers: string[] = [];
  const first = calls.fsync(one).then((answer) => answers.push(`first: ${answer}`));
  while (disk.waiting === 0) await pause(1);
  const second = calls.fsync(other).then((answer) => answers.push(`second: ${answer}`));
  await pause(200);
  const early = [...answers];
  disk.resume();
  expect(early).toEqual([]);
  await Promise.all([first, second]);
  expect(answers.toSorted()).toEqual(['first: 0', 'second: 0']);
  for (const fd of [one, other]) done(await calls.close(fd));
  await volume.close();
}

describe('the second of two fsyncs of a directory does not answer before the first', () => {
  test.each(recipes)('on $type', async (recipe) => {
    await withImage(recipe, async (scratch) => {
      await judge(await openFileSource(scratch.image, { write: true }), recipe.type);
      await expectClean(scratch);
    });
  });
});
