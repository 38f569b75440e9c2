/**
 * Calls that do something and find out in the same request what came of it (bridge/lookup.c). Linux
 * has none such; each does what the two or three of its name would, without the way there and back
 * between them.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import { type DirentStatx, decodeList } from '../dirents.ts';
import { type Errno, isErrno, negative } from '../errno.ts';
import { type Finding, Found, findingBits, OpenedStatx } from '../found.ts';
import { windowBytes } from '../limits.ts';
import type { PathLike } from '../names.ts';
import type { Decode } from '../request-ring.ts';
import { Statx } from '../statx.ts';
import { type Fd, fits, nameError, plus, second, type Wide } from './slots.ts';
import { XattrCalls } from './xattrs.ts';

/** What getdentsStatx is to give. */
export interface ListRequest {
  /** "." and ".." too; not unless asked for. */
  readonly dots?: boolean;
  /** Entries have a statx; they do unless this is false. */
  readonly statx?: boolean;
  /** Entries have a file handle; not unless asked for. */
  readonly handles?: boolean;
  /** Entries have what Finding says of this name; not unless there is one. */
  readonly xattr?: PathLike;
  /**
   * How much to give: entries are counted until they are more than so many bytes; the first one is
   * given in any case. At most BRIDGE_LIST bytes of the kernel's own records come at once.
   */
  readonly limitBytes?: number;
  /**
   * How many bytes of the limit an entry takes besides its name, the sum rounded up to 8: a
   * transport's own layout. Where not given, the kernel's records are counted.
   */
  readonly entryBytes?: number;
}

/** What a change of a file came to: the call's own result, and the file as it is now. */
export interface ChangedStatx {
  readonly ret: number;
  /** Undefined where the change was made but the file could not be looked at. */
  readonly statx: Statx | undefined;
}

export class StatxCalls extends XattrCalls {
  #fillFinding(slot: number, finding: Finding | undefined): void {
    if (finding?.xattr !== undefined) {
      this.writeName(this.ring.buffer(slot) + abi.BRIDGE_THIRD, finding.xattr);
    }
  }

  #decodeOpened(finding: Finding | undefined): Decode<OpenedStatx | Errno> {
    return (slot, ret) => {
      if (isErrno(ret)) return ret;
      this.opened.add(ret);
      return new OpenedStatx(this.memory, this.ring.buffer(slot) + second, finding, ret);
    };
  }

  /** openat2, and statx of what it opened. Nothing stays open when that fails. */
  openat2Statx(
    dirfd: Fd,
    path: PathLike,
    openFlags: number,
    mode = 0,
    resolve = 0,
    finding?: Finding,
  ): Promise<OpenedStatx | Errno> {
    const error = refused(path, finding);
    if (error !== undefined) return Promise.resolve(error);
    return this.call<OpenedStatx | Errno>(
      abi.BRIDGE_OP_openat2,
      (slot) => {
        this.fill(slot, [dirfd, openFlags, mode, resolve], []);
        this.ring.andFind(slot, abi.BRIDGE_LOOKUP_OPENED | findingBits(finding));
        this.writeName(this.ring.buffer(slot), path);
        this.#fillFinding(slot, finding);
      },
      this.#decodeOpened(finding),
    );
  }

  /** openByHandleAt, and statx of what it opened. */
  openByHandleAtStatx(
    mountFd: Fd,
    handle: Buffer,
    openFlags: number,
    finding?: Finding,
  ): Promise<OpenedStatx | Errno> {
    const error = refused('', finding);
    if (error !== undefined) return Promise.resolve(error);
    return this.call<OpenedStatx | Errno>(
      abi.BRIDGE_OP_open_by_handle_at,
      (slot) => {
        this.fill(slot, [mountFd, openFlags], []);
        this.ring.andFind(slot, abi.BRIDGE_LOOKUP_OPENED | findingBits(finding));
        handle.copy(this.memory.bytes, this.ring.buffer(slot));
        this.#fillFinding(slot, finding);
      },
      this.#decodeOpened(finding),
    );
  }

  /** statx, with its flags (AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH), and what else is to be found. */
  find(dirfd: Fd, path: PathLike, atFlags = 0, finding?: Finding): Promise<Found | Errno> {
    const error = refused(path, finding);
    if (error !== undefined) return Promise.resolve(error);
    return this.call<Found | Errno>(
      abi.BRIDGE_OP_lookup,
      (slot) => {
        this.fill(slot, [dirfd, atFlags, findingBits(finding)], []);
        this.writeName(this.ring.buffer(slot), path);
        this.#fillFinding(slot, finding);
      },
      (slot, ret) =>
        isErrno(ret) ? ret : new Found(this.memory, this.ring.buffer(slot) + second, finding),
    );
  }

  /** A look-up that leaves nothing open: nameToHandleAt and statx, with statx's flags. */
  nameToHandleStatx(dirfd: Fd, path: PathLike, atFlags = 0): Promise<Found | Errno> {
    return this.find(dirfd, path, atFlags, { handle: true });
  }

  #decodeChanged = (slot: number, ret: number): ChangedStatx | Errno => {
    if (isErrno(ret)) return ret;
    const statx = new Statx(this.memory, this.ring.buffer(slot) + second);
    return { ret, statx: statx.mask === 0 ? undefined : statx };
  };

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
    let written = 0;
    let changed: ChangedStatx | Errno;
    do {
      const part = source.subarray(written, written + windowBytes);
      changed = await this.#pwritePart(fd, part, plus(offsetBytes, written), writeFlags);
      if (isErrno(changed)) return written === 0 ? changed : { ret: written, statx: undefined };
      written += changed.ret;
      if (changed.ret < part.length) break;
    } while (written < source.length);
    return { ret: written, statx: changed.statx };
  }

  #pwritePart(
    fd: Fd,
    source: Buffer,
    offsetBytes: Wide,
    writeFlags: number,
  ): Promise<ChangedStatx | Errno> {
    return this.call<ChangedStatx | Errno>(
      abi.BRIDGE_OP_pwritev2,
      (slot) => {
        this.fill(slot, [fd, source.length, writeFlags], [offsetBytes]);
        this.ring.andFind(slot, abi.BRIDGE_LOOKUP_FD);
      },
      this.#decodeChanged,
      source,
    );
  }

  /** ftruncate, and statx. */
  ftruncateStatx(fd: Fd, lengthBytes: Wide): Promise<ChangedStatx | Errno> {
    return this.call<ChangedStatx | Errno>(
      abi.BRIDGE_OP_ftruncate,
      (slot) => {
        this.fill(slot, [fd], [lengthBytes]);
        this.ring.andFind(slot, abi.BRIDGE_LOOKUP_FD);
      },
      this.#decodeChanged,
    );
  }

  /**
   * The entries of an open directory from `offset` on, with what they stand for: 0n is the start,
   * `next` of an entry the place behind it. An empty list is the end. Each answer starts where it
   * is told to, whoever read from the descriptor before; going on where the last one ended is
   * fastest. Names that come and go meanwhile may be missing, as with getdents64(2).
   */
  getdentsStatx(fd: Fd, offset: bigint, request: ListRequest = {}): Promise<DirentStatx[] | Errno> {
    const { dots = false, statx = true, handles = false, xattr } = request;
    const { limitBytes = abi.BRIDGE_LIST, entryBytes = 0 } = request;
    const error = refused('', request);
    if (error !== undefined) return Promise.resolve(error);
    let flags = 0;
    if (dots) flags |= abi.BRIDGE_LIST_DOTS;
    if (statx) flags |= abi.BRIDGE_LIST_STATX;
    if (handles) flags |= abi.BRIDGE_LIST_HANDLES;
    if (xattr !== undefined) flags |= abi.BRIDGE_LIST_XATTRS;
    const parts = { statx, handles, xattrs: xattr !== undefined };
    return this.call<DirentStatx[] | Errno>(
      abi.BRIDGE_OP_getdents_statx,
      (slot) => {
        this.fill(slot, [fd, flags, limitBytes, entryBytes], [offset]);
        this.#fillFinding(slot, request);
      },
      (slot, ret) => {
        if (isErrno(ret)) return ret;
        if (ret === 0) return [];
        const word = this.ring.address(slot) + abi['bridge_slot.data'];
        return decodeList(this.memory, this.memory.u32[word >>> 2] as number, ret, parts);
      },
    );
  }
}

/** The errno for a name that cannot be handed to the kernel; undefined for one that can. */
function refused(path: PathLike, finding: Pick<Finding, 'xattr'> | undefined): Errno | undefined {
  if (!fits(path)) return nameError(path);
  const { xattr = '' } = finding ?? {};
  const bytes = typeof xattr === 'string' ? Buffer.byteLength(xattr) : xattr.length;
  return fits(xattr) && bytes <= abi.XATTR_NAME_MAX ? undefined : negative(errno.ERANGE);
}
