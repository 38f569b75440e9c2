/**
 * What a request finds out besides, as a transport asks for it: through the ring itself, with the
 * results read where they lie.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { copyHandle } from '../../../src/vfs-linux/found.ts';
import { Statx } from '../../../src/vfs-linux/statx.ts';
import { done } from '../../support/images/scratch-volume.ts';
import {
  cannotMount,
  type FreshType,
  type FreshVolume,
  mountFresh,
} from '../../support/kernel-volume.ts';

interface Told {
  readonly ret: number;
  readonly statx: Statx;
  readonly handle: Buffer | undefined;
}

/** An operation on one or two names, which is to find out about what it leaves. */
function ask(
  calls: LinuxCalls,
  op: number,
  names: readonly string[],
  args: readonly number[],
  what: number,
): Promise<Told> {
  const { ring } = calls;
  const { memory } = ring;
  return ring.call<Told>(
    op,
    calls.root,
    calls.cred,
    (slot) => {
      args.forEach((value, index) => {
        ring.arg(slot, index, value);
      });
      names.forEach((name, index) => {
        memory.bytes.write(`${name}\0`, ring.buffer(slot) + index * abi.BRIDGE_SECOND);
      });
      ring.andFind(slot, what);
    },
    (slot, ret) => {
      const at = ring.buffer(slot) + abi.BRIDGE_SECOND;
      const handle = copyHandle(memory, at + abi['bridge_lookup.handle']);
      return { ret, statx: new Statx(memory, at), handle };
    },
  );
}

const types: readonly FreshType[] = ['ext4', 'xfs', 'btrfs'];
for (const type of types.filter((type) => cannotMount(type) === undefined)) {
  describe(`a request on ${type}`, () => {
    let mounted: FreshVolume;
    let calls: LinuxCalls;
    let dir: number;
    const first = abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE;

    beforeAll(async () => {
      mounted = await mountFresh(type);
      calls = mounted.volume.calls;
      done(await calls.mkdirat(abi.AT_FDCWD, 'dir', 0o755));
      dir = done(await calls.openat2(abi.AT_FDCWD, 'dir', abi.O_PATH));
    });
    afterAll(() => mounted.close());

    const create = async (name: string): Promise<number> =>
      done(await calls.openat2(dir, name, abi.O_CREAT | abi.O_RDWR, 0o644));

    test('that makes a directory, a device, a link or a name tells of it', async () => {
      const made = await ask(calls, abi.BRIDGE_OP_mkdirat, ['d'], [dir, 0o700], first);
      expect([made.ret, made.statx.type]).toEqual([0, abi.S_IFDIR]);
      expect(made.handle).toEqual(await calls.nameToHandleAt(dir, 'd'));
      const mode = abi.S_IFIFO | 0o600;
      const node = await ask(calls, abi.BRIDGE_OP_mknodat, ['p'], [dir, mode, 0], first);
      expect([node.ret, node.statx.type]).toEqual([0, abi.S_IFIFO]);
      const second = abi.BRIDGE_LOOKUP_SECOND | abi.BRIDGE_LOOKUP_HANDLE;
      const link = await ask(calls, abi.BRIDGE_OP_symlinkat, ['to', 'l'], [dir], second);
      expect([link.ret, link.statx.type, link.statx.size]).toEqual([0, abi.S_IFLNK, 2]);
      const linked = abi.BRIDGE_LOOKUP_LINK | abi.BRIDGE_LOOKUP_HANDLE;
      const args = [dir, dir, 0];
      const hard = await ask(calls, abi.BRIDGE_OP_linkat, ['p', 'p2'], args, linked);
      expect([hard.ret, hard.statx.nlink]).toEqual([0, 2]);
      expect(hard.handle).toEqual(node.handle);
      for (const name of ['p', 'p2', 'l']) done(await calls.unlinkat(dir, name));
      done(await calls.unlinkat(dir, 'd', abi.AT_REMOVEDIR));
    });

    test('that fails tells of nothing', async () => {
      done(await calls.close(await create('there')));
      const again = await ask(calls, abi.BRIDGE_OP_mkdirat, ['there'], [dir, 0o700], first);
      expect(again.ret).toBe(-errno.EEXIST);
      done(await calls.unlinkat(dir, 'there'));
    });

    test('that takes the last name of a file keeps the file', async () => {
      const fd = await create('victim');
      done(await calls.pwrite(fd, Buffer.from('still here'), 0));
      done(await calls.linkat(dir, 'victim', dir, 'other'));
      done(await calls.close(fd));
      const handle = done(await calls.nameToHandleAt(dir, 'victim')) as Buffer;
      const one = await ask(calls, abi.BRIDGE_OP_unlinkat_held, ['other'], [dir, 0], 0);
      expect([one.ret, one.statx.nlink, one.handle]).toEqual([0, 1, handle]);
      const last = await ask(calls, abi.BRIDGE_OP_unlinkat_held, ['victim'], [dir, 0], 0);
      expect(last.ret).toBeGreaterThan(0);
      expect([last.statx.nlink, last.handle]).toEqual([0, handle]);
      const open = done(await calls.reopen(last.ret, abi.O_RDONLY));
      const text = Buffer.alloc(10);
      expect(await calls.pread(open, text, 0)).toBe(10);
      expect(text.toString()).toBe('still here');
      expect(await calls.closeAll([open, last.ret])).toBe(0);
      const gone = await ask(calls, abi.BRIDGE_OP_unlinkat_held, ['victim'], [dir, 0], 0);
      expect([gone.ret, gone.statx.mask]).toEqual([-errno.ENOENT, 0]);
    });

    test('that renames over a file keeps that file', async () => {
      done(await calls.close(await create('target')));
      done(await calls.close(await create('source')));
      const handle = done(await calls.nameToHandleAt(dir, 'target')) as Buffer;
      const names = ['source', 'target'];
      const over = await ask(calls, abi.BRIDGE_OP_renameat2_held, names, [dir, dir, 0], 0);
      expect(over.ret).toBeGreaterThan(0);
      expect([over.statx.nlink, over.handle]).toEqual([0, handle]);
      done(await calls.close(over.ret));
      const back = ['target', 'source'];
      const free = await ask(calls, abi.BRIDGE_OP_renameat2_held, back, [dir, dir, 0], 0);
      expect([free.ret, free.statx.mask]).toEqual([0, 0]);
      done(await calls.unlinkat(dir, 'source'));
    });

    test('that sets times may set ctime too, and the disk keeps it', async () => {
      const { ring } = calls;
      done(await calls.close(await create('timed')));
      const ret = await ring.call(abi.BRIDGE_OP_utimensat_ctime, calls.root, calls.cred, (slot) => {
        [dir, 0, 11, 22, 33].forEach((value, index) => {
          ring.arg(slot, index, value);
        });
        [1_000_000_001, 1_000_000_002, 1_000_000_003].forEach((value, index) => {
          ring.wide(slot, index, value);
        });
        ring.memory.bytes.write('timed\0', ring.buffer(slot));
      });
      expect(ret).toBe(0);
      done(await calls.syncfs(dir));
      await mounted.kernel.dropCaches();
      const { atime, mtime, ctime } = done(await calls.statx(dir, 'timed')) as Statx;
      expect([atime, mtime, ctime]).toEqual([
        { sec: 1_000_000_001, nsec: 11 },
        { sec: 1_000_000_002, nsec: 22 },
        { sec: 1_000_000_003, nsec: 33 },
      ]);
      done(await calls.unlinkat(dir, 'timed'));
    });

    test('that cuts what a handle stands for is truncate(2), not ftruncate(2)', async () => {
      const { ring } = calls;
      const { memory } = ring;
      done(await calls.close(await create('cut')));
      const past = { sec: 1_000_000_000, nsec: 0 };
      const path = done(await calls.openat2(dir, 'cut', abi.O_PATH));
      const truncate = (lengthBytes: number): Promise<Told> =>
        ring.call<Told>(
          abi.BRIDGE_OP_truncate,
          calls.root,
          calls.cred,
          (slot) => {
            ring.arg(slot, 0, path);
            ring.wide(slot, 0, lengthBytes);
            ring.andFind(slot, abi.BRIDGE_LOOKUP_FD);
          },
          (slot, ret) => {
            const statx = new Statx(memory, ring.buffer(slot) + abi.BRIDGE_SECOND);
            return { ret, statx, handle: undefined };
          },
        );
      const longer = await truncate(5000);
      expect([longer.ret, longer.statx.size]).toEqual([0, 5000]);
      done(await calls.utimensat(dir, 'cut', past, past));
      const same = await truncate(5000);
      expect(same.ret).toBe(0);
      // ext4 sets them itself; the others' are left alone, as ftruncate(2) would not.
      if (type !== 'ext4') expect(same.statx.mtime).toEqual(past);
      const shorter = await truncate(10);
      expect([shorter.ret, shorter.statx.size]).toEqual([0, 10]);
      expect(shorter.statx.mtimeSec).toBeGreaterThan(past.sec);
      expect((await truncate(-1)).ret).toBe(-errno.EINVAL);
      done(await calls.close(path));
      expect((await truncate(0)).ret).toBe(-errno.EBADF);
      done(await calls.unlinkat(dir, 'cut'));
    });

    test('under an identity has the capabilities that it was given, and no others', async () => {
      done(await calls.mkdirat(dir, 'private', 0o700));
      const cred = await mounted.kernel.identity({
        uid: 1000,
        gid: 1000,
        capabilities: ['CAP_DAC_OVERRIDE', 'CAP_CHOWN'],
      });
      const theirs = calls.as(cred);
      const opened = await theirs.openat2Statx(
        dir,
        'private/file',
        abi.O_CREAT | abi.O_RDWR,
        0o600,
      );
      if (typeof opened === 'number') throw new Error(`answered ${opened}`);
      expect([opened.statx.uid, opened.statx.gid]).toEqual([1000, 1000]);
      expect(await theirs.fchownat(opened.fd, '', 1001, 1001, abi.AT_EMPTY_PATH)).toBe(0);
      expect(await theirs.fchmodat2(dir, 'private', 0o777)).toBe(-errno.EPERM);
      const owner = await mounted.kernel.identity({ uid: 1, gid: 1, capabilities: 1n << 3n });
      expect(await calls.as(owner).fchmodat2(dir, 'private', 0o755)).toBe(0);
      expect(await calls.as(owner).mkdirat(dir, 'no', 0o700)).toBe(-errno.EACCES);
      done(await calls.close(opened.fd));
      await mounted.kernel.forgetIdentity(cred);
      await mounted.kernel.forgetIdentity(owner);
    });
  });
}
