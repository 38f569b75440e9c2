/** The functions of fs/promises that read and change a path's metadata: stat, chmod, utimes, … */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { TimeToSet } from '../vfs-linux/calls.ts';
import { invalidType } from './argument-errors.ts';
import { type FsPath, type Mode, toInteger, toKernelPath, toMode, toOwner } from './arguments.ts';
import { constants } from './constants.ts';
import { LinuxFs } from './linux-fs.ts';
import {
  type BigIntStats,
  type StatFs,
  type StatOptions,
  type Stats,
  toStatFs,
  toStats,
} from './stats.ts';
import { type TimeLike, toTime } from './times.ts';

const here = abi.AT_FDCWD;
const itself = abi.AT_SYMLINK_NOFOLLOW;

export class MetadataFs extends LinuxFs {
  stat(path: FsPath, options?: StatOptions & { bigint?: false | undefined }): Promise<Stats>;
  stat(path: FsPath, options: StatOptions & { bigint: true }): Promise<BigIntStats>;
  stat(
    path: FsPath,
    options: StatOptions & { throwIfNoEntry: false },
  ): Promise<Stats | BigIntStats | undefined>;
  stat(path: FsPath, options?: StatOptions): Promise<Stats | BigIntStats>;
  async stat(
    path: FsPath,
    options?: StatOptions & { throwIfNoEntry?: boolean | undefined },
  ): Promise<Stats | BigIntStats | undefined> {
    const name = toKernelPath(path);
    const answer = await this.context.calls.statx(here, name);
    const isMissing = answer === -errno.ENOENT || answer === -errno.ENOTDIR;
    if (isMissing && options?.throwIfNoEntry === false) return undefined;
    return toStats(this.context.found(answer, 'stat', name), options);
  }

  lstat(path: FsPath, options?: StatOptions & { bigint?: false | undefined }): Promise<Stats>;
  lstat(path: FsPath, options: StatOptions & { bigint: true }): Promise<BigIntStats>;
  lstat(path: FsPath, options?: StatOptions): Promise<Stats | BigIntStats>;
  async lstat(path: FsPath, options?: StatOptions): Promise<Stats | BigIntStats> {
    const name = toKernelPath(path);
    const answer = await this.context.calls.statx(here, name, itself);
    return toStats(this.context.found(answer, 'lstat', name), options);
  }

  statfs(path: FsPath, options?: StatOptions & { bigint?: false | undefined }): Promise<StatFs>;
  statfs(path: FsPath, options: StatOptions & { bigint: true }): Promise<StatFs<bigint>>;
  async statfs(path: FsPath, options?: StatOptions): Promise<StatFs<number | bigint>> {
    const name = toKernelPath(path);
    const { context } = this;
    return context.withOpen(here, name, abi.O_PATH, async (fd) => {
      context.check(fd, 'statfs', name);
      const answer = await context.calls.fstatfs(fd);
      return toStatFs(context.found(answer, 'statfs', name), options);
    });
  }

  async access(path: FsPath, mode: number = constants.F_OK): Promise<void> {
    const name = toKernelPath(path);
    const bits = toInteger(mode, 'mode', 0, 7);
    this.context.check(await this.context.calls.faccessat2(here, name, bits), 'access', name);
  }

  async chmod(path: FsPath, mode: Mode): Promise<void> {
    await this.#chmod(path, mode, 'chmod', 0);
  }

  /** Node has it on macOS only. On a symbolic link most file systems answer ENOTSUP. */
  async lchmod(path: FsPath, mode: Mode): Promise<void> {
    await this.#chmod(path, mode, 'lchmod', itself);
  }

  async #chmod(path: FsPath, mode: Mode, syscall: string, atFlags: number): Promise<void> {
    const name = toKernelPath(path);
    if (mode === undefined || mode === null) throw invalidType('mode', 'of type number', mode);
    const bits = toMode(mode, 0);
    const ret = await this.context.calls.fchmodat2(here, name, bits, atFlags);
    this.context.check(ret, syscall, name);
  }

  async chown(path: FsPath, uid: number, gid: number): Promise<void> {
    await this.#chown(path, uid, gid, 'chown', 0);
  }

  async lchown(path: FsPath, uid: number, gid: number): Promise<void> {
    await this.#chown(path, uid, gid, 'lchown', itself);
  }

  async #chown(
    path: FsPath,
    uid: number,
    gid: number,
    syscall: string,
    atFlags: number,
  ): Promise<void> {
    const name = toKernelPath(path);
    const owner = toOwner(uid, 'uid');
    const ret = await this.context.calls.fchownat(
      here,
      name,
      { uid: owner, gid: toOwner(gid, 'gid') },
      atFlags,
    );
    this.context.check(ret, syscall, name);
  }

  async utimes(path: FsPath, atime: TimeLike, mtime: TimeLike): Promise<void> {
    await this.#utimes(path, toTime(atime, 'atime'), toTime(mtime, 'mtime'), 'utime', 0);
  }

  async lutimes(path: FsPath, atime: TimeLike, mtime: TimeLike): Promise<void> {
    await this.#utimes(path, toTime(atime, 'atime'), toTime(mtime, 'mtime'), 'lutime', itself);
  }

  async #utimes(
    path: FsPath,
    atime: TimeToSet,
    mtime: TimeToSet,
    syscall: string,
    atFlags: number,
  ): Promise<void> {
    const name = toKernelPath(path);
    const ret = await this.context.calls.utimensat(here, name, { atime, mtime }, atFlags);
    this.context.check(ret, syscall, name);
  }
}
