/** What the kernel does by itself, without a call: what was written goes to the disk in time. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import type { Volume } from '../../src/vfs-linux/volume.ts';
import { done, onScratch, type ScratchRecipe } from '../support/images/scratch-volume.ts';

const mib = 1024 * 1024;
/** No thread that makes inode tables writes besides. */
const ext4 = 'mke2fs -qF -t ext4 -b 4096 -E lazy_itable_init=0,lazy_journal_init=0';
const recipes: readonly ScratchRecipe[] = [
  { type: 'ext4', sizeBytes: 256 * mib, mkfs: ext4 },
  { type: 'xfs', sizeBytes: 320 * mib, mkfs: 'mkfs.xfs -qf' },
  { type: 'btrfs', sizeBytes: 256 * mib, mkfs: 'mkfs.btrfs -qf' },
  { type: 'f2fs', sizeBytes: 256 * mib, mkfs: 'mkfs.f2fs -q' },
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Writes a megabyte and asks for nothing more. */
async function write({ calls }: Volume, path: string): Promise<void> {
  const flags = abi.O_CREAT | abi.O_RDWR;
  const fd = done(await calls.openat2(abi.AT_FDCWD, path, flags, 0o644));
  expect(await calls.pwrite(fd, Buffer.alloc(mib, 1), 0)).toBe(mib);
  expect(await calls.close(fd)).toBe(0);
}

/** Waits, without any call, until the disk has got so much; answers whether it did in time. */
async function reaches(volume: Volume, bytesWritten: number, limitMs: number): Promise<boolean> {
  const started = performance.now();
  while (volume.kernel.diskCounters.bytesWritten < bytesWritten) {
    if (performance.now() - started > limitMs) return false;
    await pause(20);
  }
  return true;
}

describe('what was written and not synced', () => {
  test.each(recipes)('reaches the disk when it expires: $type', (recipe) =>
    onScratch(recipe, async (volume) => {
      const { kernel } = volume;
      await kernel.writeOwn('/proc/sys/vm/dirty_expire_centisecs', '50');
      await kernel.writeOwn('/proc/sys/vm/dirty_writeback_centisecs', '20');
      await volume.syncfs();
      const before = kernel.diskCounters.bytesWritten;
      await write(volume, '/lazy');
      expect(kernel.diskCounters.bytesWritten).toBe(before);
      expect(await reaches(volume, before + mib, 10_000)).toBe(true);
    }),
  );
});

describe('ext4’s journal', () => {
  test('commits by itself after commit=1', () =>
    onScratch({ ...(recipes[0] as ScratchRecipe), options: 'commit=1' }, async (volume) => {
      const { calls, kernel } = volume;
      await volume.syncfs();
      const before = kernel.diskCounters.bytesWritten;
      const flushes = kernel.diskCounters.flushes;
      expect(await calls.mkdirat(abi.AT_FDCWD, '/folder', 0o755)).toBe(0);
      expect(kernel.diskCounters.bytesWritten).toBe(before);
      // A descriptor, a block of metadata at least, and a commit block.
      expect(await reaches(volume, before + 3 * 4096, 10_000)).toBe(true);
      await pause(200);
      expect(kernel.diskCounters.flushes).toBeGreaterThan(flushes);
    }));
});
