/** preadPages: it shows the same bytes as a read, and leaves no page pinned. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { done } from '../../support/images/scratch-volume.ts';
import {
  cannotMount,
  type FreshType,
  type FreshVolume,
  mountFresh,
} from '../../support/kernel-volume.ts';

const window = abi.WASM_WINDOW_SIZE;

const types: readonly FreshType[] = ['ext4', 'xfs', 'btrfs'];
for (const type of types.filter((type) => cannotMount(type) === undefined)) {
  describe(`on ${type}`, () => {
    let mounted: FreshVolume;
    let calls: LinuxCalls;
    let fd: number;
    const size = 3 * window + 4567;
    beforeAll(async () => {
      mounted = await mountFresh(type);
      calls = mounted.volume.calls;
      fd = done(await calls.openat2(abi.AT_FDCWD, 'file', abi.O_CREAT | abi.O_RDWR, 0o644));
      const bytes = Buffer.alloc(size);
      for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 12)) & 0xff;
      done(await calls.pwrite(fd, bytes, 0));
      done(await calls.fallocate(fd, 3, 65536, 65536));
      done(await calls.fsync(fd));
    });
    afterAll(() => mounted.close());

    const both = async (lengthBytes: number, offsetBytes: number): Promise<[Buffer, Buffer]> => {
      const read = Buffer.alloc(lengthBytes);
      const count = done(await calls.pread(fd, read, offsetBytes));
      const seen = await calls.preadPages(fd, lengthBytes, offsetBytes, (pieces) =>
        Buffer.concat(pieces),
      );
      if (typeof seen === 'number') throw new Error(`answered ${seen}`);
      return [read.subarray(0, count), seen];
    };

    test('pages show the bytes of a read: aligned or not, in a hole, up to the end', async () => {
      for (const cold of [true, false]) {
        for (const [lengthBytes, offsetBytes] of [
          [4096, 0],
          [window, 0],
          [window, 1],
          [100, 4090],
          [200_000, 30_001],
          [window, size - 5000],
          [10, size - 1],
          [10, size],
          [10, size + 70_000],
          [0, 0],
        ] as const) {
          if (cold) await mounted.kernel.dropCaches();
          const [read, seen] = await both(lengthBytes, offsetBytes);
          expect(seen.equals(read), `${lengthBytes} at ${offsetBytes}`).toBe(true);
        }
      }
    });

    test('at most a window is shown at once', async () => {
      const seen = await calls.preadPages(fd, 2 * window, 0, (pieces) => Buffer.concat(pieces));
      expect((seen as Buffer).length).toBe(window);
    });

    test('many reads at once leave no page pinned', async () => {
      const free = async (): Promise<number> => {
        await mounted.kernel.dropCaches();
        const text = await mounted.kernel.readOwn('/proc/meminfo');
        return Number(/^MemFree: +(\d+)/m.exec(text)?.[1]);
      };
      const round = async (): Promise<void> => {
        const reads = Array.from({ length: 40 }, (_, i) => both(100_000, i * 70_000));
        for (const [read, seen] of await Promise.all(reads)) expect(seen).toEqual(read);
      };
      await round();
      const before = await free();
      for (let i = 0; i < 5; i++) await round();
      // A leak would take 20 MB.
      expect((await free()) - before).toBeGreaterThan(-4096);
    });

    test('a read that pread(2) refuses is refused', async () => {
      const writeOnly = done(await calls.openat2(abi.AT_FDCWD, 'file', abi.O_WRONLY));
      expect(await calls.preadPages(writeOnly, 10, 0, () => 'shown')).toBe(-errno.EBADF);
      expect(await calls.preadPages(99999, 10, 0, () => 'shown')).toBe(-errno.EBADF);
      expect(await calls.preadPages(fd, 10, -5, () => 'shown')).toBe(-errno.EINVAL);
      done(await calls.close(writeOnly));
    });
  });
}
