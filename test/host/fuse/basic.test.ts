/**
 * A mount through FUSE does what Linux's system calls say, on ext4, XFS and btrfs: names, links,
 * open files without a name, holes, attributes, ownership and permissions. Afterwards the file
 * system's own checker finds nothing wrong.
 *
 * Needs root and /dev/fuse; skipped, with the reason, without.
 */
import fs from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fsckVerdict } from '../../support/images/fsck.ts';
import {
  actAs,
  errnoName,
  flags,
  linux,
  mapFile,
  must,
  type Statx,
} from '../../support/native/fuse-libc.ts';
import { cannotMount, FuseMounted, fuseTestTypes } from '../../support/native/fuse-mount.ts';
import { describeUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';

const { O_CREAT, O_RDWR, O_RDONLY, O_WRONLY, O_TRUNC, O_DIRECTORY, O_APPEND } = fs.constants;
const { S_IFMT, S_IFDIR } = fs.constants;
const SEEK_END = 2;
const user = 12345;

function stat(path: string): Statx {
  const answer = linux.statx(path);
  if (typeof answer === 'number') throw new Error(`statx ${path}: ${errnoName(answer)}`);
  return answer;
}

function fstat(fd: number): Statx {
  const answer = linux.fstatx(fd);
  if (typeof answer === 'number') throw new Error(`fstat: ${errnoName(answer)}`);
  return answer;
}

/** A call's outcome: 'ok', or the errno's name. */
const outcome = (answer: number): string => (answer < 0 ? errnoName(answer) : 'ok');

/** Opens, and closes again. */
function tryOpen(path: string | Uint8Array, openFlags: number, mode = 0): number {
  const fd = linux.open(path, openFlags, mode);
  if (fd >= 0) linux.close(fd);
  return fd;
}

/** Acts as an ordinary user. */
function asUser<T>(what: () => T, uid = user, groups: readonly number[] = []): T {
  actAs(uid, uid, groups);
  try {
    return what();
  } finally {
    actAs(0, 0);
  }
}

const cases = fuseTestTypes.flatMap((type) => [
  { type, kind: '', options: ['--rw'] },
  { type, kind: ' with a writeback cache', options: ['--rw', '--host-options', 'writeback'] },
]);

for (const { type, kind, options } of cases) {
  const why = cannotMount(type);
  const title = `a mount of ${type}${kind}${why ? ` (${why})` : ''}`;
  describeUnless(why)(title, () => {
    let mounted: FuseMounted;
    const at = (...names: string[]): string => mounted.at(...names);
    const write = (path: string, content: string): void => fs.writeFileSync(path, content);

    beforeAll(async () => {
      mounted = await FuseMounted.start(type, options);
      fs.chmodSync(mounted.dir, 0o755);
    });
    afterAll(async () => {
      await mounted[Symbol.asyncDispose]();
    });

    test('what is written is read back, in place, at the end and beyond it', () => {
      const path = at('content');
      const fd = must(linux.open(path, O_RDWR | O_CREAT, 0o640), path);
      const block = Buffer.alloc(300_000, 'abcdefg');
      expect(linux.pwrite(fd, block, 0)).toBe(block.length);
      expect(linux.pwrite(fd, Buffer.from('XYZ'), 1_000)).toBe(3);
      expect(linux.pwrite(fd, Buffer.from('end'), 1_000_000)).toBe(3);
      expect(linux.fsync(fd)).toBe(0);
      expect(fstat(fd).blocks * 512).toBeGreaterThan(block.length);
      linux.close(fd);
      expect(stat(path).sizeBytes).toBe(1_000_003);
      expect(stat(path).mode & 0o7777).toBe(0o640);
      fs.appendFileSync(path, 'more');
      const got = fs.readFileSync(path);
      block.write('XYZ', 1_000);
      expect(got.subarray(0, block.length).equals(block)).toBe(true);
      expect(got.subarray(block.length, 1_000_000).every((byte) => byte === 0)).toBe(true);
      expect(got.toString('latin1', 1_000_000)).toBe('endmore');
      expect(linux.truncate(path, 5)).toBe(0);
      expect(fs.readFileSync(path, 'latin1')).toBe('abcde');
      expect(outcome(tryOpen(path, O_RDONLY | O_TRUNC))).toBe('ok');
      expect(stat(path).sizeBytes).toBe(0);
    });

    test('a mapped file and read(2) see the same', () => {
      const fd = must(linux.open(at('mapped'), O_RDWR | O_CREAT, 0o600), 'mapped');
      linux.ftruncate(fd, 8192);
      const mapping = mapFile(fd, 0, 8192, { write: true });
      if (typeof mapping === 'number') throw new Error(errnoName(mapping));
      mapping.bytes.write('through memory', 5000);
      const got = Buffer.alloc(14);
      expect(linux.pread(fd, got, 5000)).toBe(14);
      expect(got.toString()).toBe('through memory');
      expect(linux.pwrite(fd, Buffer.from('through write'), 100)).toBe(13);
      expect(mapping.bytes.toString('latin1', 100, 113)).toBe('through write');
      expect(mapping.sync()).toBe(0);
      mapping.unmap();
      linux.close(fd);
    });

    test('rename replaces, refuses, exchanges and leaves a whiteout', () => {
      const [a, b] = [at('ren-a'), at('ren-b')];
      write(a, 'a');
      write(b, 'b');
      expect(outcome(linux.rename(a, b, flags.RENAME_NOREPLACE))).toBe('EEXIST');
      expect(outcome(linux.rename(a, b, flags.RENAME_EXCHANGE))).toBe('ok');
      expect([fs.readFileSync(a, 'latin1'), fs.readFileSync(b, 'latin1')]).toEqual(['b', 'a']);
      expect(outcome(linux.rename(a, b))).toBe('ok');
      expect(fs.readFileSync(b, 'latin1')).toBe('b');
      expect(outcome(linux.rename(a, b))).toBe('ENOENT');
      expect(outcome(linux.rename(b, a, flags.RENAME_WHITEOUT))).toBe('ok');
      expect(stat(b)).toMatchObject({ mode: 0o020000, rdev: [0, 0] });
      fs.mkdirSync(at('ren-dir/sub'), { recursive: true });
      expect(outcome(linux.rename(at('ren-dir'), at('ren-dir/sub/x')))).toBe('EINVAL');
      expect(outcome(linux.rename(a, at('ren-dir')))).toBe('EISDIR');
      expect(outcome(linux.rmdir(at('ren-dir')))).toBe('ENOTEMPTY');
    });

    test('hard links are one inode', () => {
      write(at('link-1'), 'one');
      expect(outcome(linux.link(at('link-1'), at('link-2')))).toBe('ok');
      expect(stat(at('link-2')).ino).toBe(stat(at('link-1')).ino);
      expect(stat(at('link-1')).nlink).toBe(2);
      fs.appendFileSync(at('link-2'), ' two');
      expect(fs.readFileSync(at('link-1'), 'latin1')).toBe('one two');
      fs.unlinkSync(at('link-1'));
      expect(stat(at('link-2')).nlink).toBe(1);
      expect(outcome(linux.link(at('link-2'), at('link-2')))).toBe('EEXIST');
    });

    test('a file without a name lives on while it is open, or only held', () => {
      const path = at('gone');
      write(path, 'still here');
      const fd = must(linux.open(path, O_RDWR), path);
      const held = must(linux.open(path, flags.O_PATH), path);
      fs.unlinkSync(path);
      expect(fs.existsSync(path)).toBe(false);
      expect(fstat(fd).nlink).toBe(0);
      expect(linux.pwrite(fd, Buffer.from('STILL'), 0)).toBe(5);
      expect(linux.fchmod(fd, 0o604)).toBe(0);
      linux.close(fd);
      expect(fstat(held)).toMatchObject({ nlink: 0, sizeBytes: 10, mode: 0o100604 });
      expect(fs.readFileSync(`/proc/self/fd/${held}`, 'latin1')).toBe('STILL here');
      linux.close(held);
    });

    test('a file that a rename replaced lives on, and so does a removed directory', () => {
      write(at('old'), 'old');
      write(at('new'), 'new');
      const held = must(linux.open(at('old'), flags.O_PATH), 'old');
      expect(outcome(linux.rename(at('new'), at('old')))).toBe('ok');
      expect(fs.readFileSync(`/proc/self/fd/${held}`, 'latin1')).toBe('old');
      linux.close(held);
      fs.mkdirSync(at('dir-gone'));
      const dir = must(linux.open(at('dir-gone'), O_RDONLY | O_DIRECTORY), 'dir');
      fs.rmdirSync(at('dir-gone'));
      expect(fstat(dir).nlink).toBe(0);
      expect(fs.readdirSync(`/proc/self/fd/${dir}`)).toEqual([]);
      expect(outcome(linux.open('file', O_RDWR | O_CREAT, 0o600, dir))).toBe('ENOENT');
      linux.close(dir);
    });

    test('O_TMPFILE makes a file that gets its name later', () => {
      const fd = must(linux.open(mounted.dir, O_RDWR | flags.O_TMPFILE, 0o600), 'tmpfile');
      expect(linux.write(fd, Buffer.from('unnamed'))).toBe(7);
      expect(fstat(fd).nlink).toBe(0);
      expect(outcome(linux.linkOpen(fd, at('named')))).toBe('ok');
      expect(fstat(fd).nlink).toBe(1);
      linux.close(fd);
      expect(fs.readFileSync(at('named'), 'latin1')).toBe('unnamed');
    });

    test('extended attributes are set, listed, changed and removed', () => {
      const path = at('attributed');
      write(path, '');
      const value = Buffer.alloc(900, 7);
      expect(outcome(linux.setxattr(path, 'user.big', value))).toBe('ok');
      expect(outcome(linux.setxattr(path, 'trusted.secret', Buffer.from('s')))).toBe('ok');
      expect(outcome(linux.setxattr(path, 'user.big', value, flags.XATTR_CREATE))).toBe('EEXIST');
      expect(outcome(linux.setxattr(path, 'user.no', value, flags.XATTR_REPLACE))).toBe('ENODATA');
      expect(linux.getxattr(path, 'user.big')).toEqual(value);
      expect(outcome(linux.getxattrInto(path, 'user.big', 10))).toBe('ERANGE');
      expect(linux.listxattr(path)).toEqual(['trusted.secret', 'user.big']);
      // btrfs shows them to every user, also on a native mount.
      const shown = type === 'btrfs' ? ['trusted.secret', 'user.big'] : ['user.big'];
      expect(asUser(() => linux.listxattr(path))).toEqual(shown);
      expect(outcome(linux.removexattr(path, 'user.big'))).toBe('ok');
      expect(outcome(linux.getxattr(path, 'user.big') as number)).toBe('ENODATA');
    });

    test('a default ACL is inherited and stands in the place of the umask', async () => {
      const dir = at('acl');
      fs.mkdirSync(dir);
      await mustRun(['setfacl', '-d', '-m', `u:${user}:rw,g::r,o::-`, dir]);
      const before = linux.umask(0o077);
      write(at('acl', 'file'), 'x');
      write(at('no-acl'), 'x');
      linux.umask(before);
      expect(stat(at('acl', 'file')).mode & 0o777).toBe(0o660);
      expect(stat(at('no-acl')).mode & 0o777).toBe(0o600);
      const access = (uid: number): string =>
        asUser(() => outcome(tryOpen(at('acl', 'file'), O_RDWR)), uid);
      expect([access(user), access(user + 1)]).toEqual(['ok', 'EACCES']);
      await mustRun(['setfacl', '-b', at('acl', 'file')]);
      expect(access(user)).toBe('EACCES');
    });

    test('holes are made and found, also before anything has reached the disk', () => {
      const fd = must(linux.open(at('holes'), O_RDWR | O_CREAT, 0o600), 'holes');
      const mib = 1024 * 1024;
      linux.ftruncate(fd, 4 * mib);
      expect(linux.pwrite(fd, Buffer.alloc(65536, 1), mib)).toBe(65536);
      expect(linux.lseek(fd, 0, flags.SEEK_DATA)).toBeLessThanOrEqual(mib);
      expect(linux.lseek(fd, mib, flags.SEEK_DATA)).toBe(mib);
      expect(linux.fsync(fd)).toBe(0);
      expect(linux.lseek(fd, 0, flags.SEEK_DATA)).toBe(mib);
      expect(linux.lseek(fd, mib, flags.SEEK_HOLE)).toBe(mib + 65536);
      expect(linux.fallocate(fd, 0, 4 * mib, mib)).toBe(0);
      expect(fstat(fd).sizeBytes).toBe(5 * mib);
      expect(linux.fallocate(fd, flags.FALLOC_KEEP_SIZE, 5 * mib, mib)).toBe(0);
      expect(fstat(fd).sizeBytes).toBe(5 * mib);
      const punch = flags.FALLOC_PUNCH_HOLE | flags.FALLOC_KEEP_SIZE;
      expect(linux.fallocate(fd, punch, mib, 65536)).toBe(0);
      const got = Buffer.alloc(65536, 9);
      expect(linux.pread(fd, got, mib)).toBe(65536);
      expect(got.every((byte) => byte === 0)).toBe(true);
      linux.close(fd);
    });

    // ext4 takes the room there is. A host that gathers writes keeps its own idea of the size.
    test.runIf(type === 'ext4' && kind === '')(
      'the size is right after a fallocate that ran out of room',
      () => {
        const fd = must(linux.open(at('no room'), O_CREAT | O_RDWR, 0o600), 'no room');
        expect(outcome(linux.fallocate(fd, 0, 0, 2 ** 40))).toBe('ENOSPC');
        // fstat(2) shows the host's own size; statx asks us anew, for the time of birth.
        const known = linux.lseek(fd, 0, SEEK_END);
        expect(known).toBe(fstat(fd).sizeBytes);
        linux.close(fd);
        fs.unlinkSync(at('no room'));
      },
    );

    test('copy_file_range copies, with what was just written', () => {
      const from = must(linux.open(at('copy-from'), O_RDWR | O_CREAT, 0o600), 'from');
      const to = must(linux.open(at('copy-to'), O_RDWR | O_CREAT, 0o600), 'to');
      const content = Buffer.alloc(200_000, '0123456789');
      linux.pwrite(from, content, 0);
      linux.pwrite(to, Buffer.from('before'), 0);
      expect(linux.copyFileRange(from, 0, to, 6, content.length)).toBe(content.length);
      expect(fstat(to).sizeBytes).toBe(content.length + 6);
      const got = Buffer.alloc(content.length + 6);
      expect(linux.pread(to, got, 0)).toBe(got.length);
      expect(got.equals(Buffer.concat([Buffer.from('before'), content]))).toBe(true);
      linux.close(from);
      linux.close(to);
    });

    test('special files have their type and number', () => {
      expect(outcome(linux.mknod(at('fifo'), 0o010644))).toBe('ok');
      expect(outcome(linux.mknod(at('socket'), 0o140600))).toBe('ok');
      expect(outcome(linux.mknod(at('char'), 0o020600, 0x12345))).toBe('ok');
      expect(stat(at('fifo')).mode).toBe(0o010644);
      expect(stat(at('socket')).mode).toBe(0o140600);
      expect(stat(at('char'))).toMatchObject({ mode: 0o020600, rdev: [0x123, 0x45] });
      expect(outcome(linux.symlink('some/where else', at('symlink')))).toBe('ok');
      expect(linux.readlink(at('symlink'))).toBe('some/where else');
    });

    test('what a user makes belongs to the user, or to the group of a SGID directory', () => {
      const dir = at('shared');
      fs.mkdirSync(dir);
      fs.chownSync(dir, 0, 777);
      fs.chmodSync(dir, 0o2777);
      asUser(() => {
        write(at('shared', 'file'), 'x');
        fs.mkdirSync(at('shared', 'dir'));
      });
      expect(stat(at('shared', 'file'))).toMatchObject({ uid: user, gid: 777 });
      expect(stat(at('shared', 'dir'))).toMatchObject({ uid: user, gid: 777 });
      expect(stat(at('shared', 'dir')).mode & 0o2000).toBe(0o2000);
      expect(asUser(() => outcome(linux.unlink(at('link-2'))))).toBe('EACCES');
      expect(asUser(() => outcome(linux.chown(at('shared', 'file'), 0, 0)))).toBe('EPERM');
      fs.chmodSync(dir, 0o3777);
      expect(asUser(() => outcome(linux.unlink(at('shared', 'file'))), user + 1)).toBe('EPERM');
    });

    test('a write by another user takes set-user-ID away, and so does a change of owner', () => {
      const path = at('suid');
      write(path, 'x');
      fs.chmodSync(path, 0o6777);
      asUser(() => fs.appendFileSync(path, 'y'));
      expect(stat(path).mode & 0o7777).toBe(0o777);
      fs.chmodSync(path, 0o6777);
      asUser(() => linux.truncate(path, 1));
      expect(stat(path).mode & 0o7777).toBe(0o777);
      fs.chmodSync(path, 0o6777);
      fs.appendFileSync(path, 'root may');
      expect(stat(path).mode & 0o7777).toBe(0o6777);
      fs.chownSync(path, 1, 1);
      expect(stat(path).mode & 0o7777).toBe(0o777);
    });

    test('times are kept to the nanosecond, and the time of birth is shown', () => {
      const path = at('timed');
      write(path, 'x');
      const [atime, mtime] = [1_000_000_000_123_456_789n, 2_000_000_000_987_654_321n];
      expect(linux.utimensat(path, [atime, mtime])).toBe(0);
      expect(stat(path)).toMatchObject({ atimeNs: atime, mtimeNs: mtime });
      expect(linux.utimensat(path, ['omit', 'now'])).toBe(0);
      const now = stat(path);
      expect(now.atimeNs).toBe(atime);
      expect(Math.abs(Number(now.mtimeNs / 1_000_000n) - Date.now())).toBeLessThan(2_000);
      expect(Math.abs(Number(now.btimeNs / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    });

    test('names are bytes, up to 255 of them', () => {
      fs.mkdirSync(at('names'));
      const names = [Buffer.from([0xff, 0xfe, 0x20]), Buffer.alloc(255, 'n'), Buffer.from('ü')];
      for (const name of names) {
        const path = Buffer.concat([Buffer.from(`${at('names')}/`), name]);
        expect(outcome(tryOpen(path, O_WRONLY | O_CREAT, 0o600))).toBe('ok');
      }
      const seen = fs.readdirSync(at('names'), { encoding: 'buffer' });
      expect(seen.sort(Buffer.compare)).toEqual(names.toSorted(Buffer.compare));
      expect(outcome(linux.mkdir(at('names', 'x'.repeat(256)), 0o700))).toBe('ENAMETOOLONG');
    });

    test('a large directory is listed whole, once each, also while it is emptied', () => {
      const dir = at('large');
      fs.mkdirSync(dir);
      const count = 3000;
      for (let i = 0; i < count; i++) write(at('large', `entry-${i}`), '');
      const listed = fs.readdirSync(dir);
      expect(listed.length).toBe(count);
      expect(new Set(listed).size).toBe(count);
      const open = fs.opendirSync(dir, { bufferSize: 8 });
      const seen = new Set<string>();
      for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
        expect(seen.has(entry.name)).toBe(false);
        seen.add(entry.name);
        fs.unlinkSync(at('large', entry.name));
      }
      open.closeSync();
      expect(seen.size).toBe(count);
      fs.rmdirSync(dir);
    });

    /** Makes files in a new folder. Returns their handles for open_by_handle_at(2). */
    const handlesOf = (names: readonly string[]): Buffer[] => {
      fs.mkdirSync(at('handles'), { recursive: true });
      return names.map((name) => {
        if (name !== '.') write(at('handles', name), name);
        const handle = linux.nameToHandle(at('handles', name));
        if (typeof handle === 'number') throw new Error(`${name}: ${errnoName(handle)}`);
        return handle;
      });
    };

    /** What a handle finds: a file's content, a folder, or the errno's name. */
    const openedBy = (handles: readonly Buffer[]): string[] => {
      const root = must(linux.open(mounted.dir, O_RDONLY | O_DIRECTORY), mounted.dir);
      const found = handles.map((handle) => {
        const fd = linux.openByHandle(root, handle, O_RDONLY);
        if (fd < 0) return errnoName(fd);
        const { mode } = fstat(fd);
        const found = (mode & S_IFMT) === S_IFDIR ? 'folder' : fs.readFileSync(fd, 'latin1');
        linux.close(fd);
        return found;
      });
      linux.close(root);
      return found;
    };

    test('a handle finds its file, and none that was made in its place', async () => {
      const forgetAll = (): void => fs.writeFileSync('/proc/sys/vm/drop_caches', '2');
      const handles = handlesOf(['moved', 'removed', '.']);
      expect(openedBy(handles)).toEqual(['moved', 'removed', 'folder']);
      forgetAll();
      expect(openedBy(handles)).toEqual(['moved', 'removed', 'folder']);
      fs.renameSync(at('handles', 'moved'), at('elsewhere'));
      fs.unlinkSync(at('handles', 'removed'));
      expect(openedBy(handles)).toEqual(['moved', 'ESTALE', 'folder']);
      forgetAll();
      for (let i = 0; i < 20; i++) write(at('handles', `${i}`), 'another');
      forgetAll();
      expect(openedBy(handles)).toEqual(['moved', 'ESTALE', 'folder']);
      fs.rmSync(at('handles'), { recursive: true });
      fs.unlinkSync(at('elsewhere'));
      // The host drops a file that it still writes when the write is done.
      await expect
        .poll(() => {
          forgetAll();
          return openedBy(handles);
        })
        .toEqual(['ESTALE', 'ESTALE', 'ESTALE']);
    });

    test('flags of an inode are shown and obeyed', async () => {
      const path = at('flagged');
      write(path, 'x');
      await mustRun(['chattr', '+i', path]);
      const { stdout } = await mustRun(['lsattr', '-d', path]);
      expect(stdout.toString()).toMatch(/^[^ ]*i[^ ]* /);
      expect(outcome(tryOpen(path, O_WRONLY))).toBe('EPERM');
      expect(outcome(linux.unlink(path))).toBe('EPERM');
      await mustRun(['chattr', '-i', '+a', path]);
      expect(outcome(tryOpen(path, O_WRONLY))).toBe('EPERM');
      const fd = must(linux.open(path, O_WRONLY | O_APPEND), path);
      expect(linux.write(fd, Buffer.from('y'))).toBe(1);
      linux.close(fd);
      expect(fs.readFileSync(path, 'latin1')).toBe('xy');
      await mustRun(['chattr', '-a', path]);
      fs.unlinkSync(path);
    });

    test('statfs shows the size, and the free room shrinks', () => {
      const before = fs.statfsSync(mounted.dir);
      expect(before.blocks * before.bsize).toBeGreaterThan(100 * 1024 * 1024);
      const fd = must(linux.open(at('space'), O_RDWR | O_CREAT, 0o600), 'space');
      linux.pwrite(fd, Buffer.alloc(8 * 1024 * 1024, 1), 0);
      linux.fsync(fd);
      linux.close(fd);
      const after = fs.statfsSync(mounted.dir);
      expect(after.bfree).toBeLessThan(before.bfree);
    });

    test('locks keep two descriptions apart', () => {
      const first = must(linux.open(at('locked'), O_RDWR | O_CREAT, 0o600), 'locked');
      const other = must(linux.open(at('locked'), O_RDWR), 'locked');
      expect(linux.flock(first, flags.LOCK_EX)).toBe(0);
      expect(outcome(linux.flock(other, flags.LOCK_EX | flags.LOCK_NB))).toBe('EAGAIN');
      linux.close(first);
      expect(linux.flock(other, flags.LOCK_EX | flags.LOCK_NB)).toBe(0);
      linux.close(other);
    });

    test('everything is there after the next mount, and the disk is whole', async () => {
      const tree = (): string[] =>
        (fs.readdirSync(mounted.dir, { recursive: true }) as string[]).sort().flatMap((name) => {
          // Node cannot express a name that is not UTF-8.
          if (name.startsWith('names/')) return [];
          const { mode, nlink, uid, gid, sizeBytes, mtimeNs } = stat(at(name));
          return [[name, mode, nlink, uid, gid, sizeBytes, mtimeNs].join(' ')];
        });
      const handles = handlesOf(['kept', 'gone', '.']);
      fs.unlinkSync(at('handles', 'gone'));
      const before = tree();
      await mounted.unmount();
      expect(await fsckVerdict(mounted.image, type)).toMatchObject({ clean: true });
      await mounted.mount([]);
      expect(openedBy(handles)).toEqual(['kept', 'ESTALE', 'folder']);
      expect(tree()).toEqual(before);
      expect(outcome(linux.mkdir(at('refused'), 0o700))).toBe('EROFS');
      await mounted.unmount();
    });
  });
}
