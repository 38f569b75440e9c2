/**
 * Views, as Buffers, of the memory that the driver maps into this process.
 *
 * Making a view costs 2.5 µs, and the driver reuses a pool of buffers of 64 KiB. So views are kept
 * by address. Between an answer and the next request with its address, the memory behind a kept
 * view may be unmapped: a view is touched only between a request and its answer.
 *
 * Invariant: after `detach` and `detachAll` a view has length 0.
 */
import { Buffer } from 'node:buffer';
import type { DataMemory } from '../transaction.ts';

/** The size of the driver's pooled buffers. A larger buffer is made for one request. */
const pooledBytes = 65536;
const maxKept = 1024;
const noBytes: Buffer = Buffer.alloc(0);

type MakeView = (address: bigint, lengthBytes: number) => ArrayBuffer;
/** Is called before memory is detached: no copy to it or from it may be under way afterwards. */
type LetGo = (memory: ArrayBuffer) => void;

interface KeptView {
  readonly memory: ArrayBuffer;
  buffer: Buffer;
}

export class DriverMemory implements DataMemory {
  #makeView: MakeView;
  #letGo: LetGo;
  #kept = new Map<number, KeptView>();
  /** Memory that is too large to be kept, until its request is over. */
  #large = new Set<ArrayBuffer>();

  constructor(makeView: MakeView, letGo: LetGo) {
    this.#makeView = makeView;
    this.#letGo = letGo;
  }

  view(address: bigint, lengthBytes: number): Buffer {
    if (lengthBytes === 0) return noBytes;
    if (lengthBytes > pooledBytes) {
      const memory = this.#makeView(address, lengthBytes);
      this.#large.add(memory);
      return Buffer.from(memory);
    }
    // A user-mode address has 47 bits, so a number holds it.
    const key = Number(address);
    let kept = this.#kept.get(key);
    if (kept === undefined || kept.memory.byteLength < lengthBytes) {
      if (this.#kept.size >= maxKept) this.#kept.clear();
      const memory = this.#makeView(address, lengthBytes);
      kept = { memory, buffer: Buffer.from(memory) };
      this.#kept.set(key, kept);
    }
    if (kept.buffer.length !== lengthBytes) kept.buffer = Buffer.from(kept.memory, 0, lengthBytes);
    return kept.buffer;
  }

  release(view: Buffer): void {
    if (view.length > pooledBytes) this.#large.delete(view.buffer as ArrayBuffer);
  }

  detach(view: Buffer): void {
    if (view.length === 0) return;
    const memory = view.buffer as ArrayBuffer;
    for (const [key, kept] of this.#kept) if (kept.memory === memory) this.#kept.delete(key);
    this.#large.delete(memory);
    this.#detachMemory(memory);
  }

  /** Detaches all views: the driver unmaps its memory when the volume is stopped. */
  detachAll(): void {
    for (const { memory } of this.#kept.values()) this.#detachMemory(memory);
    for (const memory of this.#large) this.#detachMemory(memory);
    this.#kept.clear();
    this.#large.clear();
  }

  /** A transferred ArrayBuffer has length 0, and so do all views of it. */
  #detachMemory(memory: ArrayBuffer): void {
    this.#letGo(memory);
    if (!memory.detached) memory.transfer(0);
  }
}
