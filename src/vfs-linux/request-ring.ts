/**
 * File requests to the kernel (native/arch/wasm/bridge/slots.h).
 *
 * A slot's way:
 *
 *     free --start()--> filled --interrupt--> the kernel's --complete()--> done --> free
 *       \--none free: the request waits its turn, first come, first served
 *
 * Invariants:
 * 1. A slot belongs to one request from start() to the end of complete(). Results are read by
 *    `done`, while they are there.
 * 2. A request ends exactly once: with its result, or with -EIO when the kernel has died.
 * 3. The window of a request stays the caller's buffer. The kernel copies into or out of it while
 *    the request is under way, at most windowBytes.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from './abi.gen.ts';
import { slots, urgentSlots } from './limits.ts';
import type { ImageExports, KernelMemory } from './memory.ts';
import { type Caller, type Done, Slot } from './slot.ts';

/** Writes a request's operation and arguments into its slot (calls/encode.ts). */
export type Fill = (slot: Slot) => void;

/** Makes a promise's value of a call's result and of the results in the slot. */
export type Decode<T> = (ret: number, slot: Slot) => T;

/** A request for which there is no slot yet. */
interface Waiting {
  readonly caller: Caller;
  readonly fill: Fill;
  readonly done: Done;
  window: Buffer | undefined;
  readonly urgent: boolean;
}

/** The kernel itself: its own root, with every capability. */
export const kernelItself: Caller = { root: 0, cred: 0, umask: 0 };

const queueMask = abi.WASM_QUEUE_SIZE - 1;
/**
 * Windows are a power of two in size: a page is copied in less time than a division takes twice.
 */
const windowShift = Math.log2(abi.WASM_WINDOW_SIZE);
const windowMask = abi.WASM_WINDOW_SIZE - 1;
const firstWindow = abi.WASM_WINDOWS >>> windowShift;

export class RequestRing {
  readonly memory: KernelMemory;
  readonly #raise: (irq: number) => void;
  #headWord: number;
  #requestsWord: number;
  #urgentHeadWord: number;
  #urgentWord: number;
  #slots: Slot[] = [];
  #free: Slot[] = [];
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #dead = false;

  /** `raise` raises an interrupt of the kernel's. */
  constructor(memory: KernelMemory, exports: ImageExports, raise: (irq: number) => void) {
    this.memory = memory;
    this.#raise = raise;
    const slotsAddress = exports.bridge_slots.value as number;
    const buffersAddress = exports.bridge_buffers.value as number;
    const shared = exports.wasm_shared.value as number;
    this.#headWord = (shared + abi['wasm_shared.request_head']) / 4;
    this.#requestsWord = (shared + abi['wasm_shared.requests']) / 4;
    this.#urgentHeadWord = (shared + abi['wasm_shared.urgent_head']) / 4;
    this.#urgentWord = (shared + abi['wasm_shared.urgent']) / 4;
    for (let index = 0; index < slots; index++) {
      this.#slots.push(new Slot(memory, index, slotsAddress, buffersAddress));
    }
    this.#free.push(...this.#slots.toReversed());
  }

  get inFlight(): number {
    return this.#inFlight + this.#waiting.length;
  }

  /**
   * Starts one operation. `fill` is called at once if a slot is free. `done` is called exactly
   * once, from within the kernel: what it throws becomes an uncaught exception. `window` is the
   * buffer that the operation reads or fills.
   */
  start(caller: Caller, fill: Fill, done: Done, window?: Buffer): void {
    if (this.#dead) {
      this.#fail(done);
    } else if (this.#free.length > urgentSlots && this.#waiting.length === 0) {
      const slot = this.#fill(caller, fill, done, window);
      this.#submit(slot, this.#headWord, this.#requestsWord);
    } else {
      this.#waiting.push({ caller, fill, done, window, urgent: false });
    }
  }

  /** The same for a request that must not wait behind others; the caller is the kernel itself. */
  startUrgently(fill: Fill, done: Done): void {
    if (this.#dead) {
      this.#fail(done);
    } else if (this.#free.length > 0) {
      const slot = this.#fill(kernelItself, fill, done, undefined);
      this.#submit(slot, this.#urgentHeadWord, this.#urgentWord);
    } else {
      const caller = kernelItself;
      this.#waiting.unshift({ caller, fill, done, window: undefined, urgent: true });
    }
  }

  /**
   * The same as start, as a promise: of the call's result, or of what `decode` makes of it. What
   * `decode` throws rejects the promise.
   */
  call(caller: Caller, fill: Fill, decode?: undefined, window?: Buffer): Promise<number>;
  call<T>(caller: Caller, fill: Fill, decode: Decode<T>, window?: Buffer): Promise<T>;
  call<T>(caller: Caller, fill: Fill, decode?: Decode<T>, window?: Buffer): Promise<T | number> {
    return new Promise((resolve) => {
      const done = decode === undefined ? resolve : decoded(decode, resolve);
      this.start(caller, fill, done, window);
    });
  }

  callUrgently(fill: Fill): Promise<number> {
    return new Promise((resolve) => this.startUrgently(fill, resolve));
  }

  #fill(caller: Caller, fill: Fill, done: Done, window: Buffer | undefined): Slot {
    const slot = this.#free.pop() as Slot;
    slot.begin(caller);
    fill(slot);
    slot.window = window;
    slot.done = done;
    this.#inFlight++;
    return slot;
  }

  #submit(slot: Slot, headWord: number, queueWord: number): void {
    const { u32 } = this.memory;
    const head = u32[headWord] as number;
    u32[queueWord + (head & queueMask)] = slot.index;
    u32[headWord] = head + 1;
    this.#raise(abi.WASM_IRQ_REQUEST);
  }

  /** host.h's complete(): called by the kernel, so nothing may be thrown. */
  complete(index: number): void {
    const slot = this.#slots[index] as Slot;
    const { done } = slot;
    if (done === undefined) return;
    slot.done = undefined;
    slot.window = undefined;
    try {
      done(slot.ret, slot);
    } catch (error) {
      throwLater(error);
    }
    this.#inFlight--;
    this.#free.push(slot);
    if (this.#waiting.length > 0) this.#startWaiting();
  }

  #startWaiting(): void {
    const next = this.#waiting[0] as Waiting;
    if (this.#free.length <= (next.urgent ? 0 : urgentSlots)) return;
    this.#waiting.shift();
    const slot = this.#fill(next.caller, next.fill, next.done, next.window);
    if (next.urgent) this.#submit(slot, this.#urgentHeadWord, this.#urgentWord);
    else this.#submit(slot, this.#headWord, this.#requestsWord);
  }

  /** The kernel has died: everything ends with -EIO, at once and from now on. */
  die(): void {
    this.#dead = true;
    for (const slot of this.#slots) {
      const { done } = slot;
      slot.done = undefined;
      if (done !== undefined) this.#fail(done);
    }
    for (const { done } of this.#waiting.splice(0)) this.#fail(done);
    this.#inFlight = 0;
  }

  #fail(done: Done): void {
    try {
      done(-errno.EIO, this.#slots[0] as Slot);
    } catch (error) {
      throwLater(error);
    }
  }

  /**
   * Called before the memory of a caller's buffers is freed: requests that use it get copies. (A
   * write that finds no bytes there would be tried again for ever, since Linux takes that for a
   * page fault.)
   */
  letGo(memory: ArrayBufferLike): void {
    const copyOf = (window: Buffer | undefined): Buffer | undefined =>
      window?.buffer === memory ? Buffer.from(window) : window;
    for (const slot of this.#slots) slot.window = copyOf(slot.window);
    for (const waiting of this.#waiting) waiting.window = copyOf(waiting.window);
  }

  /** host.h's copy_in(): from the caller's buffer into the kernel. Returns the bytes not copied. */
  copyIn(to: number, window: number, bytes: number): number {
    const offset = window & windowMask;
    const source = this.#slots[(window >>> windowShift) - firstWindow]?.window;
    // A buffer may have been detached meanwhile; copy() would throw for an offset behind its end.
    if (source === undefined || offset >= source.length) return bytes;
    return (
      bytes - source.copy(this.memory.bytes, to, offset, Math.min(offset + bytes, source.length))
    );
  }

  /**
   * host.h's copy_out(): from the kernel into the caller's buffer. Returns the bytes not copied.
   */
  copyOut(window: number, from: number, bytes: number): number {
    const offset = window & windowMask;
    const target = this.#slots[(window >>> windowShift) - firstWindow]?.window;
    if (target === undefined) return bytes;
    return bytes - this.memory.bytes.copy(target, offset, from, from + bytes);
  }
}

function decoded<T>(decode: Decode<T>, resolve: (value: T | Promise<T>) => void): Done {
  return (ret, slot) => {
    try {
      resolve(decode(ret, slot));
    } catch (error) {
      resolve(Promise.reject(error));
    }
  };
}

/** An exception must not go through the kernel: it is thrown when the kernel has returned. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
