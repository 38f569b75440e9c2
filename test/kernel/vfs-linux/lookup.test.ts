/**
 * The file that a request looks up in addition (bridge/lookup.c), as a transport asks for it:
 * through the ring itself, with the results read in the slot.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import * as encode from '../../../src/vfs-linux/calls/encode.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import { copyHandle } from '../../../src/vfs-linux/lookup.ts';
import type { Fill } from '../../../src/vfs-linux/request-ring.ts';
import { Statx } from '../../../src/vfs-linux/statx.ts';
import { done } from '../../support/images/scratch-volume.ts';
import {
  cannotMount,
  type FreshType,
  type FreshVolume,
  mountFresh,
} from '../../support/kernel-volume.ts';

interface Answer {
  readonly ret: number;
  readonly statx: Statx;
  readonly handle: Buffer | undefined;
}

/** A call's result, and the file that it has looked up. */
function ask(calls: LinuxCalls, fill: Fill): Promise<Answer> {
  return calls.ring.call<Answer>(calls, fill, (ret, { memory, second }) => ({
    ret,
    statx: new Statx(memory, second),
    handle: copyHandle(memory, second + abi['bridge_lookup.handle']),
  }));
}

const types: readonly FreshType[] = ['ext4', 'xfs', 'btrfs'];
for (const type of types.filter((type) => cannotMount(type) === undefined)) {
  describe(`a request on ${type}`, () => {
    let mounted: FreshVolume;
    let calls: LinuxCalls;
    let dir: number;

    beforeAll(async () => {
      mounted = await mountFresh(type);
      calls = mounted.volume.calls;
      done(await calls.mkdirat(abi.AT_FDCWD, 'dir', 0o755));
      dir = done(await calls.openat2(abi.AT_FDCWD, 'dir', abi.O_PATH));
    });
    afterAll(() => mounted.close());

    const create = async (name: string): Promise<number> =>
      done(await calls.openat2(dir, name, abi.O_CREAT | abi.O_RDWR, 0o644));

    const mkdir = (name: string): Promise<Answer> =>
      ask(calls, (slot) => {
        encode.mkdirat(slot, dir, name, 0o700);
        slot.lookUp(abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE);
      });
    const unlinkHeld = (name: string): Promise<Answer> =>
      ask(calls, (slot) => encode.unlinkatHeld(slot, dir, name, 0));
    const renameHeld = (from: string, to: string): Promise<Answer> =>
      ask(calls, (slot) => {
        encode.renameat2Held(slot, { dirfd: dir, name: from }, { dirfd: dir, name: to }, 0);
      });

    test('that makes a directory, a device, a link or a name looks it up too', async () => {
      const made = await mkdir('d');
      expect([made.ret, made.statx.type]).toEqual([0, abi.S_IFDIR]);
      expect(made.handle).toEqual(await calls.nameToHandleAt(dir, 'd'));
      const mode = abi.S_IFIFO | 0o600;
      const node = await ask(calls, (slot) => {
        encode.mknodat(slot, dir, 'p', mode, 0);
        slot.lookUp(abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE);
      });
      expect([node.ret, node.statx.type]).toEqual([0, abi.S_IFIFO]);
      const link = await ask(calls, (slot) => {
        encode.symlinkat(slot, 'to', dir, 'l');
        slot.lookUp(abi.BRIDGE_LOOKUP_SECOND | abi.BRIDGE_LOOKUP_HANDLE);
      });
      expect([link.ret, link.statx.type, link.statx.size]).toEqual([0, abi.S_IFLNK, 2]);
      const hard = await ask(calls, (slot) => {
        encode.linkat(slot, { dirfd: dir, name: 'p' }, { dirfd: dir, name: 'p2' }, 0);
        slot.lookUp(abi.BRIDGE_LOOKUP_LINK | abi.BRIDGE_LOOKUP_HANDLE);
      });
      expect([hard.ret, hard.statx.nlink]).toEqual([0, 2]);
      expect(hard.handle).toEqual(node.handle);
      for (const name of ['p', 'p2', 'l']) done(await calls.unlinkat(dir, name));
      done(await calls.unlinkat(dir, 'd', abi.AT_REMOVEDIR));
    });

    test('that fails answers its errno', async () => {
      done(await calls.close(await create('there')));
      expect((await mkdir('there')).ret).toBe(-errno.EEXIST);
      done(await calls.unlinkat(dir, 'there'));
    });

    test('that takes the last name of a file keeps the file', async () => {
      const fd = await create('victim');
      done(await calls.pwrite(fd, Buffer.from('still here'), 0));
      done(await calls.linkat(at(dir, 'victim'), at(dir, 'other')));
      done(await calls.close(fd));
      const handle = done(await calls.nameToHandleAt(dir, 'victim')) as Buffer;
      const one = await unlinkHeld('other');
      expect([one.ret, one.statx.nlink, one.handle]).toEqual([0, 1, handle]);
      const last = await unlinkHeld('victim');
      expect(last.ret).toBeGreaterThan(0);
      expect([last.statx.nlink, last.handle]).toEqual([0, handle]);
      const open = done(await calls.reopen(last.ret, abi.O_RDONLY));
      const text = Buffer.alloc(10);
      expect(await calls.pread(open, text, 0)).toBe(10);
      expect(text.toString()).toBe('still here');
      expect(await calls.closeAll([open, last.ret])).toBe(0);
      const gone = await unlinkHeld('victim');
      expect([gone.ret, gone.statx.mask]).toEqual([-errno.ENOENT, 0]);
    });

    test('that renames over a file keeps that file', async () => {
      done(await calls.close(await create('target')));
      done(await calls.close(await create('source')));
      const handle = done(await calls.nameToHandleAt(dir, 'target')) as Buffer;
      const over = await renameHeld('source', 'target');
      expect(over.ret).toBeGreaterThan(0);
      expect([over.statx.nlink, over.handle]).toEqual([0, handle]);
      done(await calls.close(over.ret));
      const free = await renameHeld('target', 'source');
      expect([free.ret, free.statx.mask]).toEqual([0, 0]);
      done(await calls.unlinkat(dir, 'source'));
    });

    test('that sets times may set ctime too, and the disk keeps it', async () => {
      done(await calls.close(await create('timed')));
      const times = {
        atime: { sec: 1_000_000_001, nsec: 11 },
        mtime: { sec: 1_000_000_002, nsec: 22 },
        ctime: { sec: 1_000_000_003, nsec: 33 },
      };
      const { ret } = await ask(calls, (slot) => encode.utimensat(slot, dir, 'timed', times, 0));
      expect(ret).toBe(0);
      done(await calls.syncfs(dir));
      await mounted.kernel.dropCaches();
      const { atime, mtime, ctime } = done(await calls.statx(dir, 'timed')) as Statx;
      expect({ atime, mtime, ctime }).toEqual(times);
      done(await calls.unlinkat(dir, 'timed'));
    });

    test('truncates the file of an O_PATH descriptor as truncate(2) does', async () => {
      done(await calls.close(await create('cut')));
      const past = { sec: 1_000_000_000, nsec: 0 };
      const path = done(await calls.openat2(dir, 'cut', abi.O_PATH));
      const truncate = (lengthBytes: number): Promise<Answer> =>
        ask(calls, (slot) => {
          encode.truncate(slot, path, lengthBytes);
          slot.lookUp(abi.BRIDGE_LOOKUP_FD);
        });
      const longer = await truncate(5000);
      expect([longer.ret, longer.statx.size]).toEqual([0, 5000]);
      done(await calls.utimensat(dir, 'cut', { atime: past, mtime: past }));
      const same = await truncate(5000);
      expect(same.ret).toBe(0);
      // truncate(2) to the same size leaves the times alone, except on ext4; ftruncate(2) sets
      // them.
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
      const how = { flags: abi.O_CREAT | abi.O_RDWR, mode: 0o600 };
      const opened = await theirs.openat2Statx(dir, 'private/file', how);
      if (typeof opened === 'number') throw new Error(`answered ${opened}`);
      expect([opened.statx.uid, opened.statx.gid]).toEqual([1000, 1000]);
      expect(
        await theirs.fchownat(opened.fd, '', { uid: 1001, gid: 1001 }, abi.AT_EMPTY_PATH),
      ).toBe(0);
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
