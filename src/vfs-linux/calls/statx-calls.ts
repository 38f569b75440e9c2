/**
 * Calls that find something and statx it in one request (bridge/ops-statx.c). Linux has none such;
 * each does what the two or three of its name would, without the way there and back between them.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import { type DirentStatx, decodeList } from '../dirents.ts';
import type { PathLike } from '../names.ts';
import { Statx } from '../statx.ts';
import { allStatx } from './names.ts';
import { type Fd, second } from './slots.ts';
import { XattrCalls } from './xattrs.ts';

/** A new descriptor, and what it stands for. */
export interface OpenedStatx {
  readonly fd: Fd;
  readonly statx: Statx;
}

/** A file that was looked up: nothing holds it, and openByHandleAt finds it again. */
export interface HandleStatx {
  /** A struct file_handle; undefined where the file system has none. */
  readonly handle: Buffer | undefined;
  readonly statx: Statx;
}

/** What getdentsStatx is to give. */
export interface ListRequest {
  /** "." and ".." too; not unless asked for. */
  readonly dots?: boolean;
  /** Entries have a statx; they do unless this is false. */
  readonly statx?: boolean;
  /** Entries have a file handle; not unless asked for. */
  readonly handles?: boolean;
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

export class StatxCalls extends XattrCalls {
  /** A decoder for calls that open and statx. */
  #decodeOpened = (slot: number, ret: number): OpenedStatx | number => {
    if (ret < 0) return ret;
    this.opened.add(ret);
    return { fd: ret, statx: new Statx(this.memory, this.ring.buffer(slot) + second) };
  };

  /** openat2, and fstatx of what it opened. Nothing stays open when that fails. */
  openat2Statx(
    dirfd: Fd,
    path: PathLike,
    openFlags: number,
    mode = 0,
    resolve = 0,
  ): Promise<OpenedStatx | number> {
    const args = [dirfd, openFlags, mode, resolve, allStatx];
    return this.named(abi.BRIDGE_OP_openat2_statx, path, args, this.#decodeOpened);
  }

  /** openByHandleAt, and fstatx of what it opened. */
  openByHandleAtStatx(
    mountFd: Fd,
    handle: Buffer,
    openFlags: number,
  ): Promise<OpenedStatx | number> {
    return this.call<OpenedStatx | number>(
      abi.BRIDGE_OP_open_by_handle_at_statx,
      (slot) => {
        this.fill(slot, [mountFd, openFlags, allStatx], []);
        handle.copy(this.memory.bytes, this.ring.buffer(slot));
      },
      this.#decodeOpened,
    );
  }

  /** nameToHandleAt and statx, with statx's flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
  nameToHandleStatx(dirfd: Fd, path: PathLike, atFlags = 0): Promise<HandleStatx | number> {
    const args = [dirfd, atFlags, allStatx];
    return this.named<HandleStatx | number>(
      abi.BRIDGE_OP_name_to_handle_statx,
      path,
      args,
      (slot, ret) => {
        if (ret < 0) return ret;
        const start = this.ring.buffer(slot) + second;
        const statx = new Statx(this.memory, start);
        return { handle: this.#handleAt(start + abi['statx.size']), statx };
      },
    );
  }

  /** A copy of the struct file_handle at an address; undefined where it is empty. */
  #handleAt(address: number): Buffer | undefined {
    const handleBytes = this.memory.u32[address >>> 2] as number;
    if (handleBytes === 0) return undefined;
    const end = address + abi['file_handle.f_handle'] + handleBytes;
    return Buffer.from(this.memory.bytes.subarray(address, end));
  }

  /**
   * The entries of an open directory from `offset` on, with what they stand for: 0n is the start,
   * `next` of an entry the place behind it. An empty list is the end. Each answer starts where it
   * is told to, whoever read from the descriptor before; going on where the last one ended is
   * fastest. Names that come and go meanwhile may be missing, as with getdents64(2).
   */
  getdentsStatx(
    fd: Fd,
    offset: bigint,
    request: ListRequest = {},
  ): Promise<DirentStatx[] | number> {
    const { dots = false, statx = true, handles = false } = request;
    const { limitBytes = abi.BRIDGE_LIST, entryBytes = 0 } = request;
    let flags = 0;
    if (dots) flags |= abi.BRIDGE_LIST_DOTS;
    if (statx) flags |= abi.BRIDGE_LIST_STATX;
    if (handles) flags |= abi.BRIDGE_LIST_HANDLES;
    return this.call<DirentStatx[] | number>(
      abi.BRIDGE_OP_getdents_statx,
      (slot) => this.fill(slot, [fd, flags, allStatx, limitBytes, entryBytes], [offset]),
      (slot, ret) => {
        if (ret <= 0) return ret < 0 ? ret : [];
        const word = this.ring.address(slot) + abi['bridge_slot.data'];
        const address = this.memory.u32[word >>> 2] as number;
        return decodeList(this.memory, address, ret, { statx, handle: handles });
      },
    );
  }
}
