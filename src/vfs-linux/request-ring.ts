/**
 * File requests to the kernel (native/arch/wasm/bridge/request.h).
 *
 * A slot's way:
 *
 *     free --start()--> filled --submit--> the kernel's --complete()--> decoded --> free
 *       \--none free: the request waits its turn, first come, first served
 *
 * Invariants:
 * 1. A slot belongs to one request from start() to the end of complete(). Results are decoded inside
 *    complete(), while they are there.
 * 2. A request ends exactly once: with its result, or with -EIO when the kernel has died.
 * 3. The buffer of a read or write stays the caller's; the kernel copies into or out of it while the
 *    request is under way, at most windowBytes.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from './abi.gen.ts';
import { slots, urgentSlots } from './limits.ts';
import type { ImageExports, KernelMemory } from './memory.ts';

export type Decode<T> = (slot: number, ret: number) => T;
type Fill = (slot: number) => void;

type Resolve = (value: unknown) => void;

/** A request for which there is no slot yet. */
interface Waiting {
  op: number;
  root: number;
  cred: number;
  fill: Fill;
  decode: Decode<unknown> | undefined;
  window: Buffer | undefined;
  resolve: Resolve;
}

/** The resolve function of the promise made last: a closure fewer for each request. */
let newest: Resolve = () => {};
const capture = (resolve: Resolve): void => {
  newest = resolve;
};

const slotWords = abi['bridge_slot.size'] / 4;
const opWord = abi['bridge_slot.op'] / 4;
const rootWord = abi['bridge_slot.root'] / 4;
const credWord = abi['bridge_slot.cred'] / 4;
const thenWord = abi['bridge_slot.lookup'] / 4;
const umaskWord = abi['bridge_slot.umask'] / 4;
const argWord = abi['bridge_slot.arg'] / 4;
const queueMask = abi.WASM_QUEUE_SIZE - 1;
/** Windows are a power of two in size: a page is copied in less time than a division takes twice. */
const windowShift = Math.log2(abi.WASM_WINDOW_SIZE);
const windowMask = abi.WASM_WINDOW_SIZE - 1;
const firstWindow = abi.WASM_WINDOWS >>> windowShift;

export class RequestRing {
  readonly memory: KernelMemory;
  /** Raises the kernel's interrupt; set once the kernel runs. */
  raise: (irq: number) => void = () => {};
  #slotsAddress: number;
  #buffersAddress: number;
  #headWord: number;
  #requestsWord: number;
  #urgentHeadWord: number;
  #urgentWord: number;
  #free: number[] = [];
  #resolves: (Resolve | undefined)[] = new Array(slots).fill(undefined);
  #decodes: (Decode<unknown> | undefined)[] = new Array(slots).fill(undefined);
  #windows: (Buffer | undefined)[] = new Array(slots).fill(undefined);
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #dead = false;

  constructor(memory: KernelMemory, exports: ImageExports) {
    this.memory = memory;
    this.#slotsAddress = exports.bridge_slots.value as number;
    this.#buffersAddress = exports.bridge_buffers.value as number;
    const shared = exports.wasm_shared.value as number;
    this.#headWord = (shared + abi['wasm_shared.request_head']) / 4;
    this.#requestsWord = (shared + abi['wasm_shared.requests']) / 4;
    this.#urgentHeadWord = (shared + abi['wasm_shared.urgent_head']) / 4;
    this.#urgentWord = (shared + abi['wasm_shared.urgent']) / 4;
    for (let slot = slots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  get inFlight(): number {
    return this.#inFlight + this.#waiting.length;
  }

  /**
   * Runs one operation. `fill` writes its arguments into the slot; `decode` makes the result out of
   * what the kernel returned (a number: the call's result or a negative errno) and left in the slot.
   * Without `decode` the number itself is the result.
   */
  call<T = number>(
    op: number,
    root: number,
    cred: number,
    fill: Fill,
    decode?: Decode<T>,
    window?: Buffer,
  ): Promise<T> {
    const promise = new Promise(capture) as Promise<T>;
    const resolve = newest;
    if (this.#dead) {
      this.#end(resolve, decode);
    } else if (this.#free.length > urgentSlots && this.#waiting.length === 0) {
      this.#start(op, root, cred, fill, decode, window, resolve, false);
    } else {
      this.#waiting.push({ op, root, cred, fill, decode, window, resolve });
    }
    return promise;
  }

  /** The same for what must not wait behind others. */
  callUrgently(op: number, fill: Fill): Promise<number> {
    const promise = new Promise(capture) as Promise<number>;
    const resolve = newest;
    if (this.#dead) {
      this.#end(resolve, undefined);
    } else if (this.#free.length > 0) {
      this.#start(op, 0, 0, fill, undefined, undefined, resolve, true);
    } else {
      const waiting = { op, root: 0, cred: 0, fill, decode: undefined, window: undefined, resolve };
      this.#waiting.unshift(waiting);
    }
    return promise;
  }

  #start(
    op: number,
    root: number,
    cred: number,
    fill: Fill,
    decode: Decode<unknown> | undefined,
    window: Buffer | undefined,
    resolve: Resolve,
    urgent: boolean,
  ): void {
    const slot = this.#free.pop() as number;
    const { u32 } = this.memory;
    const base = this.#slotsAddress / 4 + slot * slotWords;
    u32[base + opWord] = op;
    u32[base + rootWord] = root;
    u32[base + credWord] = cred;
    u32[base + thenWord] = 0;
    u32[base + umaskWord] = 0;
    fill(slot);
    this.#windows[slot] = window;
    this.#resolves[slot] = resolve;
    this.#decodes[slot] = decode;
    this.#inFlight++;
    const headWord = urgent ? this.#urgentHeadWord : this.#headWord;
    const queue = urgent ? this.#urgentWord : this.#requestsWord;
    const head = u32[headWord] as number;
    u32[queue + (head & queueMask)] = slot;
    u32[headWord] = head + 1;
    this.raise(abi.WASM_IRQ_REQUEST);
  }

  /** host.h's complete(): called by the kernel, so nothing may be thrown. */
  complete(slot: number): void {
    const resolve = this.#resolves[slot];
    const decode = this.#decodes[slot];
    if (resolve === undefined) return;
    this.#resolves[slot] = undefined;
    this.#windows[slot] = undefined;
    const ret = this.memory.readS53(this.address(slot) + abi['bridge_slot.ret']);
    let value: unknown = ret;
    if (decode !== undefined) {
      try {
        value = decode(slot, ret);
      } catch (error) {
        value = Promise.reject(error);
      }
    }
    this.#inFlight--;
    this.#free.push(slot);
    resolve(value);
    if (this.#waiting.length > 0 && this.#free.length > urgentSlots) {
      const { op, root, cred, fill, decode, window, resolve } = this.#waiting.shift() as Waiting;
      this.#start(op, root, cred, fill, decode, window, resolve, false);
    }
  }

  /** The kernel has died: everything ends with -EIO, at once and from now on. */
  die(): void {
    this.#dead = true;
    for (let slot = 0; slot < slots; slot++) {
      const resolve = this.#resolves[slot];
      this.#resolves[slot] = undefined;
      if (resolve !== undefined) this.#end(resolve, this.#decodes[slot]);
    }
    for (const { resolve, decode } of this.#waiting.splice(0)) this.#end(resolve, decode);
    this.#inFlight = 0;
  }

  /** A decoder returns what it is given when that is an error: it looks at nothing else. */
  #end(resolve: Resolve, decode: Decode<unknown> | undefined): void {
    resolve(decode === undefined ? -errno.EIO : decode(-1, -errno.EIO));
  }

  /** The address of a slot's structure. */
  address(slot: number): number {
    return this.#slotsAddress + slot * abi['bridge_slot.size'];
  }

  /** The address of a slot's buffer: the first name. The second is abi.BRIDGE_SECOND further on. */
  buffer(slot: number): number {
    return this.#buffersAddress + slot * abi.BRIDGE_BUFFER;
  }

  /** Sets a 32-bit argument; negative numbers as C has them. */
  arg(slot: number, index: number, value: number): void {
    this.memory.u32[this.#slotsAddress / 4 + slot * slotWords + argWord + index] = value;
  }

  /** Has the operation find out what is there afterwards: BRIDGE_LOOKUP_* of request.h. */
  andFind(slot: number, what: number): void {
    this.memory.u32[this.#slotsAddress / 4 + slot * slotWords + thenWord] = what;
  }

  /** The permissions that what is created does not get, unless its directory has a default ACL. */
  umask(slot: number, mask: number): void {
    this.memory.u32[this.#slotsAddress / 4 + slot * slotWords + umaskWord] = mask;
  }

  /** Sets a 64-bit argument: a whole number between -2^53 and 2^53, or any as a bigint. */
  wide(slot: number, index: number, value: number | bigint): void {
    const address = this.address(slot) + abi['bridge_slot.wide'] + index * 8;
    if (typeof value === 'number') this.memory.writeS53(address, value);
    else this.memory.i64[address / 8] = value;
  }

  /**
   * The memory behind a caller's buffers is about to go: requests that use it go on with copies. (A
   * write that found nothing there would try again for ever, as Linux takes it for a page to come.)
   */
  letGo(memory: ArrayBufferLike): void {
    const copyOf = (window: Buffer | undefined): Buffer | undefined =>
      window?.buffer === memory ? Buffer.from(window) : window;
    for (let slot = 0; slot < slots; slot++) this.#windows[slot] = copyOf(this.#windows[slot]);
    for (const waiting of this.#waiting) waiting.window = copyOf(waiting.window);
  }

  /** host.h's copy_in(): from the caller's buffer into the kernel. Returns the bytes not copied. */
  copyIn(to: number, window: number, bytes: number): number {
    const offset = window & windowMask;
    const source = this.#windows[(window >>> windowShift) - firstWindow];
    // A buffer may have been detached meanwhile; copy() would throw for an offset behind its end.
    if (source === undefined || offset >= source.length) return bytes;
    return (
      bytes - source.copy(this.memory.bytes, to, offset, Math.min(offset + bytes, source.length))
    );
  }

  /** host.h's copy_out(): from the kernel into the caller's buffer. Returns the bytes not copied. */
  copyOut(window: number, from: number, bytes: number): number {
    const offset = window & windowMask;
    const target = this.#windows[(window >>> windowShift) - firstWindow];
    if (target === undefined) return bytes;
    return bytes - this.memory.bytes.copy(target, offset, from, from + bytes);
  }
}
