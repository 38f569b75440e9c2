/**
 * The kernel's memory and views of it. Its size is fixed for the kernel's life, so that the views
 * stay valid; it is little-endian, like every machine that Node runs on.
 */
import { Buffer } from 'node:buffer';
import { high32, join64 } from '../int64.ts';

const wasmPageBytes = 65536;

/** The image's exports that run it; scripts/kernel/abi.ts has those that describe it. */
export interface ImageExports {
  readonly wasm_shared: WebAssembly.Global;
  readonly bridge_slots: WebAssembly.Global;
  readonly bridge_buffers: WebAssembly.Global;
  wasm_boot(): void;
  wasm_thread_entry(task: number): void;
}

export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** A Buffer, for its copy() and write(), which need no view of their own for each call. */
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;

  constructor(sizeBytes: number) {
    const pages = sizeBytes / wasmPageBytes;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { buffer } = this.memory;
    this.bytes = Buffer.from(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
  }

  /** The unsigned 64-bit number at an address that is a multiple of 4; exact below 2^53. */
  readU53(address: number): number {
    const word = address >>> 2;
    return join64(this.u32[word] as number, this.u32[word + 1] as number);
  }

  /** The signed one; exact between -2^53 and 2^53. */
  readS53(address: number): number {
    const word = address >>> 2;
    return join64(this.u32[word] as number, this.i32[word + 1] as number);
  }

  /** Writes a whole number between -2^53 and 2^53 as 64 bits. */
  writeS53(address: number, value: number): void {
    const word = address >>> 2;
    this.u32[word] = value;
    this.i32[word + 1] = high32(value);
  }
}
