/**
 * A message of the host as it lies in a buffer: what its header says, and its body by word, number
 * and name.
 *
 * Invariant: the body may be read while the buffer is this message's (FuseRequest.keepBuffer).
 */
import type { Buffer } from 'node:buffer';
import { join64 } from '../int64.ts';
import type { NameSpan } from '../vfs-linux/names.ts';
import { inBody, inHeader, inHeaderBytes } from './protocol.ts';

/** Where buffers come from and go back to. */
export interface BufferPool {
  give(buffer: WireBuffer): void;
}

/** Memory that a message is read into, or an answer written from. */
export interface WireBuffer {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  /** The bytes behind a WRITE's headers, or behind an answer's header. */
  readonly data: Buffer;
  /** Undefined for a buffer that stays with its owner. */
  readonly pool: BufferPool | undefined;
}

function u64(u32: Uint32Array, word: number): number {
  return join64(u32[word] as number, u32[word + 1] as number);
}

export class Message {
  readonly buffer: WireBuffer;
  readonly lengthBytes: number;
  readonly opcode: number;
  /** The number that its answer carries, in two words. */
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  readonly nodeId: number;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;

  constructor(buffer: WireBuffer, lengthBytes: number) {
    const { u32 } = buffer;
    this.buffer = buffer;
    this.lengthBytes = lengthBytes;
    this.opcode = u32[inHeader.opcode] as number;
    this.uniqueLow = u32[inHeader.unique] as number;
    this.uniqueHigh = u32[inHeader.unique + 1] as number;
    this.nodeId = u64(u32, inHeader.nodeid);
    this.uid = u32[inHeader.uid] as number;
    this.gid = u32[inHeader.gid] as number;
    this.pid = u32[inHeader.pid] as number;
  }

  get bodyBytes(): number {
    return this.lengthBytes - inHeaderBytes;
  }

  /** A word of the body. */
  word(index: number): number {
    return this.buffer.u32[inBody + index] as number;
  }

  /** A number of 64 bits in the body; exact below 2^53. */
  wide(index: number): number {
    return u64(this.buffer.u32, inBody + index);
  }

  /** A signed number of 64 bits; exact between -2^53 and 2^53. */
  signed(index: number): number {
    const { u32 } = this.buffer;
    const high = (u32[inBody + index + 1] as number) | 0;
    return join64(u32[inBody + index] as number, high);
  }

  /**
   * The name that begins `offset` bytes into the body and ends with a NUL; undefined where no name
   * with its NUL lies inside the message.
   */
  name(offset: number): NameSpan | undefined {
    const { bytes } = this.buffer;
    const start = inHeaderBytes + offset;
    let end = start;
    while (end < this.lengthBytes && bytes[end] !== 0) end++;
    return end < this.lengthBytes && end > start ? { bytes, start, end } : undefined;
  }

  /** The name that follows another one. */
  nameAfter(name: NameSpan): NameSpan | undefined {
    return this.name(name.end + 1 - inHeaderBytes);
  }
}
