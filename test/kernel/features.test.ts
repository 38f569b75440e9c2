/**
 * What Linux' file systems can do beyond files and folders: freezing, trimming, labels, ACLs,
 * quotas, handles, nameless files, verity, encryption, case-insensitive folders.
 */
import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { MemoryDevice } from '../../src/block/memory-device.ts';
import { abi, errno } from '../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../src/vfs-linux/calls.ts';
import { at } from '../../src/vfs-linux/calls.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import {
  done,
  expectClean,
  onScratch,
  type ScratchRecipe,
  withImage,
  withVolume,
} from '../support/images/scratch-volume.ts';
import { mustRun } from '../support/run-program.ts';

const mib = 1024 * 1024;
const cwd = abi.AT_FDCWD;
const create = abi.O_CREAT | abi.O_RDWR;

const ext4: ScratchRecipe = {
  type: 'ext4',
  sizeBytes: 256 * mib,
  mkfs: 'mke2fs -qF -t ext4 -b 4096',
};
const xfs: ScratchRecipe = { type: 'xfs', sizeBytes: 320 * mib, mkfs: 'mkfs.xfs -qf' };
const btrfs: ScratchRecipe = { type: 'btrfs', sizeBytes: 2048 * mib, mkfs: 'mkfs.btrfs -qf' };
/** Else it trims by itself, when it has been idle for up to a minute (fs/f2fs/segment.h). */
const f2fsTrimmed = 'nodiscard';
const f2fs: ScratchRecipe = { type: 'f2fs', sizeBytes: 256 * mib, mkfs: 'mkfs.f2fs -q' };

/** Creates a file with a content. */
async function put(calls: LinuxCalls, path: string, content: string): Promise<void> {
  const fd = done(await calls.openat2(cwd, path, create, 0o644));
  expect(await calls.pwrite(fd, Buffer.from(content), 0)).toBe(Buffer.byteLength(content));
  expect(await calls.close(fd)).toBe(0);
}

async function get(calls: LinuxCalls, path: string): Promise<string> {
  const fd = done(await calls.openat2(cwd, path, abi.O_RDONLY));
  const bytes = Buffer.alloc(4096);
  const length = done(await calls.pread(fd, bytes, 0));
  await calls.close(fd);
  return bytes.toString('utf8', 0, length);
}

async function list(calls: LinuxCalls, path: string): Promise<Buffer[]> {
  const fd = done(await calls.openat2(cwd, path, abi.O_RDONLY | abi.O_DIRECTORY));
  const names: Buffer[] = [];
  for (;;) {
    const entries = done(await calls.getdents64(fd));
    if (entries.length === 0) break;
    names.push(...entries.map((entry) => entry.name));
  }
  await calls.close(fd);
  return names;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a frozen file system', () => {
  test.each([ext4, xfs, btrfs, f2fs])(
    'lets 300 writers wait, and go on when thawed: $type',
    (recipe) =>
      onScratch(recipe, async (volume) => {
        const { calls, kernel } = volume;
        await put(calls, '/before', 'before');
        await volume.freeze();
        const written = kernel.diskCounters.writes;
        let ended = 0;
        const writers = Array.from({ length: 300 }, async (_, index) => {
          await put(calls, `/during${index}`, `writer ${index}`);
          ended++;
        });
        await pause(300);
        expect(ended).toBe(0);
        expect(kernel.diskCounters.writes).toBe(written);
        await volume.thaw();
        await Promise.all(writers);
        expect(await get(calls, '/during299')).toBe('writer 299');
      }),
  );
});

describe('trimming', () => {
  test.each([ext4, xfs, btrfs, { ...f2fs, options: f2fsTrimmed }])(
    'gives the memory of deleted files back: $type',
    (recipe) =>
      withImage(recipe, async ({ image, type, sizeBytes, options = '' }) => {
        const device = new MemoryDevice(sizeBytes);
        await copyInto(device, image);
        await using kernel = await Kernel.boot();
        const disk = await kernel.attach(device);
        const request = { device: disk.name, types: [type], options, readOnly: false };
        const volume = await kernel.mount(request);
        const { calls } = volume;
        const empty = device.allocatedBytes;
        const fd = done(await calls.openat2(cwd, '/big', create, 0o644));
        for (let at = 0; at < 64 * mib; at += mib) await calls.pwrite(fd, Buffer.alloc(mib, 1), at);
        expect(await calls.fsync(fd)).toBe(0);
        await calls.close(fd);
        const full = device.allocatedBytes;
        expect(full - empty).toBeGreaterThan(60 * mib);
        expect(await calls.unlinkat(cwd, '/big')).toBe(0);
        await volume.syncfs();
        // XFS frees a file's blocks a little after its unlink.
        for (let attempt = 0; device.allocatedBytes > full - 55 * mib && attempt < 300; attempt++) {
          expect(await volume.trim()).toBeGreaterThanOrEqual(0);
          await pause(100);
        }
        expect(device.allocatedBytes).toBeLessThan(full - 55 * mib);
        await volume.close();
      }),
  );
});

/** Only the bytes that are not zero, so that the disk in memory is as sparse as the file. */
async function copyInto(device: MemoryDevice, image: string): Promise<void> {
  await using file = await open(image, 'r');
  const chunk = Buffer.alloc(65536);
  const zeroes = Buffer.alloc(65536);
  for (let at = 0; at < device.sizeBytes; at += chunk.length) {
    await file.read(chunk, 0, chunk.length, at);
    if (!chunk.equals(zeroes)) device.write([chunk], at, false);
  }
}

describe('a label', () => {
  const recipes = [
    { ...ext4, mkfs: `${ext4.mkfs} -L first` },
    { ...xfs, mkfs: `${xfs.mkfs} -L first` },
    { ...btrfs, mkfs: `${btrfs.mkfs} -L first` },
    { ...f2fs, mkfs: `${f2fs.mkfs} -l first` },
  ];

  test.each(recipes)('is read, and written for blkid to see: $type', (recipe) =>
    withImage(recipe, async (scratch) => {
      await withVolume(scratch, async (volume) => {
        expect(await volume.label()).toBe('first');
        if (scratch.type === 'f2fs') return;
        await volume.setLabel('später');
        expect(await volume.label()).toBe('später');
      });
      const seen = await mustRun(['blkid', '-p', '-s', 'LABEL', '-o', 'value', scratch.image]);
      expect(seen.stdout.toString().trim()).toBe(scratch.type === 'f2fs' ? 'first' : 'später');
    }),
  );

  test('that is too long is refused', () =>
    onScratch(ext4, async (volume) => {
      await expect(volume.setLabel('x'.repeat(17))).rejects.toMatchObject({ code: 'EINVAL' });
    }));
});

/** A POSIX ACL as an extended attribute has it: include/uapi/linux/posix_acl_xattr.h. */
function acl(...entries: readonly (readonly [tag: number, perm: number, id?: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(([tag, perm, id = 0xffffffff], index) => {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(perm, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  });
  return bytes;
}
const [userObj, user, groupObj, mask, other] = [1, 2, 4, 0x10, 0x20];

describe('POSIX ACLs', () => {
  test.each([ext4, xfs, btrfs, f2fs])('are obeyed and inherited on $type', (recipe) =>
    onScratch(recipe, async ({ calls, kernel }) => {
      await put(calls, '/secret', 'for 1001');
      expect(await calls.fchmodat2(cwd, '/secret', 0o600)).toBe(0);
      const may = acl([userObj, 6], [user, 4, 1001], [groupObj, 0], [mask, 4], [other, 0]);
      expect(await calls.setxattrat(at(cwd, '/secret'), 'system.posix_acl_access', may)).toBe(0);
      const named = calls.as(await kernel.identity({ uid: 1001, gid: 1 }));
      const stranger = calls.as(await kernel.identity({ uid: 1002, gid: 1 }));
      expect(await get(named, '/secret')).toBe('for 1001');
      expect(await named.openat2(cwd, '/secret', abi.O_RDWR)).toBe(-errno.EACCES);
      expect(await stranger.openat2(cwd, '/secret', abi.O_RDONLY)).toBe(-errno.EACCES);

      expect(await calls.mkdirat(cwd, '/folder', 0o755)).toBe(0);
      const inherited = 'system.posix_acl_default';
      expect(await calls.setxattrat(at(cwd, '/folder'), inherited, may)).toBe(0);
      await put(calls, '/folder/child', 'of the folder');
      const got = Buffer.alloc(200);
      const length = await calls.getxattrat(
        at(cwd, '/folder/child'),
        'system.posix_acl_access',
        got,
      );
      expect(got.subarray(0, length).equals(may)).toBe(true);
      expect(await stranger.openat2(cwd, '/folder/child', abi.O_RDONLY)).toBe(-errno.EACCES);
    }),
  );
});

describe('quotas', () => {
  test('of ext4 are counted while fsbridge writes', () =>
    withImage({ ...ext4, mkfs: `${ext4.mkfs} -O quota` }, async (scratch) => {
      await withVolume(scratch, async ({ calls }) => {
        for (let index = 0; index < 5; index++) {
          await put(calls, `/mine${index}`, 'x'.repeat(3000));
          expect(await calls.fchownat(cwd, `/mine${index}`, { uid: 1000, gid: 1000 })).toBe(0);
        }
      });
      await expectClean(scratch);
      const table = await mustRun(['debugfs', '-R', 'list_quota user', scratch.image]);
      // id, blocks, quota, limit, inodes, quota, limit
      expect(table.stdout.toString()).toMatch(/^\s*1000\s+20480\s+0\s+0\s+5\s/m);
    }));
});

describe('a handle', () => {
  test.each([ext4, xfs, btrfs, f2fs])('finds its file again after a new mount: $type', (recipe) =>
    withImage(recipe, async (scratch) => {
      const handle = await withVolume(scratch, async ({ calls }) => {
        await put(calls, '/here', 'found again');
        const got = done(await calls.nameToHandleAt(cwd, '/here'));
        expect(await calls.renameat2(at(cwd, '/here'), at(cwd, '/there'))).toBe(0);
        return got;
      });
      await withVolume(scratch, async ({ calls, root }) => {
        const mount = done(await calls.reopen(root, abi.O_RDONLY | abi.O_DIRECTORY));
        const fd = done(await calls.openByHandleAt(mount, handle, abi.O_RDONLY));
        const bytes = Buffer.alloc(11);
        expect(await calls.pread(fd, bytes, 0)).toBe(11);
        expect(bytes.toString()).toBe('found again');
        await calls.close(fd);
        expect(await calls.unlinkat(cwd, '/there')).toBe(0);
        expect(await calls.openByHandleAt(mount, handle, abi.O_RDONLY)).toBe(-errno.ESTALE);
        await calls.close(mount);
      });
    }),
  );
});

describe('a file without a name', () => {
  test.each([ext4, xfs, btrfs, f2fs])('gets one by linkat, or goes away: $type', (recipe) =>
    onScratch(recipe, async (volume) => {
      const { calls } = volume;
      const before = (await volume.statfs()).ffree;
      const kept = done(await calls.openat2(cwd, '/', abi.O_TMPFILE | abi.O_RDWR, 0o600));
      const lost = done(await calls.openat2(cwd, '/', abi.O_TMPFILE | abi.O_RDWR, 0o600));
      for (const fd of [kept, lost]) {
        expect(await calls.pwrite(fd, Buffer.from('no name'), 0)).toBe(7);
        expect(done(await calls.fstatx(fd))).toMatchObject({ nlink: 0, size: 7 });
      }
      expect(await calls.linkat(at(kept, ''), at(cwd, '/named'), abi.AT_EMPTY_PATH)).toBe(0);
      for (const fd of [kept, lost]) expect(await calls.close(fd)).toBe(0);
      expect(await get(calls, '/named')).toBe('no name');
      const names = (await list(calls, '/')).map(String).filter((name) => name !== 'lost+found');
      expect(names).toEqual(['named']);
      if (recipe.type === 'ext4') expect((await volume.statfs()).ffree).toBe(before - 1);
    }),
  );
});

describe('fs-verity', () => {
  test.each([
    { ...ext4, mkfs: `${ext4.mkfs} -O verity` },
    { ...f2fs, mkfs: `${f2fs.mkfs} -O verity` },
    btrfs,
  ])('makes a file unchangeable, and notices a changed disk: $type', (recipe) =>
    withImage(recipe, async (scratch) => {
      const content = Buffer.alloc(100_000, 'verity');
      let physical = 0;
      await withVolume(scratch, async ({ calls }) => {
        const fd = done(await calls.openat2(cwd, '/sealed', create, 0o644));
        expect(await calls.pwrite(fd, content, 0)).toBe(content.length);
        expect(await calls.fsync(fd)).toBe(0);
        await calls.close(fd);
        const reader = done(await calls.openat2(cwd, '/sealed', abi.O_RDONLY));
        // struct fsverity_enable_arg: version 1, SHA-256, blocks of 4096 bytes
        const wish = Buffer.alloc(128);
        wish.writeUInt32LE(1, 0);
        wish.writeUInt32LE(1, 4);
        wish.writeUInt32LE(4096, 8);
        expect(await calls.ioctl(reader, abi.FS_IOC_ENABLE_VERITY, wish)).toBe(0);
        expect(done(await calls.fstatx(reader)).attributes & abi.STATX_ATTR_VERITY).not.toBe(0);
        physical = await physicalOffset(calls, reader);
        await calls.close(reader);
        expect(await calls.openat2(cwd, '/sealed', abi.O_RDWR)).toBe(-errno.EPERM);
      });
      // btrfs finds it by its own checksums, at an address of its own.
      if (recipe.type === 'btrfs') return;
      await using file = await open(scratch.image, 'r+');
      await file.write(Buffer.from('VERITY'), 0, 6, physical + 40_000);
      await withVolume(scratch, async ({ calls }) => {
        const fd = done(await calls.openat2(cwd, '/sealed', abi.O_RDONLY));
        const page = Buffer.alloc(4096);
        expect(await calls.pread(fd, page, 0)).toBe(4096);
        expect(page.equals(content.subarray(0, 4096))).toBe(true);
        expect(await calls.pread(fd, page, 40_000 - (40_000 % 4096))).toBe(-errno.EIO);
        await calls.close(fd);
      });
    }),
  );
});

/** Where a file's first byte lies on the disk: FIEMAP. */
async function physicalOffset(calls: LinuxCalls, fd: number): Promise<number> {
  const map = Buffer.alloc(abi['fiemap.size'] + abi['fiemap_extent.size']);
  map.writeBigUInt64LE(1n << 40n, abi['fiemap.fm_length']);
  map.writeUInt32LE(abi.FIEMAP_FLAG_SYNC, abi['fiemap.fm_flags']);
  map.writeUInt32LE(1, abi['fiemap.fm_extent_count']);
  expect(await calls.ioctl(fd, abi.FS_IOC_FIEMAP, map)).toBe(0);
  const place = abi['fiemap.fm_extents'] + abi['fiemap_extent.fe_physical'];
  return Number(map.readBigUInt64LE(place));
}

describe('fscrypt', () => {
  // include/uapi/linux/fscrypt.h
  const addKey = 0xc0506617;
  const setPolicy = 0x800c6613;
  const key = Buffer.alloc(64, 'a key of 64 bytes ');

  /** Gives the volume the key; answers the key's identifier. */
  async function unlock(calls: LinuxCalls, root: number): Promise<Buffer> {
    const fd = done(await calls.reopen(root, abi.O_RDONLY | abi.O_DIRECTORY));
    // struct fscrypt_add_key_arg: the specifier (type 2, identifier), raw_size, …, raw
    const arg = Buffer.alloc(80 + key.length);
    arg.writeUInt32LE(2, 0);
    arg.writeUInt32LE(key.length, 40);
    key.copy(arg, 80);
    expect(await calls.ioctl(fd, addKey, arg)).toBe(0);
    await calls.close(fd);
    return arg.subarray(8, 24);
  }

  test.each([
    { ...ext4, mkfs: `${ext4.mkfs} -O encrypt` },
    { ...f2fs, mkfs: `${f2fs.mkfs} -O encrypt` },
  ])('hides names and contents without the key: $type', (recipe) =>
    withImage(recipe, async (scratch) => {
      await withVolume(scratch, async ({ calls, root }) => {
        const identifier = await unlock(calls, root);
        expect(await calls.mkdirat(cwd, '/vault', 0o755)).toBe(0);
        const fd = done(await calls.openat2(cwd, '/vault', abi.O_RDONLY | abi.O_DIRECTORY));
        // struct fscrypt_policy_v2: AES-256-XTS, AES-256-CTS, names padded to 32
        const policy = Buffer.alloc(24);
        policy.set([2, 1, 4, 3], 0);
        identifier.copy(policy, 8);
        expect(await calls.ioctl(fd, setPolicy, policy)).toBe(0);
        await calls.close(fd);
        await put(calls, '/vault/diary', 'dear diary');
      });
      await withVolume(scratch, async ({ calls, root }) => {
        const [name] = await list(calls, '/vault');
        if (name === undefined) throw new Error('the encrypted directory is empty');
        expect(name.toString()).not.toBe('diary');
        const path = `/vault/${name}`;
        expect(done(await calls.statx(cwd, path))).toMatchObject({ size: 10 });
        expect(await calls.openat2(cwd, path, abi.O_RDONLY)).toBe(-errno.ENOKEY);
        expect(await calls.openat2(cwd, '/vault/new', create, 0o644)).toBe(-errno.ENOKEY);
        await unlock(calls, root);
        expect(await get(calls, '/vault/diary')).toBe('dear diary');
      });
      await expectClean(scratch);
    }),
  );
});

describe('a folder without case', () => {
  const casefold = 0x40000000; // FS_CASEFOLD_FL

  test.each([
    { ...ext4, mkfs: `${ext4.mkfs} -O casefold -E encoding=utf8` },
    { ...f2fs, mkfs: `${f2fs.mkfs} -O casefold -C utf8` },
  ])('finds names in any case and keeps them as given: $type', (recipe) =>
    onScratch(recipe, async ({ calls, kernel }) => {
      expect(await calls.mkdirat(cwd, '/any', 0o755)).toBe(0);
      const fd = done(await calls.openat2(cwd, '/any', abi.O_RDONLY | abi.O_DIRECTORY));
      const flags = Buffer.alloc(4);
      expect(await calls.ioctl(fd, abi.FS_IOC_GETFLAGS, flags)).toBe(0);
      flags.writeUInt32LE((flags.readUInt32LE(0) | casefold) >>> 0, 0);
      expect(await calls.ioctl(fd, abi.FS_IOC_SETFLAGS, flags)).toBe(0);
      await calls.close(fd);
      await put(calls, '/any/Straße', 'a street');
      await kernel.dropCaches();
      for (const name of ['Straße', 'STRASSE', 'strasse']) {
        expect(await get(calls, `/any/${name}`)).toBe('a street');
      }
      const exclusive = create | abi.O_EXCL;
      expect(await calls.openat2(cwd, '/any/sTRAsse', exclusive, 0o644)).toBe(-errno.EEXIST);
      expect((await list(calls, '/any')).map(String)).toEqual(['Straße']);
      expect(await calls.openat2(cwd, '/ANY', abi.O_RDONLY)).toBe(-errno.ENOENT);
    }),
  );
});
