/**
 * Linux's file system calls, as promises: the data plane that everything above stands on.
 *
 * A method is the system call of its name (see the man pages, section 2), with that call's
 * arguments in that call's order. It answers what the call returns, or a negative errno; no method
 * throws. A directory's descriptor and a name that go together are one argument where there are two
 * such pairs: at(dirfd, name).
 *
 * Descriptors belong to the kernel. AT_FDCWD and absolute names start at the root that this object
 * was made for, and no name leads out of it. The kernel checks permissions for the object's
 * identity; `as` makes another object for another identity.
 *
 * The methods named …Statx do the work of two or three calls in one request: they also look up the
 * file that the call has opened or changed (bridge/lookup.c).
 */
import type { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import { refusedPath, refusedXattr } from './calls/checked-names.ts';
import {
  type ChangedStatx,
  changedIn,
  direntsIn,
  handleIn,
  piecesIn,
  statfsIn,
  statxIn,
  textIn,
} from './calls/decode.ts';
import type { At, Fd, FileAt, FileOffset, Owner, TimesToSet } from './calls/encode.ts';
import * as encode from './calls/encode.ts';
import { inWindows, plus } from './calls/windows.ts';
import { type Dirent64, type DirentStatx, decodeList } from './dirents.ts';
import { type Errno, isErrno } from './errno.ts';
import { windowBytes } from './limits.ts';
import { Lookup, type LookupWant, lookupBits, OpenedStatx } from './lookup.ts';
import type { PathLike } from './names.ts';
import type { Decode, Fill, RequestRing } from './request-ring.ts';
import type { Caller, Wide } from './slot.ts';
import type { Statfs, Statx } from './statx.ts';

export type { ChangedStatx } from './calls/decode.ts';
export type { At, Fd, FileAt, FileOffset, Owner, TimesToSet, TimeToSet } from './calls/encode.ts';
export { at, encodeDevice, itself } from './calls/encode.ts';
export type { Lookup, LookupWant, OpenedStatx } from './lookup.ts';

/** The name of a descriptor's own file, with AT_EMPTY_PATH. */
const empty = '';

/** How openat2Statx opens: O_* and, for a new file, its permissions. */
export interface OpenHow {
  readonly flags: number;
  readonly mode?: number;
}

/** What getdentsStatx answers. */
export interface ListRequest {
  /** "." and ".." too; not unless asked for. */
  readonly dots?: boolean;
  /** Entries have a statx; they do unless this is false. */
  readonly statx?: boolean;
  /** Entries have a file handle; not unless asked for. */
  readonly handles?: boolean;
  /**
   * Entries have the answer about this attribute (LookupWant.xattr); not unless there is a name.
   */
  readonly xattr?: PathLike;
  /**
   * The most bytes of entries; the first entry is given in any case. At most BRIDGE_LIST bytes of
   * the kernel's own records come at once.
   */
  readonly limitBytes?: number;
  /**
   * The bytes of the limit that an entry takes in addition to its name, the sum rounded up to 8: a
   * transport's own layout. Without it the kernel's records are counted.
   */
  readonly entryBytes?: number;
}

export class LinuxCalls implements Caller {
  readonly ring: RequestRing;
  readonly root: Fd;
  readonly cred: number;
  readonly umask: number;
  /** The descriptors that these calls have opened and not closed: an unmount closes them first. */
  readonly opened: Set<Fd>;

  constructor(ring: RequestRing, caller: Caller, opened: Set<Fd> = new Set()) {
    this.ring = ring;
    this.root = caller.root;
    this.cred = caller.cred;
    this.umask = caller.umask;
    this.opened = opened;
  }

  /**
   * The same calls for another caller: an identity (Kernel.identity), or 0 for root with every
   * capability, and a umask.
   */
  as(cred: number, umask = 0): LinuxCalls {
    return new LinuxCalls(this.ring, { root: this.root, cred, umask }, this.opened);
  }

  #remember: Decode<number> = (ret) => {
    if (ret >= 0) this.opened.add(ret);
    return ret;
  };

  #number(fill: Fill): Promise<number> {
    return this.ring.call(this, fill);
  }

  #named(path: PathLike, fill: Fill): Promise<number> {
    const refused = refusedPath(path);
    return refused === undefined ? this.ring.call(this, fill) : Promise.resolve(refused);
  }

  #namedAs<T>(path: PathLike, fill: Fill, decode: Decode<T>): Promise<T | Errno> {
    const refused = refusedPath(path);
    return refused === undefined ? this.ring.call(this, fill, decode) : Promise.resolve(refused);
  }

  // Descriptors

  openat2(dirfd: Fd, path: PathLike, openFlags: number, mode = 0): Promise<number> {
    const fill: Fill = (slot) => encode.openat2(slot, dirfd, path, openFlags, mode);
    return this.#namedAs(path, fill, this.#remember);
  }

  /** Opens the file of a descriptor (O_PATH too) once more, as open("/proc/self/fd/N") does. */
  reopen(fd: Fd, openFlags: number): Promise<number> {
    return this.ring.call(this, (slot) => encode.reopen(slot, fd, openFlags), this.#remember);
  }

  close(fd: Fd): Promise<number> {
    this.opened.delete(fd);
    return this.#number((slot) => encode.close(slot, fd));
  }

  /** Closes many at once; answers how many of them were not open. */
  async closeAll(fds: readonly Fd[]): Promise<number> {
    let failed = 0;
    for (let from = 0; from < fds.length; from += encode.maxClosedAtOnce) {
      const some = fds.slice(from, from + encode.maxClosedAtOnce);
      for (const fd of some) this.opened.delete(fd);
      const ret = await this.#number((slot) => encode.closeMany(slot, some));
      if (ret < 0) return ret;
      failed += ret;
    }
    return failed;
  }

  /** Fills `target` as far as the file goes; a short count is the file's end. */
  pread(fd: Fd, target: Buffer, offsetBytes: Wide): Promise<number> {
    const { length } = target;
    if (length > windowBytes) {
      return inWindows(target, (part, at) => this.pread(fd, part, plus(offsetBytes, at)));
    }
    const fill: Fill = (slot) => encode.pread64(slot, fd, length, offsetBytes);
    return this.ring.call(this, fill, undefined, target);
  }

  /**
   * Reads without a copy: `use` gets views of the kernel's own pages, in the file's order, of at
   * most windowBytes together. It runs inside the kernel's call and must not keep the views, which
   * are the file's bytes only until it returns. EOPNOTSUPP where the file has no pages to show.
   */
  preadPages<T>(
    fd: Fd,
    lengthBytes: number,
    offsetBytes: Wide,
    use: (pieces: Uint8Array[]) => T,
  ): Promise<T | Errno> {
    return this.ring.call<T | Errno>(
      this,
      (slot) => encode.preadPages(slot, fd, lengthBytes, offsetBytes),
      (ret, slot) => (isErrno(ret) ? ret : use(piecesIn(slot))),
    );
  }

  pwrite(fd: Fd, source: Buffer, offsetBytes: Wide): Promise<number> {
    const { length } = source;
    if (length > windowBytes) {
      return inWindows(source, (part, at) => this.pwrite(fd, part, plus(offsetBytes, at)));
    }
    const fill: Fill = (slot) => encode.pwrite64(slot, fd, length, offsetBytes);
    return this.ring.call(this, fill, undefined, source);
  }

  /**
   * pwritev2 with RWF_* flags or BRIDGE_PWRITE_CLIP (nothing beyond the file's end), and statx;
   * `ret` is the bytes written.
   */
  async pwriteStatx(
    fd: Fd,
    source: Buffer,
    offsetBytes: Wide,
    writeFlags = 0,
  ): Promise<ChangedStatx | Errno> {
    const { length } = source;
    if (length <= windowBytes) {
      const fill: Fill = (slot) => {
        encode.pwritev2(slot, fd, length, offsetBytes, writeFlags);
        slot.lookUp(abi.BRIDGE_LOOKUP_FD);
      };
      return this.ring.call(this, fill, changedIn, source);
    }
    let statx: Statx | undefined;
    const ret = await inWindows(source, async (part, at) => {
      const changed = await this.pwriteStatx(fd, part, plus(offsetBytes, at), writeFlags);
      statx = isErrno(changed) ? undefined : changed.statx;
      return isErrno(changed) ? changed : changed.ret;
    });
    return isErrno(ret) ? ret : { ret, statx };
  }

  /** The next entries of an open directory; an empty list at its end. */
  getdents64(fd: Fd): Promise<Dirent64[] | Errno> {
    const fill: Fill = (slot) => encode.getdents64(slot, fd, abi.BRIDGE_DIRENTS);
    return this.ring.call(this, fill, direntsIn);
  }

  /**
   * The entries of an open directory from `offset` on, each with the file that it names. 0n is the
   * start, and `next` of an entry the position after it; an empty list means the end. The
   * descriptor's own position does not matter, but continuing where the last answer ended is
   * fastest. Names that come and go meanwhile may be missing, as with getdents64(2).
   */
  getdentsStatx(fd: Fd, offset: bigint, request: ListRequest = {}): Promise<DirentStatx[] | Errno> {
    const { dots = false, statx = true, handles = false, xattr } = request;
    const { limitBytes = abi.BRIDGE_LIST, entryBytes = 0 } = request;
    const refused = refusedXattr(xattr ?? empty);
    if (refused !== undefined) return Promise.resolve(refused);
    let flags = 0;
    if (dots) flags |= abi.BRIDGE_LIST_DOTS;
    if (statx) flags |= abi.BRIDGE_LIST_STATX;
    if (handles) flags |= abi.BRIDGE_LIST_HANDLES;
    if (xattr !== undefined) flags |= abi.BRIDGE_LIST_XATTRS;
    const parts = { statx, handles, xattrs: xattr !== undefined };
    return this.ring.call<DirentStatx[] | Errno>(
      this,
      (slot) => {
        encode.getdentsStatx(slot, fd, flags, limitBytes, entryBytes);
        encode.listFrom(slot, offset);
        if (xattr !== undefined) encode.lookedUpXattr(slot, xattr);
      },
      (ret, slot) => {
        if (isErrno(ret)) return ret;
        return ret === 0 ? [] : decodeList(slot.memory, slot.data, ret, parts);
      },
    );
  }

  lseek(fd: Fd, offsetBytes: Wide, whence: number): Promise<number> {
    return this.#number((slot) => encode.lseek(slot, fd, offsetBytes, whence));
  }

  fsync(fd: Fd): Promise<number> {
    return this.#number((slot) => encode.fsync(slot, fd));
  }

  fdatasync(fd: Fd): Promise<number> {
    return this.#number((slot) => encode.fdatasync(slot, fd));
  }

  /** Works on O_PATH descriptors too. */
  syncfs(fd: Fd): Promise<number> {
    return this.#number((slot) => encode.syncfs(slot, fd));
  }

  ftruncate(fd: Fd, lengthBytes: Wide): Promise<number> {
    return this.#number((slot) => encode.ftruncate(slot, fd, lengthBytes));
  }

  /** ftruncate, and statx. */
  ftruncateStatx(fd: Fd, lengthBytes: Wide): Promise<ChangedStatx | Errno> {
    const fill: Fill = (slot) => {
      encode.ftruncate(slot, fd, lengthBytes);
      slot.lookUp(abi.BRIDGE_LOOKUP_FD);
    };
    return this.ring.call(this, fill, changedIn);
  }

  fallocate(fd: Fd, mode: number, offsetBytes: Wide, lengthBytes: Wide): Promise<number> {
    return this.#number((slot) => encode.fallocate(slot, fd, mode, offsetBytes, lengthBytes));
  }

  /** At most 2 GiB at a time; answers the bytes copied. */
  copyFileRange(from: FileOffset, to: FileOffset, lengthBytes: number): Promise<number> {
    const bytes = Math.min(lengthBytes, 0x7ffff000);
    return this.#number((slot) => encode.copyFileRange(slot, from, to, bytes));
  }

  /** ioctl(2) whose argument is a number or a descriptor. */
  ioctlNumber(fd: Fd, command: number, argument: number): Promise<number> {
    return this.#number((slot) => encode.ioctlNumber(slot, fd, command, argument));
  }

  /** ioctl(2) on a structure of at most BRIDGE_BUFFER bytes, which is changed in place. */
  ioctl(fd: Fd, command: number, structure: Buffer): Promise<number> {
    return this.ring.call<number>(
      this,
      (slot) => encode.ioctl(slot, fd, command, structure),
      (ret, { memory, first }) => {
        if (ret >= 0) memory.bytes.copy(structure, 0, first, first + structure.length);
        return ret;
      },
    );
  }

  /** Thaws a frozen file system, ahead of the requests that wait for the thaw. */
  thaw(fd: Fd): Promise<number> {
    return this.ring.callUrgently((slot) => encode.ioctlNumber(slot, fd, abi.FITHAW, 0));
  }

  fstatfs(fd: Fd): Promise<Statfs | Errno> {
    return this.ring.call(this, (slot) => encode.fstatfs(slot, fd), statfsIn);
  }

  /**
   * Opens the file of a handle that nameToHandleAt gave, even one from an earlier mount. `mountFd`
   * is any descriptor of the mount, O_PATH too, or AT_FDCWD. No capability is needed to find the
   * file.
   */
  openByHandleAt(mountFd: Fd, handle: Buffer, openFlags: number): Promise<number> {
    const write = (address: number): void => {
      handle.copy(this.ring.memory.bytes, address);
    };
    const fill: Fill = (slot) => encode.openByHandleAt(slot, mountFd, write, openFlags);
    return this.ring.call(this, fill, this.#remember);
  }

  // Names below a directory's descriptor

  statx(
    dirfd: Fd,
    path: PathLike,
    atFlags = 0,
    mask: number = encode.fullStatxMask,
  ): Promise<Statx | Errno> {
    return this.#namedAs(path, (slot) => encode.statx(slot, dirfd, path, atFlags, mask), statxIn);
  }

  /** statx of the descriptor itself. */
  fstatx(fd: Fd): Promise<Statx | Errno> {
    return this.statx(fd, empty, abi.AT_EMPTY_PATH);
  }

  /** statx, with its flags (AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH), and what else is wanted. */
  lookup(dirfd: Fd, path: PathLike, atFlags = 0, want?: LookupWant): Promise<Lookup | Errno> {
    const refused = refusedPath(path) ?? refusedXattr(want?.xattr ?? empty);
    if (refused !== undefined) return Promise.resolve(refused);
    return this.ring.call<Lookup | Errno>(
      this,
      (slot) => {
        encode.lookup(slot, dirfd, path, atFlags, lookupBits(want));
        if (want?.xattr !== undefined) encode.lookedUpXattr(slot, want.xattr);
      },
      (ret, { memory, second }) => (isErrno(ret) ? ret : new Lookup(memory, second, want)),
    );
  }

  /** openat2, and statx of what it opened. Nothing stays open when that fails. */
  openat2Statx(
    dirfd: Fd,
    path: PathLike,
    how: OpenHow,
    want?: LookupWant,
  ): Promise<OpenedStatx | Errno> {
    const { flags, mode = 0 } = how;
    const refused = refusedPath(path) ?? refusedXattr(want?.xattr ?? empty);
    if (refused !== undefined) return Promise.resolve(refused);
    return this.ring.call<OpenedStatx | Errno>(
      this,
      (slot) => {
        encode.openat2(slot, dirfd, path, flags, mode);
        slot.lookUp(abi.BRIDGE_LOOKUP_OPENED | lookupBits(want));
        if (want?.xattr !== undefined) encode.lookedUpXattr(slot, want.xattr);
      },
      (ret, { memory, second }) => {
        if (isErrno(ret)) return ret;
        this.opened.add(ret);
        return new OpenedStatx(memory, second, want, ret);
      },
    );
  }

  /** The link's text; with an empty path that of an O_PATH descriptor. */
  readlinkat(dirfd: Fd, path: PathLike): Promise<Buffer | Errno> {
    return this.#namedAs(path, (slot) => encode.readlinkat(slot, dirfd, path), textIn);
  }

  mkdirat(dirfd: Fd, path: PathLike, mode: number): Promise<number> {
    return this.#named(path, (slot) => encode.mkdirat(slot, dirfd, path, mode));
  }

  /** `dev` is a device's number (encodeDevice), or 0 for a file that is no device. */
  mknodat(dirfd: Fd, path: PathLike, mode: number, dev: number): Promise<number> {
    return this.#named(path, (slot) => encode.mknodat(slot, dirfd, path, mode, dev));
  }

  unlinkat(dirfd: Fd, path: PathLike, atFlags = 0): Promise<number> {
    return this.#named(path, (slot) => encode.unlinkat(slot, dirfd, path, atFlags));
  }

  renameat2(from: At, to: At, renameFlags = 0): Promise<number> {
    const fill: Fill = (slot) => encode.renameat2(slot, from, to, renameFlags);
    return this.#namedTwice(from.name, to.name, fill);
  }

  linkat(from: At, to: At, atFlags = 0): Promise<number> {
    const fill: Fill = (slot) => encode.linkat(slot, from, to, atFlags);
    return this.#namedTwice(from.name, to.name, fill);
  }

  symlinkat(target: PathLike, dirfd: Fd, path: PathLike): Promise<number> {
    return this.#namedTwice(target, path, (slot) => encode.symlinkat(slot, target, dirfd, path));
  }

  #namedTwice(first: PathLike, second: PathLike, fill: Fill): Promise<number> {
    const refused = refusedPath(first) ?? refusedPath(second);
    return refused === undefined ? this.ring.call(this, fill) : Promise.resolve(refused);
  }

  fchmodat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.#named(path, (slot) => encode.fchmodat2(slot, dirfd, path, mode, atFlags));
  }

  fchownat(dirfd: Fd, path: PathLike, owner: Owner, atFlags = 0): Promise<number> {
    return this.#named(path, (slot) => encode.fchownat(slot, dirfd, path, owner, atFlags));
  }

  utimensat(dirfd: Fd, path: PathLike, times: TimesToSet, atFlags = 0): Promise<number> {
    return this.#named(path, (slot) => encode.utimensat(slot, dirfd, path, times, atFlags));
  }

  faccessat2(dirfd: Fd, path: PathLike, mode: number, atFlags = 0): Promise<number> {
    return this.#named(path, (slot) => encode.faccessat2(slot, dirfd, path, mode, atFlags));
  }

  /** A struct file_handle that openByHandleAt takes. */
  nameToHandleAt(dirfd: Fd, path: PathLike, atFlags = 0): Promise<Buffer | Errno> {
    const fill: Fill = (slot) => encode.nameToHandleAt(slot, dirfd, path, atFlags);
    return this.#namedAs(path, fill, handleIn);
  }

  // Extended attributes: Linux 6.13's calls, which bridge/ops-xattr.c has

  #xattr(path: PathLike, name: PathLike, fill: Fill, value?: Buffer): Promise<number> {
    const refused = refusedPath(path) ?? refusedXattr(name);
    if (refused !== undefined) return Promise.resolve(refused);
    return this.ring.call(this, fill, undefined, value);
  }

  /** Fills `value` and answers the length; with an empty one only answers it. */
  getxattrat(file: FileAt, name: PathLike, value: Buffer): Promise<number> {
    const fill: Fill = (slot) => encode.getxattrat(slot, file, name, value.length);
    return this.#xattr(file.name, name, fill, value);
  }

  setxattrat(file: FileAt, name: PathLike, value: Buffer, xattrFlags = 0): Promise<number> {
    const fill: Fill = (slot) => encode.setxattrat(slot, file, name, value.length, xattrFlags);
    return this.#xattr(file.name, name, fill, value);
  }

  /** The names, each with a NUL behind it, in `list`; answers their length. */
  listxattrat(file: FileAt, list: Buffer): Promise<number> {
    const fill: Fill = (slot) => encode.listxattrat(slot, file, list.length);
    return this.#xattr(file.name, empty, fill, list);
  }

  removexattrat(file: FileAt, name: PathLike): Promise<number> {
    return this.#xattr(file.name, name, (slot) => encode.removexattrat(slot, file, name));
  }
}
