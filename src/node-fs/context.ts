/**
 * What all operations of one VolumeFs share: the calls, the errors for an errno, the umask, and the
 * number of operations under way.
 *
 * Invariant: operations that open descriptors (busy, withOpen) are counted, and the volume's close
 * waits for them, as an unmount with an open file is EBUSY.
 */
import { Idle } from '../idle.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import { type Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { SystemError } from '../vfs-linux/errors.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { kernelItself } from '../vfs-linux/request-ring.ts';
import { shownPath } from './arguments.ts';

/** Registers what must be closed before the unmount; answers a function that takes it back. */
export type Hold = (close: () => Promise<unknown>) => () => void;

/** O_PATH and the only flags that it can be combined with (fs/open.c: O_PATH_FLAGS). */
const pathFlags = abi.O_PATH | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_CLOEXEC;
const knownFlags =
  pathFlags |
  abi.O_RDONLY |
  abi.O_WRONLY |
  abi.O_RDWR |
  abi.O_CREAT |
  abi.O_EXCL |
  abi.O_TRUNC |
  abi.O_APPEND |
  abi.O_NONBLOCK |
  abi.O_SYNC |
  abi.O_DIRECT |
  abi.O_NOATIME |
  abi.O_TMPFILE;

export class FsContext {
  readonly calls: LinuxCalls;
  readonly hold: Hold;
  /** Permissions that new files and directories do not get, as with umask(2). */
  umask = 0o022;
  #failure: () => Error | undefined;
  #operations = new Idle();
  #forget: (() => void) | undefined;
  #mountPath: Promise<Buffer | Errno> | undefined;

  constructor(calls: LinuxCalls, hold: Hold, failure: () => Error | undefined) {
    this.calls = calls;
    this.hold = hold;
    this.#failure = failure;
  }

  /** The error for a negative errno; the kernel's ERR_KERNEL_FAILED if the kernel is dead. */
  error(ret: number, syscall: string, path?: PathLike, dest?: PathLike): Error {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    const shown = path === undefined ? undefined : shownPath(path);
    return new SystemError(ret, syscall, shown, dest === undefined ? undefined : shownPath(dest));
  }

  check(ret: number, syscall: string, path?: PathLike, dest?: PathLike): number {
    if (ret < 0) throw this.error(ret, syscall, path, dest);
    return ret;
  }

  /** What a call answered, or its errno thrown as Node's error. */
  found<T>(answer: T | Errno, syscall: string, path?: PathLike): T {
    if (isErrno(answer)) throw this.error(answer, syscall, path);
    return answer;
  }

  /**
   * openat2(2) with the manners of open(2): unknown flags do nothing. O_NONBLOCK is always set, as
   * the other end of a FIFO is never opened, and open(2) would hold a thread of the kernel for
   * ever.
   */
  openAt(dirfd: Fd, path: PathLike, flags: number, mode = 0): Promise<number> {
    let known = (flags & knownFlags) | abi.O_CLOEXEC;
    if ((flags & abi.O_PATH) !== 0) known &= pathFlags;
    else known |= abi.O_NONBLOCK;
    const makes = (flags & abi.O_CREAT) !== 0 || (flags & abi.O_TMPFILE) === abi.O_TMPFILE;
    return this.calls.openat2(dirfd, path, known, makes ? mode & ~this.umask : 0);
  }

  /** Runs an operation that opens descriptors of its own; the volume's close waits for its end. */
  async busy<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#operations.count === 0) this.#forget = this.hold(() => this.#operations.wait());
    this.#operations.enter();
    try {
      return await operation();
    } finally {
      this.#operations.leave();
      if (this.#operations.count === 0) this.#forget?.();
    }
  }

  /** Opens for the time of `use`, which gets the negative errno if the opening fails. */
  withOpen<T>(
    dirfd: Fd,
    path: PathLike,
    flags: number,
    use: (fd: Fd) => Promise<T>,
    mode = 0,
  ): Promise<T> {
    return this.busy(async () => {
      const fd = await this.openAt(dirfd, path, flags, mode);
      try {
        return await use(fd);
      } finally {
        if (fd >= 0) await this.calls.close(fd);
      }
    });
  }

  /** The path of a descriptor in the volume, from the kernel's /proc/self/fd. */
  async pathOf(fd: Fd): Promise<Buffer | Errno> {
    const own = new LinuxCalls(this.calls.ring, { ...kernelItself, cred: this.calls.cred });
    const linkOf = (of: Fd): Promise<Buffer | Errno> =>
      own.readlinkat(abi.AT_FDCWD, `/proc/self/fd/${of}`);
    this.#mountPath ??= linkOf(this.calls.root);
    const [mount, full] = await Promise.all([this.#mountPath, linkOf(fd)]);
    if (isErrno(mount) || isErrno(full)) return full;
    const inside = full.subarray(mount.length === 1 ? 0 : mount.length);
    return inside.length === 0 ? Buffer.from('/') : inside;
  }
}
