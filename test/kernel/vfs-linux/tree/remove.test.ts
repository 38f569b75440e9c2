import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { abi, errno } from '../../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../../src/vfs-linux/calls.ts';
import { isErrno } from '../../../../src/vfs-linux/errno.ts';
import { openPlace, pathOf } from '../../../../src/vfs-linux/tree/place.ts';
import { removeTree } from '../../../../src/vfs-linux/tree/remove.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';

const missing = cannotMount();
const immutableFlag = 0x10; // FS_IMMUTABLE_FL, include/uapi/linux/fs.h

describeUnless(missing)('removing a tree (ext4)', () => {
  let fresh: FreshVolume;

  beforeAll(async () => {
    fresh = await mountFresh();
  });
  afterAll(() => fresh.close());

  /** Removes a path; answers the failures as "syscall path errno". */
  async function remove(path: string, calls: LinuxCalls = fresh.volume.calls): Promise<string[]> {
    const place = await openPlace(calls, Buffer.from(path));
    if (isErrno(place)) throw new Error(`${path}: ${place}`);
    const failures: string[] = [];
    await removeTree(calls, place, {
      width: 8,
      onError: ({ ret, syscall, path: at }) => failures.push(`${syscall} ${pathOf(at)} ${ret}`),
    });
    return failures;
  }

  async function setImmutable(path: string, isImmutable: boolean): Promise<void> {
    await using file = await fresh.fs.open(path);
    const flags = await file.flags();
    await file.setFlags(isImmutable ? flags | immutableFlag : flags & ~immutableFlag);
  }

  test('reports what cannot be removed, and removes the rest', async () => {
    const { fs } = fresh;
    await fs.mkdir('/top/a/b', { recursive: true });
    await fs.mkdir('/top/c', { recursive: true });
    for (const name of ['a/1', 'a/b/2', 'a/b/kept', 'c/3', '4']) {
      await fs.writeFile(`/top/${name}`, name);
    }
    await setImmutable('/top/a/b/kept', true);
    expect(await remove('/top')).toEqual([`unlink /top/a/b/kept ${-errno.EPERM}`]);
    expect(await fs.readdir('/top', { recursive: true })).toEqual(['a', 'a/b', 'a/b/kept']);
    await setImmutable('/top/a/b/kept', false);
    expect(await remove('/top')).toEqual([]);
    await expect(fs.access('/top')).rejects.toThrow('ENOENT');
  });

  test('does not follow symbolic links, and fails where the place does not exist', async () => {
    const { fs } = fresh;
    await fs.mkdir('/kept');
    await fs.writeFile('/kept/file', '');
    await fs.mkdir('/links');
    await fs.symlink('/kept', '/links/to-directory');
    expect(await remove('/links')).toEqual([]);
    expect(await fs.readdir('/kept')).toEqual(['file']);
    expect(await remove('/links')).toEqual([`unlink /links ${-errno.ENOENT}`]);
  });

  test('reads a directory again whose entries were skipped', async () => {
    const { fs, volume } = fresh;
    await fs.mkdir('/skipping');
    for (let index = 0; index < 100; index++) await fs.writeFile(`/skipping/${index}`, '');
    let rewinds = 0;
    const skipping = new Proxy(volume.calls, {
      get(calls, name) {
        if (name === 'getdents64') {
          return async (fd: number) => {
            const entries = await calls.getdents64(fd);
            return isErrno(entries) || entries.length < 2
              ? entries
              : entries.slice(0, entries.length / 2);
          };
        }
        if (name === 'lseek') rewinds++;
        const value: unknown = Reflect.get(calls, name, calls);
        return typeof value === 'function' ? value.bind(calls) : value;
      },
    });
    expect(await remove('/skipping', skipping)).toEqual([]);
    expect(rewinds).toBeGreaterThan(2);
    await expect(fs.access('/skipping')).rejects.toThrow('ENOENT');
  });

  test('does not mind what somebody else removes meanwhile', async () => {
    const { fs } = fresh;
    await fs.mkdir('/raced/inside', { recursive: true });
    for (let index = 0; index < 500; index++) await fs.writeFile(`/raced/inside/${index}`, '');
    const both = await Promise.all([remove('/raced/inside'), remove('/raced/inside')]);
    const place = `unlink /raced/inside ${-errno.ENOENT}`;
    expect(both.flat().filter((failure) => failure !== place)).toEqual([]);
    expect(await fs.readdir('/raced')).toEqual([]);
  });

  test('an exception of the caller ends it, and leaves nothing open', async () => {
    const { fs, volume } = fresh;
    await fs.mkdir('/ended/a', { recursive: true });
    await fs.writeFile('/ended/a/kept', '');
    await setImmutable('/ended/a/kept', true);
    const openBefore = volume.calls.opened.size;
    const onError = (): never => {
      throw new Error('enough');
    };
    const place = { dirfd: abi.AT_FDCWD, name: '/ended', path: '/ended' };
    const removal = removeTree(volume.calls, place, { width: 4, onError });
    await expect(removal).rejects.toThrow('enough');
    expect(volume.calls.opened.size).toBe(openBefore);
    await setImmutable('/ended/a/kept', false);
  });
});
