/**
 * The calls that open, change or list and answer a statx too, against the calls that they replace.
 */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type {
  ChangedStatx,
  LinuxCalls,
  Lookup,
  OpenedStatx,
} from '../../../src/vfs-linux/calls.ts';
import { at, encodeDevice } from '../../../src/vfs-linux/calls.ts';
import type { DirentStatx } from '../../../src/vfs-linux/dirents.ts';
import type { Statx } from '../../../src/vfs-linux/statx.ts';
import { done } from '../../support/images/scratch-volume.ts';
import {
  cannotMount,
  type FreshType,
  type FreshVolume,
  mountFresh,
} from '../../support/kernel-volume.ts';

const files = 3000;
const handleFlags = abi.O_PATH | abi.O_NOFOLLOW;

/** A statx in a shape that can be compared. */
function facts(statx: Statx): unknown {
  const { ino, mode, size, nlink, uid, gid, blocks, blksize, attributes } = statx;
  // Only statx(2) itself answers the mount's id.
  const mask = statx.mask & ~abi.STATX_MNT_ID;
  const { atime, btime, ctime, mtime, rdevMajor, rdevMinor, devMajor, devMinor } = statx;
  const times = { atime, btime, ctime, mtime };
  const numbers = { ino, mode, size, nlink, uid, gid, blocks, blksize, mask, attributes };
  return { ...numbers, ...times, rdevMajor, rdevMinor, devMajor, devMinor };
}

async function fill(calls: LinuxCalls): Promise<void> {
  done(await calls.mkdirat(abi.AT_FDCWD, 'many', 0o755));
  const many = done(await calls.openat2(abi.AT_FDCWD, 'many', abi.O_RDONLY | abi.O_DIRECTORY));
  for (let i = 0; i < files; i++) {
    const name = `file number ${i}`;
    const fd = done(await calls.openat2(many, name, abi.O_CREAT | abi.O_WRONLY, 0o644));
    if (i % 100 === 0) done(await calls.ftruncate(fd, i));
    done(await calls.close(fd));
  }
  done(await calls.symlinkat('nowhere', many, 'link'));
  done(await calls.mknodat(many, 'device', abi.S_IFCHR | 0o600, encodeDevice(5, 1)));
  done(await calls.mkdirat(many, 'directory', 0o700));
  done(await calls.close(many));
}

async function listAll(
  calls: LinuxCalls,
  fd: number,
  request: Parameters<LinuxCalls['getdentsStatx']>[2],
): Promise<DirentStatx[]> {
  const all: DirentStatx[] = [];
  for (let offset = 0n; ; ) {
    const some = await calls.getdentsStatx(fd, offset, request);
    if (typeof some === 'number') throw new Error(`getdentsStatx answered ${some}`);
    if (some.length === 0) return all;
    all.push(...some);
    offset = (some.at(-1) as DirentStatx).next;
  }
}

const types: readonly FreshType[] = ['ext4', 'xfs', 'btrfs'];
for (const type of types.filter((type) => cannotMount(type) === undefined)) {
  describe(`on ${type}`, () => {
    let mounted: FreshVolume;
    let calls: LinuxCalls;
    let many: number;
    beforeAll(async () => {
      mounted = await mountFresh(type);
      calls = mounted.volume.calls;
      await fill(calls);
      many = done(await calls.openat2(abi.AT_FDCWD, 'many', abi.O_RDONLY | abi.O_DIRECTORY));
    });
    afterAll(() => mounted.close());

    test('openat2Statx opens a file, a directory and a link itself, with their statx', async () => {
      for (const [name, flags, kind] of [
        ['file number 100', abi.O_RDONLY, abi.S_IFREG],
        ['directory', abi.O_RDONLY | abi.O_DIRECTORY, abi.S_IFDIR],
        ['link', handleFlags, abi.S_IFLNK],
        ['device', handleFlags, abi.S_IFCHR],
      ] as const) {
        const opened = await calls.openat2Statx(many, name, { flags });
        if (typeof opened === 'number') throw new Error(`${name}: ${opened}`);
        expect(opened.statx.type).toBe(kind);
        expect(facts(opened.statx)).toEqual(facts(done(await calls.fstatx(opened.fd)) as Statx));
        done(await calls.close(opened.fd));
      }
      const reading = { flags: abi.O_RDONLY };
      expect(await calls.openat2Statx(many, 'none', reading)).toBe(-errno.ENOENT);
      expect(await calls.openat2Statx(many, 'link', reading)).toBe(-errno.ENOENT);
    });

    test('a listing gives every name once, with its statx', async () => {
      const entries = await listAll(calls, many, { handles: true });
      const names = new Set(entries.map((entry) => entry.text));
      expect(entries.length).toBe(files + 3);
      expect(names.size).toBe(files + 3);
      for (const entry of entries.filter((_, i) => i % 97 === 0 || i > entries.length - 3)) {
        const statx = done(await calls.statx(many, entry.name, abi.AT_SYMLINK_NOFOLLOW)) as Statx;
        expect(facts(entry.statx as Statx)).toEqual(facts(statx));
        expect(entry.ino).toBe(statx.ino);
        expect(entry.handle).toEqual(await calls.nameToHandleAt(many, entry.name));
      }
    });

    test('a listing can continue after any entry, wherever the descriptor is', async () => {
      const all = await listAll(calls, many, {});
      const last = (list: DirentStatx[]): DirentStatx => list.at(-1) as DirentStatx;
      for (const at of [0, 1, 2, 700, 1999, files]) {
        const rest = await calls.getdentsStatx(many, (all[at] as DirentStatx).next, {
          limitBytes: 10,
        });
        expect((rest as DirentStatx[]).map((e) => e.text)).toEqual([all[at + 1]?.text]);
      }
      expect(await calls.getdentsStatx(many, last(all).next)).toEqual([]);
    });

    test('names that stay are listed once each while others come and go', async () => {
      const staying = new Map<string, number>();
      let offset = 0n;
      for (let turn = 0; ; turn++) {
        const some = await calls.getdentsStatx(many, offset, { limitBytes: 1 });
        if (typeof some === 'number') throw new Error(`answered ${some}`);
        const [entry] = some;
        if (entry === undefined) break;
        const name = entry.text as string;
        if (!name.startsWith('passing')) staying.set(name, (staying.get(name) ?? 0) + 1);
        offset = entry.next;
        if (turn > 2 * files) throw new Error('the listing does not end');
        if (turn % 5 !== 0) continue;
        const fd = await calls.openat2(many, `passing ${turn}`, abi.O_CREAT | abi.O_RDWR, 0o600);
        done(await calls.close(done(fd)));
        if (turn % 10 === 0 && turn > 20) {
          done(await calls.unlinkat(many, `passing ${turn - 20}`));
        }
      }
      expect(staying.size).toBe(files + 3);
      expect([...staying.values()].filter((times) => times !== 1)).toEqual([]);
      for (const entry of await listAll(calls, many, {})) {
        if (entry.text?.startsWith('passing')) done(await calls.unlinkat(many, entry.name));
      }
    });

    test('a listing stops where the caller’s room, by the caller’s measure, ends', async () => {
      const fuse = 152;
      const limitBytes = 4096;
      const some = await calls.getdentsStatx(many, 0n, { limitBytes, entryBytes: fuse });
      const cost = (entry: DirentStatx): number => Math.ceil((fuse + entry.name.length) / 8) * 8;
      const sum = (some as DirentStatx[]).reduce((total, entry) => total + cost(entry), 0);
      expect(sum).toBeLessThanOrEqual(limitBytes);
      expect(sum).toBeGreaterThan(limitBytes - 2 * fuse);
    });

    test('"." and ".." come when asked for, with the directory and its parent', async () => {
      const [dot, dots] = (await listAll(calls, many, { dots: true }))
        .filter((entry) => /^\.+$/.test(entry.name.toString()))
        .sort((a, b) => a.name.length - b.name.length) as [DirentStatx, DirentStatx];
      const root = done(await calls.fstatx(calls.root)) as Statx;
      expect(dot.statx?.ino).toBe((done(await calls.fstatx(many)) as Statx).ino);
      expect(dots.statx?.ino).toBe(root.ino);
      const top = done(await calls.openat2(abi.AT_FDCWD, '/', abi.O_RDONLY | abi.O_DIRECTORY));
      const ofRoot = await listAll(calls, top, { dots: true });
      expect(ofRoot.find((entry) => entry.text === '..')?.statx?.ino).toBe(root.ino);
      done(await calls.close(top));
    });

    test('a caller who may not search a directory gets names without statx', async () => {
      const cred = await mounted.kernel.identity({ uid: 1000, gid: 1000 });
      done(await calls.fchmodat2(abi.AT_FDCWD, 'many', 0o744));
      const entries = await calls.as(cred).getdentsStatx(many, 0n, { handles: true });
      expect((entries as DirentStatx[]).length).toBeGreaterThan(100);
      for (const entry of entries as DirentStatx[]) {
        expect([entry.statx, entry.handle]).toEqual([undefined, undefined]);
      }
      done(await calls.fchmodat2(abi.AT_FDCWD, 'many', 0o755));
      await mounted.kernel.forgetIdentity(cred);
    });

    test('a file that was looked up is opened by its handle', async () => {
      const found = await calls.lookup(many, 'link', abi.AT_SYMLINK_NOFOLLOW, { handle: true });
      if (typeof found === 'number') throw new Error(`answered ${found}`);
      expect(found.handle).toEqual(await calls.nameToHandleAt(many, 'link'));
      const handle = found.handle as Buffer;
      const fd = done(await calls.openByHandleAt(calls.root, handle, handleFlags));
      expect(facts(done(await calls.fstatx(fd)))).toEqual(facts(found.statx));
      expect(await calls.readlinkat(fd, '')).toEqual(Buffer.from('nowhere'));
      done(await calls.close(fd));
      expect(await calls.lookup(many, 'none', 0, { handle: true })).toBe(-errno.ENOENT);
      handle[handle.length - 1] = (handle[handle.length - 1] as number) ^ 0x55;
      expect(await calls.openByHandleAt(calls.root, handle, handleFlags)).toBe(-errno.ESTALE);
    });

    test('a small attribute comes with its file', async () => {
      const want = { xattr: 'user.small' };
      done(await calls.setxattrat(at(many, 'directory'), 'user.small', Buffer.from('value')));
      done(await calls.setxattrat(at(many, 'file number 7'), 'user.small', Buffer.alloc(65)));
      done(await calls.setxattrat(at(many, 'file number 8'), 'user.other', Buffer.from('x')));
      const named = new Map(
        (await listAll(calls, many, { xattr: 'user.small' })).map((e) => [e.text, e.xattrs]),
      );
      const expected = [
        ['directory', 11, Buffer.from('value')],
        ['file number 7', 11, -errno.ERANGE],
        ['file number 8', 11, -errno.ENODATA],
        ['file number 9', 0, -errno.ENODATA],
        ['link', 0, -errno.ENODATA],
      ] as const;
      for (const [name, listBytes, value] of expected) {
        const xattrs = { listBytes, value };
        expect({ ...named.get(name) }).toEqual(xattrs);
        const found = await calls.lookup(many, name, abi.AT_SYMLINK_NOFOLLOW, want);
        expect({ ...(found as Lookup).xattrs }).toEqual(xattrs);
        const opened = await calls.openat2Statx(many, name, { flags: handleFlags }, want);
        if (typeof opened === 'number') throw new Error(`answered ${opened}`);
        expect({ ...opened.xattrs }).toEqual(xattrs);
        const again = await calls.lookup(opened.fd, '', abi.AT_EMPTY_PATH, want);
        expect({ ...(again as Lookup).xattrs }).toEqual(xattrs);
        done(await calls.close(opened.fd));
      }
      const tooLong = { xattr: `user.${'x'.repeat(255)}` };
      expect(await calls.lookup(many, 'directory', 0, tooLong)).toBe(-errno.ERANGE);
    });

    test('a write and a change of size answer the file’s new statx', async () => {
      const how = { flags: abi.O_CREAT | abi.O_RDWR, mode: 0o666 };
      const opened = await calls.openat2Statx(many, 'written', how);
      if (typeof opened === 'number') throw new Error(`answered ${opened}`);
      const { fd } = opened;
      expect(opened.created).toBe(true);
      const text = Buffer.from('0123456789');
      const sizeAfter = async (change: Promise<ChangedStatx | number>): Promise<unknown> => {
        const { ret, statx } = done(await change) as ChangedStatx;
        return [ret, statx?.size];
      };
      expect(await sizeAfter(calls.pwriteStatx(fd, text, 5))).toEqual([10, 15]);
      expect(await sizeAfter(calls.ftruncateStatx(fd, 12))).toEqual([0, 12]);
      const clip = abi.BRIDGE_PWRITE_CLIP;
      expect(await sizeAfter(calls.pwriteStatx(fd, text, 8n, clip))).toEqual([4, 12]);
      expect(await sizeAfter(calls.pwriteStatx(fd, text, 12, clip))).toEqual([0, 12]);
      expect(await sizeAfter(calls.pwriteStatx(fd, text, 0, abi.RWF_APPEND))).toEqual([10, 22]);
      const large = Buffer.alloc(2 ** 21 + 5);
      const all = large.length;
      expect(await sizeAfter(calls.pwriteStatx(fd, large, 0))).toEqual([all, all]);
      const read = Buffer.alloc(22);
      expect(await calls.pwriteStatx(fd, text, -1)).toBe(-errno.EINVAL);
      done(await calls.ftruncate(fd, 0));
      expect(await calls.pread(fd, read, 0)).toBe(0);
      const again = await calls.openat2Statx(many, 'written', how);
      expect((again as OpenedStatx).created).toBe(false);
      expect(await calls.closeAll([fd, (again as OpenedStatx).fd, 99999])).toBe(1);
      expect(await calls.fstatx(fd)).toBe(-errno.EBADF);
      done(await calls.unlinkat(many, 'written'));
    });

    test('the umask holds unless the directory has a default ACL', async () => {
      const masked = calls.as(0, 0o027);
      const modeOf = async (name: string): Promise<number> =>
        (done(await calls.statx(many, name)) as Statx).mode & 0o777;
      done(await masked.mkdirat(many, 'masked', 0o777));
      expect(await modeOf('masked')).toBe(0o750);
      done(await calls.mkdirat(many, 'unmasked', 0o777));
      expect(await modeOf('unmasked')).toBe(0o777);
      // Version 2; entries of tag, permissions, id: user rwx, group rwx, other rwx.
      const acl = Buffer.from('0200000001000700ffffffff04000700ffffffff20000700ffffffff', 'hex');
      const name = 'system.posix_acl_default';
      done(await calls.setxattrat(at(many, 'masked'), name, acl));
      done(await masked.mkdirat(many, 'masked/inner', 0o777));
      expect(await modeOf('masked/inner')).toBe(0o777);
      for (const path of ['masked/inner', 'masked', 'unmasked']) {
        done(await calls.unlinkat(many, path, abi.AT_REMOVEDIR));
      }
    });

    test('a file that is no directory is not listed', async () => {
      const fd = done(await calls.openat2(many, 'file number 0', abi.O_RDONLY));
      expect(await calls.getdentsStatx(fd, 0n)).toBe(-errno.ENOTDIR);
      done(await calls.close(fd));
      expect(await calls.getdentsStatx(fd, 0n)).toBe(-errno.EBADF);
    });

    test('offsets up to 2^63 arrive whole', async () => {
      const fd = done(await calls.openat2(many, 'sparse', abi.O_CREAT | abi.O_RDWR, 0o644));
      // The last byte of the largest file that a 32-bit kernel supports.
      const lastByte = 2 ** 44 - 4097;
      const byte = Buffer.from('x');
      const most = 2n ** 63n - 2n;
      expect(await calls.pwrite(fd, byte, most)).toBe(-errno.EFBIG);
      expect(await calls.pwrite(fd, byte, -1n)).toBe(-errno.EINVAL);
      expect(await calls.pread(fd, byte, most)).toBeLessThanOrEqual(0);
      expect(await calls.lseek(fd, most, abi.SEEK_SET)).toBe(-errno.EINVAL);
      expect(await calls.ftruncate(fd, most)).toBe(-errno.EFBIG);
      if (type !== 'ext4') {
        expect(await calls.pwrite(fd, byte, lastByte)).toBe(1);
        expect(await calls.lseek(fd, 1, abi.SEEK_DATA)).toBeGreaterThan(lastByte - 65536);
        expect(await calls.lseek(fd, 0n, abi.SEEK_END)).toBe(lastByte + 1);
        expect(await calls.pread(fd, byte, BigInt(lastByte))).toBe(1);
        expect(byte.toString()).toBe('x');
      }
      done(await calls.close(fd));
      done(await calls.unlinkat(many, 'sparse'));
    });
  });
}
