/**
 * Linux's file system calls, as promises: the data plane that everything above stands on.
 *
 * Every method is the system call of its name (see the man pages, section 2), with that call's
 * arguments in that call's order, and answers what the call returns or a negative errno; nothing
 * here throws. Descriptors belong to the kernel; `AT_FDCWD` and absolute names start at the root
 * that this object was made for, and no name leads out of it. The identity that the kernel's
 * permission checks see is the object's too: `as` makes another object for another identity.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from './abi.gen.ts';
import { windowBytes } from './limits.ts';
import type { KernelMemory } from './memory.ts';
import type { PathLike } from './names.ts';
import type { Decode, RequestRing } from './request-ring.ts';
import { type Dirent64, decodeDirents, decodeStatfs, type Statfs, Statx } from './statx.ts';

/** A descriptor in the kernel's table. */
export type Fd = number;

/** utimensat(2)'s time: UTIME_NOW and UTIME_OMIT go into nsec. */
export interface TimeToSet {
  readonly sec: number;
  readonly nsec: number;
}

const allStatx = abi.STATX_BASIC_STATS | abi.STATX_BTIME;
const second = abi.BRIDGE_SECOND;
/** Addresses the descriptor itself: fstat and its like. */
const empty = '';

export class LinuxCalls {
  readonly ring: RequestRing;
  readonly root: Fd;
  readonly cred: number;
  /** What was opened through these calls and not closed yet: an unmount closes it first. */
  readonly opened: Set<Fd>;
  #memory: KernelMemory;

  constructor(ring: RequestRing, root: Fd, cred: number, opened: Set<Fd> = new Set()) {
    this.ring = ring;
    this.root = root;
    this.cred = cred;
    this.opened = opened;
    this.#memory = ring.memory;
  }

  /** The same calls under another identity (Kernel.identity); 0 is root with every capability. */
  as(cred: number): LinuxCalls {
    return new LinuxCalls(this.ring, this.root, cred, this.opened);
  }

  /** A decoder for calls that open something. */
  #remember: Decode<number> = (_slot, ret) => {
    if (ret >= 0) this.opened.add(ret);
    return ret;
  };

  #call<T = number>(
    op: number,
    fill: (slot: number) => void,
    decode?: Decode<T>,
    window?: Buffer,
  ): Promise<T> {
    return this.ring.call(op, this.root, this.cred, fill, decode, window);
  }

  /** An operation with numbers alone. */
  #numbers(op: number, args: readonly number[], wides: readonly number[] = []): Promise<number> {
    return this.#call(op, (slot) => this.#fill(slot, args, wides));
  }

  #fill(slot: number, args: readonly number[], wides: readonly number[]): void {
    for (let i = 0; i < args.length; i++) this.ring.arg(slot, i, args[i] as number);
    for (let i = 0; i < wides.length; i++) this.ring.wide(slot, i, wides[i] as number);
  }

  /** An operation on one name. */
  #named<T = number>(
    op: number,
    path: PathLike,
    args: readonly number[],
    decode?: Decode<T>,
    wides: readonly number[] = [],
  ): Promise<T | number> {
    if (!fits(path)) return Promise.resolve(nameError(path));
    return this.#call<T | number>(
      op,
      (slot) => {
        this.#fill(slot, args, wides);
        this.#writeName(this.ring.buffer(slot), path);
      },
      decode,
    );
  }

  /** An operation on two names. */
  #namedTwice(
    op: number,
    first: PathLike,
    other: PathLike,
    args: readonly number[],
  ): Promise<number> {
    if (!fits(first)) return Promise.resolve(nameError(first));
    if (!fits(other)) return Promise.resolve(nameError(other));
    return this.#call(op, (slot) => {
      this.#fill(slot, args, []);
      this.#writeName(this.ring.buffer(slot), first);
      this.#writeName(this.ring.buffer(slot) + second, other);
    });
  }

  #writeName(address: number, name: PathLike): void {
    const { bytes } = this.#memory;
    let length = name.length;
    if (typeof name === 'string') length = bytes.write(name, address, abi.PATH_MAX - 1, 'utf8');
    else bytes.set(name, address);
    bytes[address + length] = 0;
  }

  openat2(dirfd: Fd, path: PathLike, openFlags: number, mode = 0, resolve = 0): Promise<number> {
    const args = [dirfd, openFlags, mode, resolve];
    return this.#named(abi.BRIDGE_OP_openat2, path, args, this.#remember);
  }

  /** Opens what a descriptor (O_PATH too) stands for, as open("/proc/self/fd/N") would. */
  reopen(fd: Fd, openFlags: number): Promise<number> {
    return this.#call(
      abi.BRIDGE_OP_reopen,
      (slot) => this.#fill(slot, [fd, openFlags], []),
      this.#remember,
    );
  }

  close(fd: Fd): Promise<number> {
    this.opened.delete(fd);
    return this.#numbers(abi.BRIDGE_OP_close, [fd]);
  }

  /** Fills `target` as far as the file goes; a short count is the file's end. */
  pread(fd: Fd, target: Buffer, offsetBytes: number): Promise<number> {
    if (target.length > windowBytes) {
      return this.#inWindows(target, (part, at) => this.pread(fd, part, offsetBytes + at));
    }
    const fill = (slot: number): void => {
      this.ring.arg(slot, 0, fd);
      this.ring.arg(slot, 1, target.length);
      this.ring.wide(slot, 0, offsetBytes);
    };
    return this.#call(abi.BRIDGE_OP_pread64, fill, undefined, target);
  }

  pwrite(fd: Fd, source: Buffer, offsetBytes: number): Promise<number> {
    if (source.length > windowBytes) {
      return this.#inWindows(source, (part, at) => this.pwrite(fd, part, offsetBytes + at));
    }
    const fill = (slot: number): void => {
      this.ring.arg(slot, 0, fd);
      this.ring.arg(slot, 1, source.length);
      this.ring.wide(slot, 0, offsetBytes);
    };
    return this.#call(abi.BRIDGE_OP_pwrite64, fill, undefined, source);
  }

  /** One window after the other; stops at a short count, an error counts if nothing went before. */
  async #inWindows(
    buffer: Buffer,
    step: (part: Buffer, at: number) => Promise<number>,
  ): Promise<number> {
    let done = 0;
    while (done < buffer.length) {
      const part = buffer.subarray(done, done + windowBytes);
      const moved = await step(part, done);
      if (moved < 0) return done > 0 ? done : moved;
      done += moved;
      if (moved < part.length) break;
    }
    return done;
  }

  /** The next entries of an open directory; an empty list at its end. */
  getdents64(fd: Fd): Promise<Dirent64[] | number> {
    return this.#call<Dirent64[] | number>(
      abi.BRIDGE_OP_getdents64,
      (slot) => this.#fill(slot, [fd, abi.BRIDGE_DIRENTS], []),
      (slot, ret) => {
        if (ret < 0) return ret;
        const word = this.ring.address(slot) + abi['bridge_slot.data'];
        return decodeDirents(this.#memory, this.#memory.u32[word >>> 2] as number, ret);
      },
    );
  }

  lseek(fd: Fd, offsetBytes: number, whence: number): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_lseek, [fd, whence], [offsetBytes]);
  }

  fsync(fd: Fd): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_fsync, [fd]);
  }

  fdatasync(fd: Fd): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_fdatasync, [fd]);
  }

  /** Works on O_PATH descriptors too. */
  syncfs(fd: Fd): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_syncfs, [fd]);
  }

  ftruncate(fd: Fd, lengthBytes: number): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_ftruncate, [fd], [lengthBytes]);
  }

  fallocate(fd: Fd, mode: number, offsetBytes: number, lengthBytes: number): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_fallocate, [fd, mode], [offsetBytes, lengthBytes]);
  }

  fadvise(fd: Fd, offsetBytes: number, lengthBytes: number, advice: number): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_fadvise64, [fd, advice], [offsetBytes, lengthBytes]);
  }

  /** At most 2 GiB at a time; answers the bytes copied. */
  copyFileRange(
    from: Fd,
    fromOffsetBytes: number,
    to: Fd,
    toOffsetBytes: number,
    lengthBytes: number,
  ): Promise<number> {
    const length = Math.min(lengthBytes, 0x7ffff000);
    return this.#numbers(
      abi.BRIDGE_OP_copy_file_range,
      [from, to, length, 0],
      [fromOffsetBytes, toOffsetBytes],
    );
  }

  /** ioctl(2) whose argument is a number or a descriptor. */
  ioctlNumber(fd: Fd, command: number, argument: number): Promise<number> {
    return this.#numbers(abi.BRIDGE_OP_ioctl, [fd, command, argument]);
  }

  /** ioctl(2) on a structure of at most BRIDGE_BUFFER bytes, which is changed in place. */
  ioctl(fd: Fd, command: number, structure: Buffer): Promise<number> {
    return this.#call(
      abi.BRIDGE_OP_ioctl,
      (slot) => {
        this.#fill(slot, [fd, command, -1], []);
        structure.copy(this.#memory.bytes, this.ring.buffer(slot));
      },
      (slot, ret) => {
        if (ret >= 0) {
          const start = this.ring.buffer(slot);
          this.#memory.bytes.copy(structure, 0, start, start + structure.length);
        }
        return ret;
      },
    );
  }

  /** Thaws a frozen file system, past everything that waits for just that. */
  thaw(fd: Fd): Promise<number> {
    return this.ring.callUrgently(abi.BRIDGE_OP_ioctl, (slot) =>
      this.#fill(slot, [fd, abi.FITHAW, 0], []),
    );
  }

  fstatfs(fd: Fd): Promise<Statfs | number> {
    return this.#call<Statfs | number>(
      abi.BRIDGE_OP_fstatfs,
      (slot) => this.#fill(slot, [fd], []),
      (slot, ret) => (ret < 0 ? ret : decodeStatfs(this.#memory, this.ring.buffer(slot) + second)),
    );
  }

  /** Opens the file of a handle that nameToHandleAt gave, even one from an earlier mount. */
  openByHandleAt(mountFd: Fd, handle: Buffer, openFlags: number): Promise<number> {
    return this.#call(
      abi.BRIDGE_OP_open_by_handle_at,
      (slot) => {
        this.#fill(slot, [mountFd, openFlags], []);
        handle.copy(this.#memory.bytes, this.ring.buffer(slot));
      },
      this.#remember,
    );
  }

  statx(dirfd: Fd, path: PathLike, atFlags = 0, mask: number = allStatx): Promise<Statx | number> {
    return this.#named<Statx>(abi.BRIDGE_OP_statx, path, [dirfd, atFlags, mask], (slot, ret) =>
      ret < 0
        ? (ret as unknown as Statx)
        : new Statx(this.#memory, this.ring.buffer(slot) + second),
    );
  }

  /** statx of the descriptor itself. */
  fstatx(fd: Fd): Promise<Statx | number> {
    return this.statx(fd, empty, abi.AT_EMPTY_PATH);
  }

  /** The link's text; with an empty path that of an O_PATH descriptor. */
  readlinkat(dirfd: Fd, path: PathLike): Promise<Buffer | number> {
    return this.#named<Buffer | number>(abi.BRIDGE_OP_readlinkat, path, [dirfd], (slot, ret) => {
      if (ret < 0) return ret;
      const start = this.ring.buffer(slot) + second;
      return Buffer.from(this.#memory.bytes.subarray(start, start + ret));
    });
  }

  mkdirat(dirfd: Fd, path: PathLike, mode: number): Promise<number> {
    return this.#named(abi.BRIDGE_OP_mkdirat, path, [dirfd, mode]);
  }

  mknodat(dirfd: Fd, path: PathLike, mode: number, major: number, minor: number): Promise<number> {
    // new_encode_dev() of include/linux/kdev_t.h
    const dev = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
    return this.#named(abi.BRIDGE_OP_mknodat, path, [dirfd, mode, dev]);
  }

  unlinkat(dirfd: Fd, path: PathLike, atFlags = 0): Promise<number> {
    return this.#named(abi.BRIDGE_OP_unlinkat, path, [dirfd, atFlags]);
  }

  renameat2(
    fromDirfd: Fd,
    from: PathLike,
    toDirfd: Fd,
    to: PathLike,
    renameFlags = 0,
  ): Promise<number> {
    return this.#namedTwice(abi.BRIDGE_OP_renameat2, from, to, [fromDirfd, toDirfd, renameFlags]);
  }

  linkat(fromDirfd: Fd, from: PathLike, toDirfd: Fd, to: PathLike, atFlags = 0): Promise<number> {
    return this.#namedTwice(abi.BRIDGE_OP_linkat, from, to, [fromDirfd, toDirfd, atFlags]);
  }

  symlinkat(target: PathLike, dirfd: Fd, path: PathLike): Promise<number> {
    return this.#namedTwice(abi.BRIDGE_OP_symlinkat, target, path, [dirfd]);
  }

  fchmodat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.#named(abi.BRIDGE_OP_fchmodat2, path, [dirfd, mode, atFlags]);
  }

  /** -1 leaves uid or gid as it is. */
  fchownat(dirfd: Fd, path: PathLike, uid: number, gid: number, atFlags = 0): Promise<number> {
    return this.#named(abi.BRIDGE_OP_fchownat, path, [dirfd, uid, gid, atFlags]);
  }

  utimensat(
    dirfd: Fd,
    path: PathLike,
    atime: TimeToSet,
    mtime: TimeToSet,
    atFlags = 0,
  ): Promise<number> {
    const args = [dirfd, atFlags, atime.nsec, mtime.nsec];
    return this.#named(abi.BRIDGE_OP_utimensat, path, args, undefined, [atime.sec, mtime.sec]);
  }

  faccessat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.#named(abi.BRIDGE_OP_faccessat2, path, [dirfd, mode, atFlags]);
  }

  /** A struct file_handle that openByHandleAt takes. */
  nameToHandleAt(dirfd: Fd, path: PathLike, atFlags = 0): Promise<Buffer | number> {
    return this.#named<Buffer | number>(
      abi.BRIDGE_OP_name_to_handle_at,
      path,
      [dirfd, atFlags],
      (slot, ret) => {
        if (ret < 0) return ret;
        const start = this.ring.buffer(slot) + second;
        const handleBytes = this.#memory.u32[start >>> 2] as number;
        const end = start + abi['file_handle.f_handle'] + handleBytes;
        return Buffer.from(this.#memory.bytes.subarray(start, end));
      },
    );
  }

  #xattr(
    op: number,
    dirfd: Fd,
    path: PathLike,
    name: PathLike,
    args: readonly number[],
    value?: Buffer,
  ): Promise<number> {
    if (!fits(path)) return Promise.resolve(nameError(path));
    if (!fits(name)) return Promise.resolve(-errno.ERANGE);
    const fill = (slot: number): void => {
      this.#fill(slot, [dirfd, ...args], []);
      this.#writeName(this.ring.buffer(slot), path);
      this.#writeName(this.ring.buffer(slot) + second, name);
    };
    return this.#call(op, fill, undefined, value);
  }

  /** Fills `value` and answers the length; with an empty one only answers it. */
  getxattrat(
    dirfd: Fd,
    path: PathLike,
    atFlags: number,
    name: PathLike,
    value: Buffer,
  ): Promise<number> {
    const args = [atFlags, value.length];
    return this.#xattr(abi.BRIDGE_OP_getxattrat, dirfd, path, name, args, value);
  }

  setxattrat(
    dirfd: Fd,
    path: PathLike,
    atFlags: number,
    name: PathLike,
    value: Buffer,
    xattrFlags = 0,
  ): Promise<number> {
    const args = [atFlags, value.length, xattrFlags];
    return this.#xattr(abi.BRIDGE_OP_setxattrat, dirfd, path, name, args, value);
  }

  /** The names, each with a NUL behind it, in `list`; answers their length. */
  listxattrat(dirfd: Fd, path: PathLike, atFlags: number, list: Buffer): Promise<number> {
    const args = [atFlags, list.length];
    return this.#xattr(abi.BRIDGE_OP_listxattrat, dirfd, path, empty, args, list);
  }

  removexattrat(dirfd: Fd, path: PathLike, atFlags: number, name: PathLike): Promise<number> {
    return this.#xattr(abi.BRIDGE_OP_removexattrat, dirfd, path, name, [atFlags]);
  }
}

/** Whether a name can be handed to the kernel whole. */
function fits(name: PathLike): boolean {
  // A UTF-16 unit has three bytes of UTF-8 at most.
  if (name.length * (typeof name === 'string' ? 3 : 1) < abi.PATH_MAX) return !hasNul(name);
  const bytes = typeof name === 'string' ? Buffer.byteLength(name) : name.length;
  return bytes < abi.PATH_MAX && !hasNul(name);
}

function hasNul(name: PathLike): boolean {
  return typeof name === 'string' ? name.includes('\0') : name.includes(0);
}

function nameError(name: PathLike): number {
  return hasNul(name) ? -errno.EINVAL : -errno.ENAMETOOLONG;
}
