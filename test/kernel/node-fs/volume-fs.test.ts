/**
 * Where a VolumeFs does more than node:fs/promises, or differs. like-node.test.ts tests the rest.
 */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VolumeFs } from '../../../src/node-fs/volume-fs.ts';
import { panic } from '../../support/kernel-hooks.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const reason = cannotMount();
const notUtf8 = Buffer.from([0x63, 0x61, 0x66, 0xe9]);

describeUnless(reason)('a VolumeFs (ext4)', () => {
  let mounted: FreshVolume;
  let fs: VolumeFs;
  beforeAll(async () => {
    mounted = await mountFresh('ext4');
    ({ fs } = mounted);
  }, 30_000);
  afterAll(() => mounted?.close());
  beforeEach(async () => {
    for (const name of await fs.readdir('/', 'buffer')) {
      if (name.toString() !== 'lost+found') await fs.rm(name, { recursive: true });
    }
  });

  describe('files', () => {
    test('of many windows are read as they were written', async () => {
      const content = Buffer.alloc(5 * 1048576 + 4321);
      for (let at = 0; at < content.length - 4; at += 997) content.writeUInt32LE(at, at);
      await fs.writeFile('/big', content);
      expect((await fs.readFile('/big')).equals(content)).toBe(true);
    });

    test('are written from pieces as they come', async () => {
      const pieces = async function* (): AsyncGenerator<string | Buffer> {
        yield 'one ';
        yield Buffer.from('two ');
        yield 'Grüße';
      };
      await fs.writeFile('/pieces', pieces());
      expect(await fs.readFile('/pieces', 'utf8')).toBe('one two Grüße');
    });

    test('that are full of holes stay so when they are copied', async () => {
      const handle = await fs.open('/holes', 'w');
      await handle.write('start');
      await handle.write('middle', 8 * 1048576);
      await handle.truncate(32 * 1048576);
      await handle.close();
      await fs.copyFile('/holes', '/copy');
      const { size, blocks } = await fs.stat('/copy');
      expect(size).toBe(32 * 1048576);
      expect(blocks * 512).toBeLessThan(65536);
      expect((await fs.readFile('/copy')).equals(await fs.readFile('/holes'))).toBe(true);
    });

    test('are made without the bits of the umask', async () => {
      await fs.writeFile('/usual', '');
      expect((await fs.stat('/usual')).mode & 0o777).toBe(0o644);
      fs.umask = 0o077;
      await fs.writeFile('/private', '');
      await fs.mkdir('/folder');
      fs.umask = 0o022;
      expect((await fs.stat('/private')).mode & 0o777).toBe(0o600);
      expect((await fs.stat('/folder')).mode & 0o777).toBe(0o700);
    });

    test('are no longer read after the signal is aborted', async () => {
      await fs.writeFile('/big', Buffer.alloc(1048576));
      const signal = AbortSignal.abort('enough');
      const reading = fs.readFile('/big', { signal });
      await expect(reading).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    });
  });

  describe('names', () => {
    test('that are not UTF-8 become strings that lead to the same files', async () => {
      await fs.writeFile(notUtf8, 'text');
      const [name] = (await fs.readdir('/')).filter((entry) => entry !== 'lost+found');
      expect(name).toBe('caf\udce9');
      expect(await fs.readFile(`/${name}`, 'utf8')).toBe('text');
      expect(await fs.readdir('/', 'buffer')).toContainEqual(notUtf8);
      await fs.symlink(name as string, '/link');
      expect(await fs.readlink('/link', 'buffer')).toEqual(notUtf8);
      expect(await fs.realpath('/link', 'buffer')).toEqual(
        Buffer.concat([Buffer.from('/'), notUtf8]),
      );
    });

    test('that are not UTF-8 survive a recursive copy and a recursive removal', async () => {
      const inner = Buffer.concat([Buffer.from('/from/'), notUtf8]);
      await fs.mkdir(inner, { recursive: true });
      await fs.writeFile(Buffer.concat([inner, Buffer.from('/'), notUtf8]), 'deep');
      await fs.cp('/from', '/to', { recursive: true });
      const found = await fs.readdir('/to', { recursive: true, encoding: 'buffer' });
      expect(found).toEqual([notUtf8, Buffer.concat([notUtf8, Buffer.from('/'), notUtf8])]);
      await fs.rm('/to', { recursive: true });
      await expect(fs.stat('/to')).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('given as URLs are refused, as those name files of the host', async () => {
      const url = new URL('file:///etc/passwd') as unknown as string;
      await expect(fs.readFile(url)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    });

    test('never lead out of the volume', async () => {
      await fs.symlink('../../../../proc/version', '/out');
      await expect(fs.readFile('/out')).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(fs.readFile('/../proc/version')).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await fs.realpath('/../..')).toBe('/');
    });

    test('are swapped, or not replaced, with the options of rename', async () => {
      await fs.writeFile('/a', 'A');
      await fs.writeFile('/b', 'B');
      const kept = fs.rename('/a', '/b', { noReplace: true });
      await expect(kept).rejects.toMatchObject({ code: 'EEXIST', path: '/a', dest: '/b' });
      await fs.rename('/a', '/b', { exchange: true });
      expect(await fs.readFile('/a', 'utf8')).toBe('B');
      expect(await fs.readFile('/b', 'utf8')).toBe('A');
    });
  });

  describe('trees', () => {
    test('far deeper than PATH_MAX are copied, listed and removed', async () => {
      // 600 levels of 20 letters are three times PATH_MAX.
      const name = 'directory-of-a-level';
      let fd = await mounted.volume.calls.openat2(-100, '/', 0);
      await fs.mkdir('/deep');
      for (let level = 0, at = '/deep'; level < 600; level++, at = name) {
        const below = await mounted.volume.calls.openat2(fd, at, 0);
        expect(below).toBeGreaterThan(0);
        await mounted.volume.calls.close(fd);
        expect(await mounted.volume.calls.mkdirat(below, name, 0o755)).toBe(0);
        fd = below;
      }
      await mounted.volume.calls.close(fd);
      expect(await fs.readdir('/deep', { recursive: true })).toHaveLength(600);
      await fs.cp('/deep', '/copy', { recursive: true });
      expect(await fs.readdir('/copy', { recursive: true })).toHaveLength(600);
      for (const top of ['/deep', '/copy']) {
        await fs.rm(top, { recursive: true });
        await expect(fs.lstat(top)).rejects.toMatchObject({ code: 'ENOENT' });
      }
    }, 30_000);

    test('are listed breadth first, without following links', async () => {
      await fs.mkdir('/t/b/c', { recursive: true });
      await fs.writeFile('/t/b/f', '');
      await fs.writeFile('/t/a', '');
      await fs.symlink('..', '/t/b/up');
      const listed = ['a', 'b', 'b/c', 'b/f', 'b/up'];
      expect(await fs.readdir('/t', { recursive: true })).toEqual(listed);
      const entries = await fs.readdir('t/', { recursive: true, withFileTypes: true });
      const shown = entries.map((entry) => `${entry.parentPath}|${entry.name}`);
      expect(shown).toEqual(['t/|a', 't/|b', 't/b|c', 't/b|f', 't/b|up']);
      const found: string[] = [];
      for await (const entry of await fs.opendir('/t', { recursive: true })) {
        found.push(String(entry.name));
      }
      expect(found.sort()).toEqual(['a', 'b', 'c', 'f', 'up']);
    });

    test('are removed without following links', async () => {
      await fs.mkdir('/keep');
      await fs.writeFile('/keep/file', 'kept');
      await fs.mkdir('/gone');
      await fs.symlink('../keep', '/gone/link');
      await fs.rm('/gone', { recursive: true });
      expect(await fs.readFile('/keep/file', 'utf8')).toBe('kept');
    });

    test('of thousands of files are listed, copied and removed whole', async () => {
      await fs.mkdir('/many');
      const names = Array.from({ length: 2500 }, (_, index) => `file-${index}`);
      await Promise.all(names.map((name) => fs.writeFile(`/many/${name}`, name)));
      expect(await fs.readdir('/many')).toEqual(names.toSorted());
      await fs.cp('/many', '/more', { recursive: true });
      expect(await fs.readFile('/more/file-2499', 'utf8')).toBe('file-2499');
      expect(await fs.readdir('/more')).toHaveLength(2500);
      await fs.rm('/many', { recursive: true });
      await expect(fs.readdir('/many')).rejects.toMatchObject({ code: 'ENOENT' });
    }, 30_000);

    test('are copied with their times, devices and permissions', async () => {
      await fs.mkdir('/from');
      await fs.writeFile('/from/file', 'text');
      await fs.mknod('/from/null', 'character-device', { major: 1, minor: 3, mode: 0o600 });
      await fs.chmod('/from', 0o2711);
      for (const name of ['/from/file', '/from']) await fs.utimesNs(name, 1_000_000_001n, -5n);
      await fs.cp('/from', '/to', { recursive: true, preserveTimestamps: true });
      for (const name of ['/to/file', '/to']) {
        const { atimeNs, mtimeNs } = await fs.stat(name, { bigint: true });
        expect([atimeNs, mtimeNs], name).toEqual([1_000_000_001n, -5n]);
      }
      expect((await fs.stat('/to')).mode & 0o7777).toBe(0o2711);
      const device = await fs.lstat('/to/null');
      expect([device.isCharacterDevice(), device.rdev]).toEqual([true, 0x103]);
    });

    test('are copied without what the filter refuses', async () => {
      await fs.mkdir('/from/no', { recursive: true });
      await fs.writeFile('/from/yes', '');
      await fs.writeFile('/from/no/file', '');
      const asked: string[] = [];
      await fs.cp('/from', '/to', {
        recursive: true,
        filter: (source, destination) => {
          asked.push(`${source} ${destination}`);
          return !source.endsWith('/no');
        },
      });
      expect(await fs.readdir('/to', { recursive: true })).toEqual(['yes']);
      expect(asked.sort()).toEqual(['/from /to', '/from/no /to/no', '/from/yes /to/yes']);
    });

    test('are not copied into themselves, even through a link', async () => {
      await fs.mkdir('/t/inner', { recursive: true });
      await fs.symlink('/t/inner', '/way');
      for (const to of ['/t/x', '/t/inner/x', '/way/x']) {
        const copying = fs.cp('/t', to, { recursive: true });
        await expect(copying, to).rejects.toMatchObject({ code: 'ERR_FS_CP_EINVAL' });
      }
      expect(await fs.readdir('/t', { recursive: true })).toEqual(['inner']);
    });

    test('with a cycle of links are not copied for ever', async () => {
      await fs.mkdir('/t/a', { recursive: true });
      await fs.symlink('..', '/t/a/up');
      const copying = fs.cp('/t', '/copy', { recursive: true, dereference: true });
      await expect(copying).rejects.toMatchObject({ code: 'ELOOP' });
    });
  });

  describe('Linux’s own operations:', () => {
    test('extended attributes: long, empty, of links, and created or replaced', async () => {
      await fs.writeFile('/file', '');
      await fs.symlink('file', '/link');
      const long = Buffer.alloc(3000, 'x');
      await fs.setxattr('/link', 'user.long', long);
      await fs.setxattr('/file', 'user.empty', '');
      expect((await fs.getxattr('/file', 'user.long'))?.equals(long)).toBe(true);
      expect(await fs.getxattr('/file', 'user.empty')).toEqual(Buffer.alloc(0));
      expect(await fs.getxattr('/file', 'user.none')).toBeUndefined();
      expect((await fs.listxattr('/file')).sort()).toEqual(['user.empty', 'user.long']);
      const again = fs.setxattr('/file', 'user.long', 'new', { create: true });
      await expect(again).rejects.toMatchObject({ code: 'EEXIST' });
      const missing = fs.setxattr('/file', 'user.none', 'new', { replace: true });
      await expect(missing).rejects.toMatchObject({ code: 'ENODATA' });
      await fs.lsetxattr('/link', 'trusted.mark', 'of the link');
      expect(await fs.llistxattr('/link')).toEqual(['trusted.mark']);
      expect(await fs.lgetxattr('/link', 'trusted.mark')).toEqual(Buffer.from('of the link'));
      await fs.lremovexattr('/link', 'trusted.mark');
      expect(await fs.llistxattr('/link')).toEqual([]);
      await fs.removexattr('/file', 'user.empty');
      expect(await fs.listxattr('/file')).toEqual(['user.long']);
    });

    test('special files, which have their types and are opened without waiting', async () => {
      await fs.mknod('/fifo', 'fifo');
      await fs.mknod('/socket', 'socket');
      const entries = await fs.readdir('/', { withFileTypes: true });
      const of = (name: string) => entries.find((entry) => entry.name === name);
      expect(of('fifo')?.isFIFO()).toBe(true);
      expect(of('socket')?.isSocket()).toBe(true);
      await expect(fs.readFile('/fifo')).rejects.toMatchObject({ code: 'ESPIPE' });
      const codes = { fifo: 'ERR_FS_CP_FIFO_PIPE', socket: 'ERR_FS_CP_SOCKET' };
      for (const [name, code] of Object.entries(codes)) {
        await expect(fs.cp(name, 'copy')).rejects.toMatchObject({ code });
      }
    });

    test('times to the nanosecond, the present time, and an unchanged one', async () => {
      await fs.writeFile('/file', '');
      await fs.utimesNs('/file', 1_234_567_890_123_456_789n, -1n);
      const before = await fs.stat('/file', { bigint: true });
      expect([before.atimeNs, before.mtimeNs]).toEqual([1_234_567_890_123_456_789n, -1n]);
      expect(before.atimeMs).toBe(1_234_567_890_123n);
      await fs.utimesNs('/file', 'omit', 'now');
      const after = await fs.stat('/file', { bigint: true });
      expect(after.atimeNs).toBe(before.atimeNs);
      expect(Math.abs(Number(after.mtimeMs) - Date.now())).toBeLessThan(60_000);
    });

    test('handles that survive a rename, and are stale after a removal', async () => {
      await fs.writeFile('/old', 'text');
      const handle = await fs.nameToHandle('/old');
      await fs.rename('/old', '/new');
      await using file = await fs.openByHandle(handle);
      expect(await file.readFile('utf8')).toBe('text');
      await file.close();
      await fs.unlink('/new');
      await expect(fs.openByHandle(handle)).rejects.toMatchObject({ code: 'ESTALE' });
    });

    test('statx, with all of its fields', async () => {
      await fs.symlink('nowhere', '/link');
      const statx = await fs.statx('/link', { noFollow: true });
      expect(statx.size).toBe(7);
      expect(statx.hasBtime).toBe(true);
    });
  });

  test('answers statfs in numbers or bigints', async () => {
    const numbers = await fs.statfs('/');
    const wide = await fs.statfs('/', { bigint: true });
    expect(numbers.type).toBe(0xef53);
    expect(numbers.bfree).toBeGreaterThan(1000);
    expect(BigInt(numbers.blocks)).toBe(wide.blocks);
  });

  test('makes temporary folders that remove themselves', async () => {
    let path: string;
    {
      await using folder = await fs.mkdtempDisposable('/tmp-');
      ({ path } = folder);
      expect(path).toMatch(/^\/tmp-[a-zA-Z0-9]{6}$/);
      await fs.writeFile(`${path}/file`, '');
      expect((await fs.stat(path)).mode & 0o777).toBe(0o700);
    }
    await expect(fs.stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuses to watch', () => {
    expect(() => fs.watch('/')).toThrow(
      expect.objectContaining({ code: 'ERR_FEATURE_UNAVAILABLE' }),
    );
  });
});

describeUnless(reason)('the end of a volume', () => {
  test('waits for operations under way, and closes open files', async () => {
    const mounted = await mountFresh('ext4');
    const { fs, volume } = mounted;
    await fs.writeFile('/file', Buffer.alloc(3 * 1048576, 1));
    const handle = await fs.open('/file');
    const folder = await fs.opendir('/');
    await folder.read();
    const reading = fs.readFile('/file');
    await volume.close();
    expect((await reading).length).toBe(3 * 1048576);
    await expect(handle.stat()).rejects.toMatchObject({ code: 'EBADF' });
    await expect(folder.read()).rejects.toMatchObject({ code: 'ERR_DIR_CLOSED' });
    await mounted.close();
  }, 30_000);

  test('after its kernel’s death is reported by every call', async () => {
    const mounted = await mountFresh('ext4');
    const { fs, kernel } = mounted;
    await fs.writeFile('/file', 'text');
    await panic(kernel);
    const failed = { code: 'ERR_KERNEL_FAILED' };
    await expect(fs.readFile('/file')).rejects.toMatchObject(failed);
    await expect(fs.stat('/file')).rejects.toMatchObject(failed);
    await expect(fs.readdir('/')).rejects.toMatchObject(failed);
    await mounted.close();
  }, 30_000);
});
