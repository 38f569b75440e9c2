/** Random calls on names: the directory's half of a workload. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import type { Step, Workload } from './workload.ts';
import { expectBytes, expectSame, latin1, Mismatch, refusedHere } from './workload.ts';

const cwd = abi.AT_FDCWD;

export function planMkdir(load: Workload): Step {
  const path = load.path();
  const mode = load.can.modes ? load.random.below(0o2000) : 0o755;
  const expected = load.tree.mkdir(path, mode);
  return load.step(`mkdir(${path})`, expected, (calls) => calls.mkdirat(cwd, latin1(path), mode));
}

export function planSymlink(load: Workload): Step {
  const { random } = load;
  const path = load.path();
  const long = random.chance(0.2) ? `${'x'.repeat(random.between(1, 250))}/../` : '';
  const target = random.chance(0.5) ? load.existing() : `${long}${random.pick(load.can.names)}`;
  // XFS has the shortest limit: XFS_SYMLINK_MAXLEN, 1024.
  const fitting = target.length < 900 ? target : 'short';
  const { symlinks } = load.can;
  const expected = symlinks
    ? load.tree.symlink(fitting, path)
    : notChanging(load, () => load.tree.symlink(fitting, path), path);
  return load.step(`symlink(${fitting}, ${path})`, expected, (calls) =>
    calls.symlinkat(latin1(fitting), cwd, latin1(path)),
  );
}

/** What a call would answer, EPERM for success, with the tree as it was. */
function notChanging(load: Workload, call: () => number, path: string): number {
  const answer = call();
  const place = load.tree.walk(path, false);
  if (answer === 0 && typeof place !== 'number') {
    place.parent.children.delete(place.name);
    if (place.node?.kind === 'file') place.node.nlink--;
  }
  return refusedHere(answer);
}

export function planLink(load: Workload): Step {
  const from = load.existing();
  const to = load.path();
  const expected = load.can.hardLinks
    ? load.tree.link(from, to)
    : notChanging(load, () => load.tree.link(from, to), to);
  return load.step(`link(${from}, ${to})`, expected, (calls) =>
    calls.linkat(at(cwd, latin1(from)), at(cwd, latin1(to))),
  );
}

export function planUnlink(load: Workload): Step {
  const path = load.existing();
  const expected = load.tree.unlink(path);
  return load.step(`unlink(${path})`, expected, (calls) => calls.unlinkat(cwd, latin1(path)));
}

export function planRmdir(load: Workload): Step {
  const path = load.existing();
  const expected = load.tree.rmdir(path);
  return load.step(`rmdir(${path})`, expected, (calls) =>
    calls.unlinkat(cwd, latin1(path), abi.AT_REMOVEDIR),
  );
}

export function planRename(load: Workload): Step {
  const { random } = load;
  const from = load.existing();
  const to = random.chance(0.5) ? load.path() : load.existing();
  const flags = random.chance(0.5) ? 0 : random.pick([abi.RENAME_NOREPLACE, abi.RENAME_EXCHANGE]);
  const target = load.look(to, false);
  const losing = load.can.renameLosesXattrs && typeof target !== 'number' && target.xattrs.size > 0;
  if (losing && target.kind === 'directory') return planStat(load);
  const expected = load.tree.rename(from, to, flags, load.can);
  return load.step(`rename(${from}, ${to}, ${flags})`, expected, (calls) =>
    calls.renameat2(at(cwd, latin1(from)), at(cwd, latin1(to)), flags),
  );
}

export function planChmod(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, true);
  const bits = typeof node !== 'number' && node.kind === 'directory' ? 0o2000 : 0o10000;
  const mode = load.random.below(bits);
  if (typeof node !== 'number') node.mode = mode;
  const expected = typeof node === 'number' ? node : 0;
  return load.step(`chmod(${path}, ${mode.toString(8)})`, expected, (calls) =>
    calls.fchmodat2(cwd, latin1(path), mode),
  );
}

/** chown(2) takes S_ISUID away, and S_ISGID where the group may execute: fs/attr.c. */
export function planChown(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, false);
  const { idLimit } = load.can;
  const [uid, gid] = [load.random.below(idLimit), load.random.below(idLimit)];
  if (typeof node !== 'number') {
    node.uid = uid;
    node.gid = gid;
    if (node.kind === 'file') {
      node.mode &= ~0o4000;
      if ((node.mode & 0o0010) !== 0) node.mode &= ~0o2000;
    }
  }
  const expected = typeof node === 'number' ? node : 0;
  return load.step(`lchown(${path}, ${uid}, ${gid})`, expected, (calls) =>
    calls.fchownat(cwd, latin1(path), { uid, gid }, abi.AT_SYMLINK_NOFOLLOW),
  );
}

/** Between 2001 and 2037, which every file system can keep. */
export function planUtimens(load: Workload): Step {
  const { random } = load;
  const { timeGrainNs } = load.can;
  const path = load.existing();
  const node = load.look(path, false);
  const whole = Math.max(1, timeGrainNs / 1e9);
  const sec = Math.floor(random.between(1_000_000_000, 2_140_000_000) / whole) * whole;
  const nsec = timeGrainNs >= 1e9 ? 0 : random.below(1e9 / timeGrainNs) * timeGrainNs;
  const time = { sec, nsec };
  if (typeof node !== 'number') node.mtime = time;
  const expected = typeof node === 'number' ? node : 0;
  return load.step(`utimensat(${path}, ${sec}.${nsec})`, expected, (calls) =>
    calls.utimensat(cwd, latin1(path), { atime: time, mtime: time }, abi.AT_SYMLINK_NOFOLLOW),
  );
}

const xattrNames = ['user.one', 'user.two', `user.${'long'.repeat(20)}`, 'trusted.three'];

export function planSetXattr(load: Workload): Step {
  const { random } = load;
  const path = load.existing();
  const node = load.look(path, true);
  const name = random.pick(xattrNames);
  const value = random.bytes(random.chance(0.1) ? 0 : random.between(1, load.can.xattrBytes || 40));
  const flags = random.chance(0.6) ? 0 : random.pick([abi.XATTR_CREATE, abi.XATTR_REPLACE]);
  const expected = setXattr(load, node, name, value, flags);
  return load.step(`setxattr(${path}, ${name}, ${value.length}, ${flags})`, expected, (calls) =>
    calls.setxattrat(at(cwd, latin1(path)), name, value, flags),
  );
}

function setXattr(
  load: Workload,
  node: ReturnType<Workload['look']>,
  name: string,
  value: Buffer,
  flags: number,
): number {
  if (typeof node === 'number') return node;
  if (load.can.xattrBytes === 0) return -errno.EOPNOTSUPP;
  const there = node.xattrs.has(name);
  if (flags === abi.XATTR_CREATE && there) return -errno.EEXIST;
  if (flags === abi.XATTR_REPLACE && !there) return -errno.ENODATA;
  node.xattrs.set(name, value);
  return 0;
}

export function planRemoveXattr(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, true);
  const name = load.random.pick(xattrNames);
  let expected = typeof node === 'number' ? node : -errno.EOPNOTSUPP;
  if (typeof node !== 'number' && load.can.xattrBytes !== 0) {
    expected = node.xattrs.delete(name) ? 0 : -errno.ENODATA;
  }
  return load.step(`removexattr(${path}, ${name})`, expected, (calls) =>
    calls.removexattrat(at(cwd, latin1(path)), name),
  );
}

export function planGetXattr(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, true);
  const name = load.random.pick(xattrNames);
  const text = `getxattr(${path}, ${name})`;
  const value = typeof node === 'number' ? undefined : node.xattrs.get(name);
  let expected = typeof node === 'number' ? node : -errno.EOPNOTSUPP;
  if (typeof node !== 'number' && load.can.xattrBytes !== 0) {
    expected = value?.length ?? -errno.ENODATA;
  }
  return {
    text,
    run: async (calls) => {
      const buffer = Buffer.alloc(65536);
      const got = await calls.getxattrat(at(cwd, latin1(path)), name, buffer);
      expectSame(text, got, expected);
      if (value !== undefined) expectBytes(text, buffer.subarray(0, got), value);
    },
  };
}

/** lstat(2): what a caller sees of a file without opening it. */
export function planStat(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, false);
  const text = `lstat(${path})`;
  const type = { file: abi.S_IFREG, directory: abi.S_IFDIR, symlink: abi.S_IFLNK };
  // The model lives on while the step waits to be run.
  const seen =
    typeof node === 'number'
      ? node
      : {
          type: type[node.kind],
          ...(load.can.modes ? { mode: node.mode, uid: node.uid, gid: node.gid } : {}),
          ...(node.kind === 'directory' ? {} : { nlink: node.nlink }),
          ...(node.kind === 'file' ? { size: node.file.size } : {}),
          ...(node.mtime === undefined ? {} : { sec: node.mtime.sec, nsec: node.mtime.nsec }),
        };
  return {
    text,
    run: async (calls) => {
      const got = await calls.statx(cwd, latin1(path), abi.AT_SYMLINK_NOFOLLOW);
      if (typeof got === 'number' || typeof seen === 'number') return expectSame(text, got, seen);
      const { sec, nsec } = got.mtime;
      const all: Record<string, number> = {
        ...{ type: got.type, mode: got.mode & 0o7777, uid: got.uid, gid: got.gid },
        ...{ nlink: got.nlink, size: got.size, sec, nsec },
      };
      for (const [field, value] of Object.entries(seen)) {
        expectSame(`${text} ${field}`, all[field], value);
      }
    },
  };
}

export function planReadlink(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, false);
  const text = `readlink(${path})`;
  const expected =
    typeof node === 'number' ? node : node.kind === 'symlink' ? node.target : -errno.EINVAL;
  return {
    text,
    run: async (calls) => {
      const got = await calls.readlinkat(cwd, latin1(path));
      expectSame(text, typeof got === 'number' ? got : got.toString('latin1'), expected);
    },
  };
}

export function planList(load: Workload): Step {
  const path = load.existing();
  const node = load.look(path, true);
  const text = `readdir(${path})`;
  const names =
    typeof node !== 'number' && node.kind === 'directory' ? [...node.children.keys()] : undefined;
  const expected = typeof node === 'number' ? node : -errno.ENOTDIR;
  return {
    text,
    run: async (calls) => {
      const fd = await calls.openat2(cwd, latin1(path), abi.O_RDONLY | abi.O_DIRECTORY);
      if (names === undefined) return expectSame(text, fd, expected);
      const got: string[] = [];
      for (;;) {
        const entries = await calls.getdents64(fd);
        if (typeof entries === 'number') throw new Mismatch(`${text} answered ${entries}`);
        if (entries.length === 0) break;
        got.push(...entries.map((entry) => entry.name.toString('latin1')));
      }
      await calls.close(fd);
      expectSame(text, got.sort().join('\n'), names.sort().join('\n'));
    },
  };
}
