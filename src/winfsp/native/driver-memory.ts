/**
 * The memory that the driver maps into this process: views of it as Buffers.
 *
 * Making a view costs 2.5 µs, and the driver has a pool of buffers of 64 KiB that it uses again and
 * again; so views are kept by address. A kept view is of no memory that anybody owns until a request
 * names its address again: it is only touched between a request and its answer.
 *
 * Invariant: after `detach` and `detachAll` a view has length 0, whoever still holds it.
 */
import { Buffer } from 'node:buffer';
import type { DataMemory } from '../transaction.ts';

/** The size of the driver's pooled buffers; larger ones are made for one request. */
const pooledBytes = 65536;
const keptMost = 1024;
const noBytes: Buffer = Buffer.alloc(0);

type MakeView = (address: bigint, lengthBytes: number) => ArrayBuffer;
/** Told before memory goes, for who may be copying to it or from it at that moment. */
type LetGo = (memory: ArrayBuffer) => void;

interface KeptView {
  readonly memory: ArrayBuffer;
  buffer: Buffer;
}

export class DriverMemory implements DataMemory {
  #makeView: MakeView;
  #letGo: LetGo;
  #kept = new Map<number, KeptView>();
  /** Those too large to be kept, until their requests are over. */
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
    // Addresses of a process have 47 bits.
    const key = Number(address);
    let kept = this.#kept.get(key);
    if (kept === undefined || kept.memory.byteLength < lengthBytes) {
      if (this.#kept.size >= keptMost) this.#kept.clear();
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

  /** The volume is about to be stopped: none of its memory is mapped after that. */
  detachAll(): void {
    for (const { memory } of this.#kept.values()) this.#detachMemory(memory);
    for (const memory of this.#large) this.#detachMemory(memory);
    this.#kept.clear();
    this.#large.clear();
  }

  /** An ArrayBuffer that was transferred has length 0, and so have all views of it. */
  #detachMemory(memory: ArrayBuffer): void {
    this.#letGo(memory);
    if (!memory.detached) memory.transfer(0);
  }
}
