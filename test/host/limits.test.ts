/**
 * How far it goes: sizes, numbers, names, times and attributes at the borders that Linux has, and a
 * little beyond, where the errno is asserted.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { abi, errno } from '../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../src/vfs-linux/calls.ts';
import { at } from '../../src/vfs-linux/calls.ts';
import {
  done,
  expectClean,
  onScratch,
  type ScratchRecipe,
  withImage,
  withVolume,
} from '../support/images/scratch-volume.ts';
import { nativeManifest, withNativeMount } from '../support/native/native-mount.ts';
import { describeUnless, notRoot, testUnless } from '../support/needs.ts';
import { Random, testSeed } from '../support/random.ts';
import { mustRun } from '../support/run-program.ts';

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;
const tib = 1024 * gib;
/** A tmpfs has files of more than the 16 TiB that ext4 has: shm_overview(7). */
const memoryFolder = '/dev/shm';
const noTmpfs = existsSync(memoryFolder) ? undefined : `there is no ${memoryFolder}`;
const cwd = abi.AT_FDCWD;
const create = abi.O_CREAT | abi.O_RDWR;

const ext4: ScratchRecipe = {
  type: 'ext4',
  sizeBytes: 512 * mib,
  mkfs: 'mke2fs -qF -t ext4 -b 4096',
};
const xfs: ScratchRecipe = { type: 'xfs', sizeBytes: 512 * mib, mkfs: 'mkfs.xfs -qf' };
const btrfs: ScratchRecipe = { type: 'btrfs', sizeBytes: 512 * mib, mkfs: 'mkfs.btrfs -qf' };
const three = [ext4, xfs, btrfs];

/** The stretches that have data, by SEEK_DATA and SEEK_HOLE. */
async function dataRanges(calls: LinuxCalls, fd: number): Promise<[number, number][]> {
  const ranges: [number, number][] = [];
  for (let at = 0; ; ) {
    const begin = await calls.lseek(fd, at, abi.SEEK_DATA);
    if (begin === -errno.ENXIO) return ranges;
    const end = done(await calls.lseek(fd, done(begin), abi.SEEK_HOLE));
    ranges.push([begin, end]);
    at = end;
  }
}

describe('a file', () => {
  test.each(three)('of 5 GiB with holes is what was written, on $type', (recipe) =>
    onScratch(recipe, async ({ calls, kernel }) => {
      const fd = done(await calls.openat2(cwd, '/holes', create, 0o644));
      const places = [0, gib - 100, 2 ** 31 - 8192, 2 ** 32 - 5, 5 * gib - 3000];
      const piece = (place: number): Buffer => Buffer.alloc(3000, 1 + (place % 251));
      for (const place of places) expect(await calls.pwrite(fd, piece(place), place)).toBe(3000);
      expect(await calls.fsync(fd)).toBe(0);
      await kernel.dropCaches();
      expect(done(await calls.fstatx(fd))).toMatchObject({ size: 5 * gib });
      const whole = (place: number): [number, number] => [
        Math.floor(place / 4096) * 4096,
        Math.min(Math.ceil((place + 3000) / 4096) * 4096, 5 * gib),
      ];
      expect(await dataRanges(calls, fd)).toEqual(places.map(whole));
      for (const place of places) {
        const got = Buffer.alloc(3000);
        expect(await calls.pread(fd, got, place)).toBe(3000);
        expect(got.equals(piece(place))).toBe(true);
      }
      const hole = Buffer.alloc(mib, 1);
      expect(await calls.pread(fd, hole, 3 * gib)).toBe(mib);
      expect(hole.equals(Buffer.alloc(mib))).toBe(true);
      await calls.close(fd);
    }),
  );

  test.each([xfs, btrfs])('ends at 16 TiB on $type', (recipe) =>
    onScratch(recipe, async ({ calls }) => {
      const fd = done(await calls.openat2(cwd, '/far', create, 0o644));
      const far = 16 * tib - 64 * kib;
      expect(await calls.pwrite(fd, Buffer.from('far'), far)).toBe(3);
      expect(await calls.fsync(fd)).toBe(0);
      const got = Buffer.alloc(3);
      expect(await calls.pread(fd, got, far)).toBe(3);
      expect(got.toString()).toBe('far');
      expect(await calls.pwrite(fd, Buffer.from('x'), 16 * tib)).toBe(-errno.EFBIG);
      expect(await calls.ftruncate(fd, 17 * tib)).toBe(-errno.EFBIG);
      await calls.close(fd);
    }),
  );
});

describe('a disk', () => {
  const lazy = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
  const large: readonly ScratchRecipe[] = [
    { type: 'ext4', sizeBytes: 0, mkfs: `mke2fs -qF -t ext4 -J size=64 -N 1048576 -E ${lazy}` },
    { type: 'xfs', sizeBytes: 0, mkfs: 'mkfs.xfs -qfK -l size=64m' },
  ];

  test.each(large)('of 15 TiB is read and written, with $type', (recipe) =>
    withImage({ ...recipe, sizeBytes: 15 * tib }, async (scratch) => {
      await withVolume(scratch, async (volume) => {
        const { calls } = volume;
        const { blocks, frsize } = await volume.statfs();
        expect(blocks * frsize).toBeGreaterThan(14.9 * tib);
        const fd = done(await calls.openat2(cwd, '/here', create, 0o644));
        expect(await calls.pwrite(fd, Buffer.from('fifteen'), 0)).toBe(7);
        await calls.close(fd);
      });
      await withVolume(scratch, async ({ calls }) => {
        const fd = done(await calls.openat2(cwd, '/here', abi.O_RDONLY));
        const got = Buffer.alloc(7);
        expect(await calls.pread(fd, got, 0)).toBe(7);
        expect(got.toString()).toBe('fifteen');
        await calls.close(fd);
      });
    }),
  );

  // A page's index has 32 bits on wasm32: generic_check_addressable() and
  // xfs_sb_validate_fsb_count().
  for (const recipe of large) {
    testUnless(noTmpfs)(`of more than 16 TiB is refused with EFBIG, with ${recipe.type}`, () => {
      const sizeBytes = (recipe.type === 'xfs' ? 17 : 20) * tib;
      return withImage({ ...recipe, sizeBytes, folder: memoryFolder }, async (scratch) => {
        const mounting = withVolume(scratch, async () => {});
        await expect(mounting).rejects.toMatchObject({ code: 'EFBIG' });
      });
    });
  }
});

describe('300,000 names in a directory', () => {
  const count = 300_000;
  const small = 48 * mib;
  const recipe: ScratchRecipe = { ...ext4, sizeBytes: gib, mkfs: `${ext4.mkfs} -N 400000` };

  test('are created with many calls in flight, listed, and looked at in 48 MB', () =>
    withImage(recipe, async (scratch) => {
      const paths = Array.from({ length: count }, (_, index) => `/many/entry-${index}`);
      await withVolume(scratch, async ({ calls }) => {
        expect(await calls.mkdirat(cwd, '/many', 0o755)).toBe(0);
        await inLanes(paths, 250, async (path) => {
          const fd = await calls.openat2(cwd, path, create | abi.O_EXCL, 0o644);
          if (fd < 0 || (await calls.close(fd)) < 0) throw new Error(`${path}: ${fd}`);
        });
      });
      await expectClean(scratch);
      await withVolume({ ...scratch, memoryBytes: small }, async ({ calls }) => {
        const names = new Set<string>();
        const inodes = new Set<bigint>();
        const fd = done(await calls.openat2(cwd, '/many', abi.O_RDONLY | abi.O_DIRECTORY));
        for (;;) {
          const entries = done(await calls.getdents64(fd));
          if (entries.length === 0) break;
          for (const entry of entries) {
            names.add(entry.name.toString());
            inodes.add(entry.ino);
          }
        }
        await calls.close(fd);
        expect([names.size, inodes.size]).toEqual([count, count]);
        let seen = 0;
        await inLanes(paths, 64, async (path) => {
          const stat = await calls.statx(cwd, path);
          if (typeof stat !== 'number' && stat.type === abi.S_IFREG) seen++;
        });
        expect(seen).toBe(count);
      });
    }));
});

/** Works through a list with so many at once. */
async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

describe('names', () => {
  const odd = ['n'.repeat(255), '\xff\xfe\x80', '\x01\n\t', ' ', 'é'.repeat(127), '\xed\xa0\x80'];

  test.each(three)('are bytes, of up to 255, on $type', (recipe) =>
    onScratch(recipe, async ({ calls, kernel }) => {
      const names = odd.map((name) => Buffer.from(name, 'latin1'));
      for (const name of names) {
        const fd = done(await calls.openat2(cwd, name, create | abi.O_EXCL, 0o644));
        await calls.close(fd);
      }
      await kernel.dropCaches();
      const fd = done(await calls.openat2(cwd, '/', abi.O_RDONLY | abi.O_DIRECTORY));
      const found = done(await calls.getdents64(fd)).map((entry) => entry.name.toString('hex'));
      await calls.close(fd);
      const wished = names.map((name) => name.toString('hex'));
      expect(found).toEqual(expect.arrayContaining(wished));
      const long = 'n'.repeat(256);
      expect(await calls.openat2(cwd, long, create, 0o644)).toBe(-errno.ENAMETOOLONG);
    }),
  );
});

describeUnless(notRoot)('times', () => {
  /** Seconds and nanoseconds, with what they are. */
  const times: readonly (readonly [number, number])[] = [
    [-2147483649, 5], // one before what 32 bits hold
    [-2147483648, 0], // 1901-12-13
    [-1, 999_999_999], // 1969
    [0, 1],
    [2147483647, 999_999_999], // 2038-01-19
    [2147558400, 7], // 2038-01-20
    [4294967296, 123_456_789], // 2106
    [15032385535, 999_999_999], // 2446-05-10
    [15032385536, 1], // one after what ext4 holds
    [16299260425, 4], // 2486-07-02: XFS's last second
    [100_000_000_000, 3],
  ];
  const recipes: readonly (ScratchRecipe & { name: string })[] = [
    { name: 'ext4', ...ext4, mkfs: `${ext4.mkfs} -I 256` },
    { name: 'ext4 with small inodes', ...ext4, mkfs: `${ext4.mkfs} -I 128` },
    { name: 'xfs', ...xfs, mkfs: `${xfs.mkfs} -m bigtime=1` },
    { name: 'xfs without bigtime', ...xfs, mkfs: `${xfs.mkfs} -m bigtime=0` },
    { name: 'btrfs', ...btrfs },
  ];
  const script =
    'import json,os,sys\nos.chdir(sys.argv[1])\n' +
    'for i,(s,n) in enumerate(json.loads(sys.argv[2])):\n' +
    ' open(f"t{i}","w").close(); os.utime(f"t{i}",ns=(s*10**9+n,s*10**9+n))';
  const inFiles = (manifest: Awaited<ReturnType<typeof nativeManifest>>): string[] =>
    times.map((_, index) => manifest.find((entry) => entry.path === `/t${index}`)?.mtime ?? '');

  test.each(recipes)('are kept, and clamped, as natively on $name', async (recipe) => {
    const { type } = recipe;
    const wish = await withImage(recipe, async ({ image }) => {
      await withNativeMount(image, { type }, async (folder) => {
        await mustRun(['python3', '-c', script, folder, JSON.stringify(times)]);
      });
      return inFiles(await nativeManifest(image, { mount: { type } }));
    });
    await withImage(recipe, async (scratch) => {
      const seen: string[] = [];
      await withVolume(scratch, async ({ calls, kernel }) => {
        for (const [index, [sec, nsec]] of times.entries()) {
          const fd = done(await calls.openat2(cwd, `/t${index}`, create, 0o644));
          await calls.close(fd);
          const time = { sec, nsec };
          expect(await calls.utimensat(cwd, `/t${index}`, { atime: time, mtime: time })).toBe(0);
        }
        await kernel.dropCaches();
        for (const index of times.keys()) {
          const { mtime, atime } = done(await calls.statx(cwd, `/t${index}`));
          expect(atime).toEqual(mtime);
          seen.push(`${mtime.sec}.${String(mtime.nsec).padStart(9, '0')}`);
        }
      });
      expect(seen).toEqual(wish);
      expect(inFiles(await nativeManifest(scratch.image, { mount: { type } }))).toEqual(wish);
    });
  });
});

describe('extended attributes', () => {
  const subjects = [
    { name: 'xfs', recipe: xfs, most: 65536, beyond: -errno.E2BIG },
    {
      name: 'ext4 with ea_inode',
      recipe: { ...ext4, mkfs: `${ext4.mkfs} -O ea_inode` },
      ...{ most: 65536, beyond: -errno.E2BIG },
    },
    // One block, less its header and the entry; btrfs: BTRFS_MAX_XATTR_SIZE, less the name.
    { name: 'ext4', recipe: ext4, most: 4000, beyond: -errno.ENOSPC },
    { name: 'btrfs', recipe: btrfs, most: 16_000, beyond: -errno.ENOSPC },
  ];

  test.each(subjects)('of $most bytes are kept on $name', ({ recipe, most, beyond }) =>
    withImage(recipe, async (scratch) => {
      const value = new Random(testSeed()).bytes(most);
      await withVolume(scratch, async ({ calls, kernel }) => {
        const fd = done(await calls.openat2(cwd, '/big', create, 0o644));
        await calls.close(fd);
        expect(await calls.setxattrat(at(cwd, '/big'), 'user.big', value)).toBe(0);
        await kernel.dropCaches();
        const got = Buffer.alloc(65536);
        expect(await calls.getxattrat(at(cwd, '/big'), 'user.big', Buffer.alloc(0))).toBe(most);
        expect(await calls.getxattrat(at(cwd, '/big'), 'user.big', got)).toBe(most);
        expect(got.subarray(0, most).equals(value)).toBe(true);
        const short = Buffer.alloc(most - 1);
        expect(await calls.getxattrat(at(cwd, '/big'), 'user.big', short)).toBe(-errno.ERANGE);
        const large = Buffer.alloc(beyond === -errno.E2BIG ? 65537 : 17_000);
        expect(await calls.setxattrat(at(cwd, '/big'), 'user.large', large)).toBe(beyond);
      });
      await expectClean(scratch);
    }),
  );
});

describe('open files', () => {
  test.each([1000, 20_000])('may be %i at once', (count) =>
    onScratch({ ...ext4, mkfs: `${ext4.mkfs} -N 40000` }, async ({ calls }) => {
      const numbers = Array.from({ length: count }, (_, index) => index);
      const fds: number[] = [];
      await inLanes(numbers, 100, async (index) => {
        const fd = done(await calls.openat2(cwd, `/open${index}`, create, 0o644));
        fds[index] = fd;
        expect(await calls.pwrite(fd, Buffer.from(`file ${index}`), 0)).toBeGreaterThan(5);
      });
      expect(new Set(fds).size).toBe(count);
      await inLanes(numbers, 100, async (index) => {
        const got = Buffer.alloc(20);
        const length = await calls.pread(fds[index] as number, got, 0);
        expect(got.toString('latin1', 0, length)).toBe(`file ${index}`);
        expect(await calls.close(fds[index] as number)).toBe(0);
      });
    }),
  );
});

describe('48 MB of memory', () => {
  const recipe: ScratchRecipe = { ...ext4, sizeBytes: 1.25 * gib };
  const piece = (index: number): Buffer => {
    const bytes = Buffer.alloc(mib, index & 0xff);
    for (let at = 0; at < mib; at += 4096) bytes.writeUInt32LE(index * 256 + at / 4096, at);
    return bytes;
  };

  test('are enough to read a file of 1 GiB, also with 64 readers at once', () =>
    withImage(recipe, async (scratch) => {
      const count = 1024;
      const written = createHash('sha256');
      await withVolume(scratch, async ({ calls }) => {
        const fd = done(await calls.openat2(cwd, '/large', create, 0o644));
        for (let index = 0; index < count; index++) {
          const bytes = piece(index);
          written.update(bytes);
          expect(await calls.pwrite(fd, bytes, index * mib)).toBe(mib);
        }
        expect(await calls.fsync(fd)).toBe(0);
        await calls.close(fd);
      });
      await withVolume({ ...scratch, memoryBytes: 48 * mib }, async ({ calls }) => {
        const fd = done(await calls.openat2(cwd, '/large', abi.O_RDONLY));
        const read = createHash('sha256');
        const bytes = Buffer.alloc(mib);
        for (let index = 0; index < count; index++) {
          expect(await calls.pread(fd, bytes, index * mib)).toBe(mib);
          read.update(bytes);
        }
        expect(read.digest('hex')).toBe(written.digest('hex'));
        const random = new Random(testSeed());
        const places = Array.from({ length: 3000 }, () => random.below(count));
        await inLanes(places, 64, async (index) => {
          const page = Buffer.alloc(65536);
          const at = random.below(15) * 65536;
          expect(await calls.pread(fd, page, index * mib + at)).toBe(65536);
          if (!page.equals(piece(index).subarray(at, at + 65536))) {
            throw new Error(`seed ${random.seed}: ${index} MiB + ${at} reads wrong`);
          }
        });
        await calls.close(fd);
      });
    }));
});
