/**
 * Linux's calls once more, for a transport: what `LinuxCalls` gives as promises, with a callback
 * instead, that is called the moment the kernel is done, while the results lie in the slot. A
 * request of FUSE's then costs no promise, no microtask, and no copy of what it only passes on.
 *
 * Invariants:
 * 1. `done` is called exactly once, with the call's result or a negative errno; -EIO, with slot -1,
 *    where the kernel has died. Results are to be read before it returns.
 * 2. Arguments are written before the method returns, as long as a slot is free: the session takes
 *    no more requests than there is room for (hasRoom). Only then may a name lie in the request.
 * 3. An exception of `done` is a mistake of this program: it goes to the task's `onBug`, never to
 *    the kernel. A call belongs to the task that was set when it was submitted.
 */
import { Buffer } from 'node:buffer';
import { trace } from '../observe/trace.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../vfs-linux/calls.ts';
import { slots, urgentSlots } from '../vfs-linux/limits.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import type { RequestRing } from '../vfs-linux/request-ring.ts';
import type { Done, Slot } from '../vfs-linux/slot.ts';

export type { Done } from '../vfs-linux/slot.ts';

/** In whose name a call is made. */
export interface Caller {
  /** An identity; 0: root with every capability. */
  readonly cred: number;
  readonly umask: number;
}

/** utimensat(2)'s time: UTIME_NOW and UTIME_OMIT go into nsec. */
export interface Time {
  readonly sec: number;
  readonly nsec: number;
}

/** A name in some buffer: from `start` to `end`, without a NUL. */
export interface Name {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What calls are made for: a request of a transport. */
export interface CallTask {
  /** The number of its spans in the trace. */
  readonly traceId: number;
  /** A callback of one of its calls has thrown: a mistake of this program. */
  onBug(error: unknown): void;
}

/** Slots that stay free for the calls that follow a call, and for others than FUSE. */
const reserveSlots = 48;
const statxMask = abi.STATX_BASIC_STATS | abi.STATX_BTIME;

export class KernelCalls {
  readonly memory: KernelMemory;
  readonly #ring: RequestRing;
  readonly #root: number;
  readonly #onBug: (error: unknown) => void;
  /** What is being worked on: a call that is submitted now is made for it. */
  task: CallTask | undefined;

  /** `onBug` is told of what a callback throws whose call was made for no task. */
  constructor(calls: LinuxCalls, onBug: (error: unknown) => void) {
    this.#ring = calls.ring;
    this.#root = calls.root;
    this.memory = calls.ring.memory;
    this.#onBug = onBug;
  }

  /** Whether one more request of FUSE's may be taken. */
  get hasRoom(): boolean {
    return this.#ring.inFlight < slots - urgentSlots - reserveSlots;
  }

  get inFlight(): number {
    return this.#ring.inFlight;
  }

  /** Where a call's structure lies when it is done: statx, statfs64, file_handle, a link's text. */
  result(slot: Slot): number {
    return slot.second;
  }

  /** Where what was found has its file_handle. */
  handle(slot: Slot): number {
    return this.result(slot) + abi['bridge_lookup.handle'];
  }

  /** Whether a call found what it was to find besides: it may be gone again. */
  wasFound(slot: Slot): boolean {
    return this.memory.u32[(this.result(slot) + abi['statx.stx_mask']) >>> 2] !== 0;
  }

  /** Where a call with a result of its own memory (list) has put it. */
  data(slot: Slot): number {
    return slot.data;
  }

  /** The slot's first buffer: an ioctl's structure. */
  first(slot: Slot): number {
    return slot.first;
  }

  #run(op: number, by: Caller, fill: (slot: Slot) => void, done: Done, window?: Buffer): void {
    const { task } = this;
    const finished = trace.isOn ? traced(op, task, done) : done;
    this.#ring.start(
      { root: this.#root, cred: by.cred, umask: by.umask },
      (slot) => {
        slot.op = op;
        fill(slot);
      },
      (ret, slot) => {
        const outer = this.task;
        this.task = task;
        try {
          finished(ret, slot);
        } catch (error) {
          if (task === undefined) this.#onBug(error);
          else task.onBug(error);
        }
        this.task = outer;
      },
      window,
    );
  }

  /**
   * An operation on one name, with numbers. `find` (BRIDGE_LOOKUP_*) has it find out what there is
   * afterwards: at result() and handle(), if wasFound().
   */
  named(
    op: number,
    by: Caller,
    name: Name,
    arg0: number,
    arg1: number,
    arg2: number,
    find: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.lookUp(find);
      slot.arg(0, arg0);
      slot.arg(1, arg1);
      slot.arg(2, arg2);
      slot.arg(3, 0);
      slot.name(slot.first, name);
    };
    this.#run(op, by, fill, done);
  }

  /** An operation on two names. */
  namedTwice(
    op: number,
    by: Caller,
    first: Name,
    other: Name,
    arg0: number,
    arg1: number,
    arg2: number,
    find: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.lookUp(find);
      slot.arg(0, arg0);
      slot.arg(1, arg1);
      slot.arg(2, arg2);
      slot.name(slot.first, first);
      slot.name(slot.second, other);
    };
    this.#run(op, by, fill, done);
  }

  /** An operation on a descriptor with numbers alone; `wide` is of 64 bits. */
  numbers(
    op: number,
    by: Caller,
    fd: number,
    arg1: number,
    wide: number,
    find: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.lookUp(find);
      slot.arg(0, fd);
      slot.arg(1, arg1);
      slot.wide(0, wide);
    };
    this.#run(op, by, fill, done);
  }

  /** An operation with two 64-bit numbers: fallocate, copy_file_range. */
  ranges(
    op: number,
    by: Caller,
    args: readonly [number, number, number],
    wides: readonly [number, number],
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      for (let i = 0; i < args.length; i++) slot.arg(i, args[i] as number);
      slot.arg(3, 0);
      for (let i = 0; i < wides.length; i++) slot.wide(i, wides[i] as number);
    };
    this.#run(op, by, fill, done);
  }

  /** pread64 or pwrite64 of `bytes` at the start of `window`. */
  transfer(
    op: number,
    by: Caller,
    fd: number,
    window: Buffer,
    bytes: number,
    offsetBytes: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.arg(0, fd);
      slot.arg(1, bytes);
      slot.wide(0, offsetBytes);
    };
    this.#run(op, by, fill, done, window);
  }

  /** statx of a descriptor of any kind. The result: struct statx. */
  fstatx(fd: number, done: Done): void {
    const { BRIDGE_OP_statx: op, AT_EMPTY_PATH: atFlags } = abi;
    this.named(op, root, noName, fd, atFlags, statxMask, 0, done);
  }

  /** A name, or with an empty one the descriptor itself. The results: struct statx and handle(). */
  find(dirfd: number, name: Name, done: Done): void {
    const atFlags = name.start === name.end ? abi.AT_EMPTY_PATH : abi.AT_SYMLINK_NOFOLLOW;
    const { BRIDGE_OP_lookup: op, BRIDGE_LOOKUP_HANDLE: parts } = abi;
    this.named(op, root, name, dirfd, atFlags, parts, 0, done);
  }

  /**
   * Entries of a directory from a cookie on, with what they stand for. `entryBytes` is what an
   * entry takes beside its name in the answer, `roomBytes` what there is. The result is at data().
   */
  list(
    fd: number,
    listFlags: number,
    cookieLow: number,
    cookieHigh: number,
    roomBytes: number,
    entryBytes: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.arg(0, fd);
      slot.arg(1, listFlags);
      slot.arg(2, roomBytes);
      slot.arg(3, entryBytes);
      slot.wideOf(0, cookieLow, cookieHigh);
    };
    this.#run(abi.BRIDGE_OP_getdents_statx, root, fill, done);
  }

  /** `writeHandle` puts a struct file_handle at the address that it is given. */
  openByHandle(writeHandle: (address: number) => void, openFlags: number, done: Done): void {
    const fill = (slot: Slot): void => {
      slot.arg(0, this.#root);
      slot.arg(1, openFlags);
      writeHandle(slot.first);
    };
    this.#run(abi.BRIDGE_OP_open_by_handle_at, root, fill, done);
  }

  openat2(
    by: Caller,
    dirfd: number,
    name: Name,
    openFlags: number,
    mode: number,
    find: number,
    done: Done,
  ): void {
    this.named(abi.BRIDGE_OP_openat2, by, name, dirfd, openFlags, mode, find, done);
  }

  reopen(fd: number, openFlags: number, done: Done): void {
    this.numbers(abi.BRIDGE_OP_reopen, root, fd, openFlags, 0, 0, done);
  }

  close(fd: number, done: Done = ignore): void {
    this.numbers(abi.BRIDGE_OP_close, root, fd, 0, 0, 0, done);
  }

  /** With `ctime` that one too, which Linux would set to the present. */
  utimensat(
    fd: number,
    atime: Time,
    mtime: Time,
    ctime: Time | undefined,
    find: number,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.lookUp(find);
      slot.arg(0, fd);
      slot.arg(1, abi.AT_EMPTY_PATH);
      slot.arg(2, atime.nsec);
      slot.arg(3, mtime.nsec);
      slot.arg(4, ctime?.nsec ?? 0);
      slot.wide(0, atime.sec);
      slot.wide(1, mtime.sec);
      slot.wide(2, ctime?.sec ?? 0);
      slot.name(slot.first, noName);
    };
    const plain = ctime === undefined;
    this.#run(plain ? abi.BRIDGE_OP_utimensat : abi.BRIDGE_OP_utimensat_ctime, root, fill, done);
  }

  fchownat(by: Caller, fd: number, uid: number, gid: number, find: number, done: Done): void {
    const fill = (slot: Slot): void => {
      slot.lookUp(find);
      slot.arg(0, fd);
      slot.arg(1, uid);
      slot.arg(2, gid);
      slot.arg(3, abi.AT_EMPTY_PATH);
      slot.name(slot.first, noName);
    };
    this.#run(abi.BRIDGE_OP_fchownat, by, fill, done);
  }

  /** A call on a descriptor's extended attributes; `window` gives or takes the value. */
  xattr(
    op: number,
    by: Caller,
    fd: number,
    name: Name,
    bytes: number,
    flags: number,
    window: Buffer | undefined,
    done: Done,
  ): void {
    const fill = (slot: Slot): void => {
      slot.arg(0, fd);
      slot.arg(1, abi.AT_EMPTY_PATH);
      slot.arg(2, bytes);
      slot.arg(3, flags);
      slot.name(slot.first, noName);
      slot.name(slot.second, name);
    };
    this.#run(op, by, fill, done, window);
  }

  /** ioctl(2) on a structure, which is at first(slot) when it is done. */
  ioctl(fd: number, command: number, structure: Uint8Array, done: Done): void {
    const fill = (slot: Slot): void => {
      slot.arg(0, fd);
      slot.arg(1, command);
      slot.arg(2, -1);
      this.memory.bytes.set(structure, slot.first);
    };
    this.#run(abi.BRIDGE_OP_ioctl, root, fill, done);
  }
}

/** Root, with every capability, and no umask. */
export const root: Caller = { cred: 0, umask: 0 };

/** For calls on a descriptor itself. */
export const noName: Name = { bytes: Buffer.alloc(0), start: 0, end: 0 };

function ignore(): void {}

const opNames = new Map<number, string>(
  Object.entries(abi).flatMap(([name, value]) =>
    name.startsWith('BRIDGE_OP_') ? [[value, name.slice('BRIDGE_OP_'.length)]] : [],
  ),
);

/** The same, and a span in the trace. */
function traced(op: number, task: CallTask | undefined, done: Done): Done {
  const startMs = performance.now();
  return (ret, slot) => {
    const name = opNames.get(op) ?? String(op);
    const detail = ret < 0 ? { errno: -ret } : undefined;
    trace.span('kernel', name, task?.traceId ?? 0, startMs, performance.now(), detail);
    done(ret, slot);
  };
}
