/** The system calls on names below a directory's descriptor. */
import { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { PathLike } from '../names.ts';
import { Statx } from '../statx.ts';
import { DescriptorCalls } from './descriptors.ts';
import { empty, type Fd, second } from './slots.ts';

/** utimensat(2)'s time: UTIME_NOW and UTIME_OMIT go into nsec. */
export interface TimeToSet {
  readonly sec: number;
  readonly nsec: number;
}

/** What a statx asks for: all that Statx shows. */
export const allStatx: number = abi.STATX_BASIC_STATS | abi.STATX_BTIME;

export class NameCalls extends DescriptorCalls {
  statx(dirfd: Fd, path: PathLike, atFlags = 0, mask: number = allStatx): Promise<Statx | Errno> {
    return this.named<Statx>(abi.BRIDGE_OP_statx, path, [dirfd, atFlags, mask], (slot, ret) =>
      isErrno(ret) ? ret : new Statx(this.memory, this.ring.buffer(slot) + second),
    );
  }

  /** statx of the descriptor itself. */
  fstatx(fd: Fd): Promise<Statx | Errno> {
    return this.statx(fd, empty, abi.AT_EMPTY_PATH);
  }

  /** The link's text; with an empty path that of an O_PATH descriptor. */
  readlinkat(dirfd: Fd, path: PathLike): Promise<Buffer | Errno> {
    return this.named<Buffer>(abi.BRIDGE_OP_readlinkat, path, [dirfd], (slot, ret) => {
      if (isErrno(ret)) return ret;
      const start = this.ring.buffer(slot) + second;
      return Buffer.from(this.memory.bytes.subarray(start, start + ret));
    });
  }

  mkdirat(dirfd: Fd, path: PathLike, mode: number): Promise<number> {
    return this.named(abi.BRIDGE_OP_mkdirat, path, [dirfd, mode]);
  }

  mknodat(dirfd: Fd, path: PathLike, mode: number, major: number, minor: number): Promise<number> {
    // new_encode_dev() of include/linux/kdev_t.h
    const dev = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
    return this.named(abi.BRIDGE_OP_mknodat, path, [dirfd, mode, dev]);
  }

  unlinkat(dirfd: Fd, path: PathLike, atFlags = 0): Promise<number> {
    return this.named(abi.BRIDGE_OP_unlinkat, path, [dirfd, atFlags]);
  }

  renameat2(
    fromDirfd: Fd,
    from: PathLike,
    toDirfd: Fd,
    to: PathLike,
    renameFlags = 0,
  ): Promise<number> {
    return this.namedTwice(abi.BRIDGE_OP_renameat2, from, to, [fromDirfd, toDirfd, renameFlags]);
  }

  linkat(fromDirfd: Fd, from: PathLike, toDirfd: Fd, to: PathLike, atFlags = 0): Promise<number> {
    return this.namedTwice(abi.BRIDGE_OP_linkat, from, to, [fromDirfd, toDirfd, atFlags]);
  }

  symlinkat(target: PathLike, dirfd: Fd, path: PathLike): Promise<number> {
    return this.namedTwice(abi.BRIDGE_OP_symlinkat, target, path, [dirfd]);
  }

  fchmodat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.named(abi.BRIDGE_OP_fchmodat2, path, [dirfd, mode, atFlags]);
  }

  /** -1 leaves uid or gid as it is. */
  fchownat(dirfd: Fd, path: PathLike, uid: number, gid: number, atFlags = 0): Promise<number> {
    return this.named(abi.BRIDGE_OP_fchownat, path, [dirfd, uid, gid, atFlags]);
  }

  utimensat(
    dirfd: Fd,
    path: PathLike,
    atime: TimeToSet,
    mtime: TimeToSet,
    atFlags = 0,
  ): Promise<number> {
    const args = [dirfd, atFlags, atime.nsec, mtime.nsec];
    return this.named(abi.BRIDGE_OP_utimensat, path, args, undefined, [atime.sec, mtime.sec]);
  }

  faccessat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.named(abi.BRIDGE_OP_faccessat2, path, [dirfd, mode, atFlags]);
  }

  /** A struct file_handle that openByHandleAt takes. */
  nameToHandleAt(dirfd: Fd, path: PathLike, atFlags = 0): Promise<Buffer | Errno> {
    return this.named<Buffer>(
      abi.BRIDGE_OP_name_to_handle_at,
      path,
      [dirfd, atFlags],
      (slot, ret) => {
        if (isErrno(ret)) return ret;
        const start = this.ring.buffer(slot) + second;
        const handleBytes = this.memory.u32[start >>> 2] as number;
        const end = start + abi['file_handle.f_handle'] + handleBytes;
        return Buffer.from(this.memory.bytes.subarray(start, end));
      },
    );
  }
}
