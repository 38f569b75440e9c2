/**
 * Linux's calls for a transport: a call is started with a callback, which runs the moment the
 * kernel is done, while the results lie in the slot. So a call costs no promise, no microtask, and
 * no copy of what the transport only passes on. LinuxCalls has the same calls as promises.
 *
 * The transport writes a call's arguments with calls/encode.ts:
 *
 *     calls.run((slot) => encode.fsync(slot, fd), (ret) => request.answerResult(ret));
 *
 * Invariants:
 * 1. `done` runs exactly once, with the call's result or a negative errno: -EIO where the kernel
 *    has died. The results in the slot are valid until it returns, and only after a success.
 * 2. `fill` runs before the method returns as long as a slot is free. A transport that takes
 *    requests only while there is room (hasRoom) may therefore pass names that lie in a request's
 *    buffer.
 * 3. An exception of `done` is a mistake of this program. It goes to the task for which the call
 *    was made (`task` when the call was started), or else to `onBug`; the kernel never sees it.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import { slots, urgentSlots } from '../limits.ts';
import type { KernelMemory } from '../memory.ts';
import type { NameSpan } from '../names.ts';
import type { Fill, RequestRing } from '../request-ring.ts';
import type { Caller, Done, Slot } from '../slot.ts';
import * as encode from './encode.ts';

/** What calls are made for: a request of the transport. */
export interface CallTask {
  /** The number of its spans in a trace. */
  readonly traceId: number;
  /** A callback of one of its calls has thrown. */
  onBug(error: unknown): void;
}

export interface CallHooks {
  /** Gets what a callback throws whose call was made for no task. */
  onBug(error: unknown): void;
  /**
   * Undefined while no trace is wanted. Otherwise each call's callback is replaced with the result
   * of this function, which is called when the call starts.
   */
  readonly trace: ((done: Done, task: CallTask | undefined) => Done) | undefined;
}

/** Slots that stay free for the calls that follow a call, and for other users of the kernel. */
const reservedSlots = 48;

/** The name in calls on a descriptor itself. */
export const noName: NameSpan = { bytes: Buffer.alloc(0), start: 0, end: 0 };

export class SlotCalls {
  readonly memory: KernelMemory;
  /** Root with every capability, and no umask. */
  readonly root: Caller;
  /** What the transport works on: a call that is started now is made for it. */
  task: CallTask | undefined;
  readonly #ring: RequestRing;
  readonly #hooks: CallHooks;

  /** `rootFd` is a descriptor of the directory that "/" means: a volume's root. */
  constructor(ring: RequestRing, rootFd: number, hooks: CallHooks) {
    this.#ring = ring;
    this.#hooks = hooks;
    this.memory = ring.memory;
    this.root = { root: rootFd, cred: 0, umask: 0 };
  }

  /** A caller with an identity of the kernel's, and the umask of a process. */
  caller(cred: number, umask: number): Caller {
    return { root: this.root.root, cred, umask };
  }

  /** Whether the transport may take one more request. */
  get hasRoom(): boolean {
    return this.#ring.inFlight < slots - urgentSlots - reservedSlots;
  }

  get inFlight(): number {
    return this.#ring.inFlight;
  }

  /** Starts a call as root. `window` is the buffer of a call that fills or reads one. */
  run(fill: Fill, done: Done, window?: Buffer): void {
    this.runAs(this.root, fill, done, window);
  }

  runAs(by: Caller, fill: Fill, done: Done, window?: Buffer): void {
    const { task } = this;
    const { trace } = this.#hooks;
    const finished = trace === undefined ? done : trace(done, task);
    const inTask: Done = (ret, slot) => {
      const outer = this.task;
      this.task = task;
      try {
        finished(ret, slot);
      } catch (error) {
        if (task === undefined) this.#hooks.onBug(error);
        else task.onBug(error);
      }
      this.task = outer;
    };
    this.#ring.start(by, fill, inTask, window);
  }

  /** statx(2) of a descriptor of any kind. The result: statxWordOf(slot). */
  fstatx(fd: number, done: Done): void {
    this.run((slot) => encode.statx(slot, fd, noName, abi.AT_EMPTY_PATH), done);
  }

  /**
   * A name in a directory; with an empty name the descriptor itself. The results: statxWordOf(slot)
   * and handleAddressOf(slot).
   */
  lookup(dirfd: number, name: NameSpan, done: Done): void {
    const atFlags = name.start === name.end ? abi.AT_EMPTY_PATH : abi.AT_SYMLINK_NOFOLLOW;
    this.run((slot) => encode.lookup(slot, dirfd, name, atFlags, abi.BRIDGE_LOOKUP_HANDLE), done);
  }

  /**
   * open_by_handle_at(2); `writeHandle` writes a struct file_handle at the address that it gets.
   */
  openByHandle(writeHandle: (address: number) => void, openFlags: number, done: Done): void {
    const mountFd = this.root.root;
    this.run((slot) => encode.openByHandleAt(slot, mountFd, writeHandle, openFlags), done);
  }

  /** Opens the file of a descriptor anew. */
  reopen(fd: number, openFlags: number, done: Done): void {
    this.run((slot) => encode.reopen(slot, fd, openFlags), done);
  }

  close(fd: number, done: Done = ignore): void {
    this.run((slot) => encode.close(slot, fd), done);
  }

  /** utimensat(2) of a descriptor. */
  utimensat(fd: number, times: encode.TimesToSet, done: Done): void {
    this.run((slot) => encode.utimensat(slot, fd, noName, times, abi.AT_EMPTY_PATH), done);
  }
}

function ignore(): void {}

/** The word of the kernel's memory where a call's struct statx lies. */
export function statxWordOf(slot: Slot): number {
  return slot.second >>> 2;
}

/** The address of the file_handle that a lookup has left. */
export function handleAddressOf(slot: Slot): number {
  return slot.second + abi['bridge_lookup.handle'];
}

/** Whether a call has looked up what Slot.lookUp asks for: the file may be gone again by then. */
export function lookedUp(slot: Slot): boolean {
  return slot.memory.u32[(slot.second + abi['statx.stx_mask']) >>> 2] !== 0;
}
