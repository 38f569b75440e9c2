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

interface KeptView {
  readonly memory: ArrayBuffer;
  buffer: Buffer;
}

export class DriverMemory implements DataMemory {
  #makeView: MakeView;
  #kept = new Map<number, KeptView>();

  constructor(makeView: MakeView) {
    this.#makeView = makeView;
  }

  view(address: bigint, lengthBytes: number): Buffer {
    if (lengthBytes === 0) return noBytes;
    if (lengthBytes > pooledBytes) return Buffer.from(this.#makeView(address, lengthBytes));
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

  detach(view: Buffer): void {
    const memory = view.buffer as ArrayBuffer;
    if (view.length === 0) return;
    for (const [key, kept] of this.#kept) if (kept.memory === memory) this.#kept.delete(key);
    detachMemory(memory);
  }

  /** The volume is stopped: none of its memory is mapped any more. */
  detachAll(): void {
    for (const { memory } of this.#kept.values()) detachMemory(memory);
    this.#kept.clear();
  }
}

/** An ArrayBuffer that was transferred has length 0, and so have all views of it. */
function detachMemory(memory: ArrayBuffer): void {
  if (!memory.detached) memory.transfer(0);
}
