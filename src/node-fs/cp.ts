/**
 * fs.cp: copies a file or a tree inside the volume, by descriptors, with Node's options, order of
 * checks and error codes (lib/internal/fs/cp/cp.js). Different from Node: devices are made anew
 * instead of read, names need not be UTF-8, times are exact, and a cycle of dereferenced links is
 * ELOOP. It goes through the directories one after the other, as `filter` is called in that order.
 *
 * Invariant: at most filesAtOnce files are copied at a time, all of one directory.
 */
import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { encodeDevice, type Fd } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { codedError, TreeError } from './argument-errors.ts';
import { toInteger } from './arguments.ts';
import type { FsContext } from './context.ts';
import { copyFile, isSame } from './copy-file.ts';
import { decodeName, encodeName } from './escaped-names.ts';
import { mkdirs } from './paths.ts';

export interface CpOptions {
  /** Copies the targets of links. */
  readonly dereference?: boolean | undefined;
  /** With `force` false: an existing target is an error. */
  readonly errorOnExist?: boolean | undefined;
  /** An entry for which it answers false is left out, with everything below it. */
  readonly filter?:
    | ((source: string, destination: string) => boolean | Promise<boolean>)
    | undefined;
  /** Replaces existing files: true by default. */
  readonly force?: boolean | undefined;
  /** COPYFILE_… of `constants`. */
  readonly mode?: number | undefined;
  readonly preserveTimestamps?: boolean | undefined;
  /** Copies directories too. */
  readonly recursive?: boolean | undefined;
  /** Copies a link's text unchanged; otherwise a relative text is made absolute. */
  readonly verbatimSymlinks?: boolean | undefined;
}

/**
 * The source or the target: a name in an open directory, and the path as the caller would write it.
 */
interface Side {
  readonly dirfd: Fd;
  readonly name: PathLike;
  readonly path: string;
}

/** A directory of the source that is being copied, and those above it. */
interface Ancestor {
  readonly statx: Statx;
  readonly above: Ancestor | undefined;
}

const filesAtOnce = 8;
const permissions = 0o7777;

export async function cp(
  context: FsContext,
  source: string,
  destination: string,
  options: CpOptions,
): Promise<void> {
  toInteger(options.mode ?? 0, 'options.mode', 0, 7);
  if (options.dereference === true && options.verbatimSymlinks === true) {
    const text = 'Option "dereference" cannot be used in combination with "verbatimSymlinks"';
    throw codedError('ERR_INCOMPATIBLE_OPTION_PAIR', text);
  }
  const copy = new CpOperation(context, options);
  const from: Side = { dirfd: abi.AT_FDCWD, name: encodeName(source), path: source };
  const to: Side = { dirfd: abi.AT_FDCWD, name: encodeName(destination), path: destination };
  await copy.start(from, to);
}

class CpOperation {
  readonly #context: FsContext;
  readonly #options: CpOptions;
  readonly #force: boolean;
  /** For the *at calls and for open(2) on the source. */
  readonly #atFlags: number;
  readonly #openFlags: number;

  constructor(context: FsContext, options: CpOptions) {
    this.#context = context;
    this.#options = options;
    this.#force = options.force ?? true;
    this.#atFlags = options.dereference === true ? 0 : abi.AT_SYMLINK_NOFOLLOW;
    this.#openFlags = options.dereference === true ? 0 : abi.O_NOFOLLOW;
  }

  async start(from: Side, to: Side): Promise<void> {
    const both = await this.#look(from, to);
    if (both === undefined) return;
    const [source, existing] = both;
    if (source.type === abi.S_IFDIR) await this.#refuseInside(source, from, to);
    const parent = posix.dirname(to.path);
    const found = await this.#context.calls.statx(abi.AT_FDCWD, encodeName(parent));
    if (found === -errno.ENOENT) await mkdirs(this.#context, encodeName(parent), 0o777);
    else if (isErrno(found)) throw this.#context.error(found, 'stat', encodeName(parent));
    await this.#copy(from, to, source, existing, undefined);
  }

  /**
   * The statx of both sides, after the filter and the checks; undefined if the entry is left out.
   */
  async #look(from: Side, to: Side): Promise<[Statx, Statx | undefined] | undefined> {
    const { filter, dereference } = this.#options;
    if (filter !== undefined && !(await filter(from.path, to.path))) return undefined;
    const { calls } = this.#context;
    const [source, target] = await Promise.all([
      calls.statx(from.dirfd, from.name, this.#atFlags),
      calls.statx(to.dirfd, to.name, this.#atFlags),
    ]);
    const syscall = dereference === true ? 'stat' : 'lstat';
    const statx = this.#context.found(source, syscall, encodeName(from.path));
    if (target === -errno.ENOENT) return [statx, undefined];
    const existing = this.#context.found(target, syscall, encodeName(to.path));
    if (isSame(statx, existing)) {
      throw refusal('ERR_FS_CP_EINVAL', errno.EINVAL, to, 'src and dest cannot be the same');
    }
    const isDirectory = statx.type === abi.S_IFDIR;
    if (isDirectory && existing.type !== abi.S_IFDIR) {
      const why = `cannot overwrite non-directory ${to.path} with directory ${from.path}`;
      throw refusal('ERR_FS_CP_DIR_TO_NON_DIR', errno.EISDIR, to, why);
    }
    if (!isDirectory && existing.type === abi.S_IFDIR) {
      const why = `cannot overwrite directory ${to.path} with non-directory ${from.path}`;
      throw refusal('ERR_FS_CP_NON_DIR_TO_DIR', errno.ENOTDIR, to, why);
    }
    return [statx, existing];
  }

  /** Refuses to copy a directory into itself, whether by its path or through a link. */
  async #refuseInside(source: Statx, from: Side, to: Side): Promise<void> {
    const why = `cannot copy ${from.path} to a subdirectory of self ${to.path}`;
    const inside = refusal('ERR_FS_CP_EINVAL', errno.EINVAL, to, why);
    if (isInside(from.path, to.path)) throw inside;
    if (this.#options.recursive !== true) return;
    const { calls } = this.#context;
    const root = this.#context.found(await calls.fstatx(calls.root), 'stat', '/');
    let parent = posix.dirname(posix.resolve('/', to.path));
    let statx = await calls.statx(abi.AT_FDCWD, encodeName(parent));
    while (statx === -errno.ENOENT && parent !== '/') {
      parent = posix.dirname(parent);
      statx = await calls.statx(abi.AT_FDCWD, encodeName(parent));
    }
    // Goes up by "..", an entry of the directory itself, which no link and no rename falsifies.
    await this.#context.withOpen(abi.AT_FDCWD, encodeName(parent), abi.O_PATH, async (start) => {
      let fd = this.#context.check(start, 'open', encodeName(parent));
      try {
        for (;;) {
          const at = this.#context.found(await calls.fstatx(fd), 'stat', encodeName(parent));
          if (isSame(at, source)) throw inside;
          if (isSame(at, root)) return;
          const next = await this.#context.openAt(fd, '..', abi.O_PATH);
          if (fd !== start) await calls.close(fd);
          fd = this.#context.check(next, 'open', encodeName(parent));
        }
      } finally {
        if (fd !== start) await calls.close(fd);
      }
    });
  }

  async #copy(
    from: Side,
    to: Side,
    source: Statx,
    existing: Statx | undefined,
    above: Ancestor | undefined,
  ): Promise<void> {
    switch (source.type) {
      case abi.S_IFDIR:
        return this.#copyDirectory(from, to, source, existing, above);
      case abi.S_IFREG:
        return this.#copyFile(from, to, source, existing);
      case abi.S_IFLNK:
        return this.#copyLink(from, to, existing);
      case abi.S_IFCHR:
      case abi.S_IFBLK:
        return this.#copyDevice(to, source, existing);
      case abi.S_IFSOCK:
        throw refusal('ERR_FS_CP_SOCKET', errno.EINVAL, to, 'cannot copy a socket file');
      default:
        throw refusal('ERR_FS_CP_FIFO_PIPE', errno.EINVAL, to, 'cannot copy a FIFO pipe');
    }
  }

  /** Removes an existing target. Answers false if it is to stay. */
  async #makeRoom(to: Side, existing: Statx | undefined): Promise<boolean> {
    if (existing === undefined) return true;
    if (!this.#force) {
      if (this.#options.errorOnExist !== true) return false;
      throw refusal('ERR_FS_CP_EEXIST', errno.EEXIST, to, `${to.path} already exists`);
    }
    this.#check(await this.#context.calls.unlinkat(to.dirfd, to.name), 'unlink', to);
    return true;
  }

  async #copyFile(from: Side, to: Side, source: Statx, existing: Statx | undefined): Promise<void> {
    if (!(await this.#makeRoom(to, existing))) return;
    const ret = await copyFile(
      this.#context,
      { dirfd: from.dirfd, path: from.name, openFlags: this.#openFlags },
      { dirfd: to.dirfd, path: to.name, openFlags: abi.O_NOFOLLOW },
      this.#options.mode ?? 0,
    );
    if (ret < 0) {
      const path = encodeName(from.path);
      throw this.#context.error(ret, 'copyfile', path, encodeName(to.path));
    }
    await this.#keepTimes(to.dirfd, to.name, source, to);
  }

  async #copyDevice(to: Side, source: Statx, existing: Statx | undefined): Promise<void> {
    if (!(await this.#makeRoom(to, existing))) return;
    const { mode, rdevMajor, rdevMinor } = source;
    const { calls } = this.#context;
    this.#check(
      await calls.mknodat(to.dirfd, to.name, mode, encodeDevice(rdevMajor, rdevMinor)),
      'mknod',
      to,
    );
    await this.#keepTimes(to.dirfd, to.name, source, to);
  }

  async #keepTimes(dirfd: Fd, name: PathLike, source: Statx, to: Side): Promise<void> {
    if (this.#options.preserveTimestamps !== true) return;
    const flags = name === '' ? abi.AT_EMPTY_PATH : abi.AT_SYMLINK_NOFOLLOW;
    const { calls } = this.#context;
    this.#check(
      await calls.utimensat(dirfd, name, { atime: source.atime, mtime: source.mtime }, flags),
      'utime',
      to,
    );
  }

  async #copyDirectory(
    from: Side,
    to: Side,
    source: Statx,
    existing: Statx | undefined,
    above: Ancestor | undefined,
  ): Promise<void> {
    if (this.#options.recursive !== true) {
      const why = `${from.path} is a directory (not copied)`;
      throw refusal('ERR_FS_EISDIR', errno.EISDIR, from, why);
    }
    if (existing !== undefined && this.#options.errorOnExist === true && !this.#force) {
      throw refusal('ERR_FS_CP_EEXIST', errno.EEXIST, to, `${to.path} already exists`);
    }
    for (let at = above; at !== undefined; at = at.above) {
      if (isSame(at.statx, source)) this.#check(-errno.ELOOP, 'cp', from);
    }
    const { calls } = this.#context;
    // Only the owner can use it until it is full; then it gets the source's mode.
    if (existing === undefined) {
      this.#check(await calls.mkdirat(to.dirfd, to.name, 0o700), 'mkdir', to);
    }
    const inside = { statx: source, above };
    const flags = abi.O_RDONLY | abi.O_DIRECTORY;
    const readFlags = flags | this.#openFlags;
    await this.#context.withOpen(from.dirfd, from.name, readFlags, async (fromFd) => {
      this.#check(fromFd, 'opendir', from);
      await this.#context.withOpen(to.dirfd, to.name, readFlags, async (toFd) => {
        this.#check(toFd, 'opendir', to);
        await this.#copyEntries({ ...from, dirfd: fromFd }, { ...to, dirfd: toFd }, inside);
        if (existing === undefined) {
          const mode = source.mode & permissions;
          this.#check(await calls.fchmodat2(toFd, '', mode, abi.AT_EMPTY_PATH), 'chmod', to);
        }
        await this.#keepTimes(toFd, '', source, to);
      });
    });
  }

  async #copyEntries(from: Side, to: Side, above: Ancestor): Promise<void> {
    for (;;) {
      const entries = await this.#context.calls.getdents64(from.dirfd);
      const path = encodeName(from.path);
      const found = this.#context.found(entries, 'scandir', path);
      if (found.length === 0) return;
      const files = found.filter(({ type }) => type === abi.DT_REG);
      const others = found.filter(({ type }) => type !== abi.DT_REG);
      for (let start = 0; start < files.length; start += filesAtOnce) {
        const group = files.slice(start, start + filesAtOnce);
        const results = await Promise.allSettled(
          group.map(({ name }) => this.#copyEntry(from, to, name, above)),
        );
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      }
      for (const { name } of others) await this.#copyEntry(from, to, name, above);
    }
  }

  async #copyEntry(from: Side, to: Side, name: Buffer, above: Ancestor): Promise<void> {
    const shown = decodeName(name);
    const source = { dirfd: from.dirfd, name, path: joined(from.path, shown) };
    const target = { dirfd: to.dirfd, name, path: joined(to.path, shown) };
    const both = await this.#look(source, target);
    if (both !== undefined) await this.#copy(source, target, both[0], both[1], above);
  }

  async #copyLink(from: Side, to: Side, existing: Statx | undefined): Promise<void> {
    const { calls } = this.#context;
    const text = await this.#readlink(from);
    const target = this.#options.verbatimSymlinks === true ? text : absolute(from, text);
    if (existing?.type === abi.S_IFLNK) {
      await this.#refuseLink(from, to, target);
      this.#check(await calls.unlinkat(to.dirfd, to.name), 'unlink', to);
    }
    const ret = await calls.symlinkat(target, to.dirfd, to.name);
    if (ret < 0) throw this.#context.error(ret, 'symlink', target, encodeName(to.path));
  }

  /** Node's rules for replacing a link to a directory by a link, from the texts of the links. */
  async #refuseLink(from: Side, to: Side, target: Buffer): Promise<void> {
    const source = decodeName(target);
    const old = decodeName(absolute(to, await this.#readlink(to)));
    const found = await this.#context.calls.statx(from.dirfd, from.name);
    const isDirectory = !isErrno(found) && found.type === abi.S_IFDIR;
    if (isDirectory && isInside(source, old)) {
      const why = `cannot copy ${source} to a subdirectory of self ${old}`;
      throw refusal('ERR_FS_CP_EINVAL', errno.EINVAL, to, why);
    }
    this.#context.found(found, 'stat', encodeName(from.path));
    if (isDirectory && isInside(old, source)) {
      const why = `cannot overwrite ${old} with ${source}`;
      throw refusal('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', errno.EINVAL, to, why);
    }
  }

  async #readlink(side: Side): Promise<Buffer> {
    const text = await this.#context.calls.readlinkat(side.dirfd, side.name);
    return this.#context.found(text, 'readlink', encodeName(side.path));
  }

  #check(ret: number, syscall: string, side: Side): number {
    return this.#context.check(ret, syscall, encodeName(side.path));
  }
}

function refusal(code: string, number: number, side: Side, why: string): TreeError {
  return new TreeError(code, number, 'cp', side.path, why);
}

function joined(path: string, name: string): string {
  return path.endsWith('/') ? `${path}${name}` : `${path}/${name}`;
}

/** The text of a link as an absolute path. */
function absolute(link: Side, text: Buffer): Buffer {
  if (text[0] === 0x2f) return text;
  const folder = posix.dirname(posix.resolve('/', link.path));
  return Buffer.from(encodeName(posix.resolve(folder, decodeName(text))));
}

/** Whether `path` is `folder` or below it, judged by their texts. */
function isInside(folder: string, path: string): boolean {
  const outer = posix.resolve('/', folder);
  const inner = posix.resolve('/', path);
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}
