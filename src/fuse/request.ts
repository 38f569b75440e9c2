/**
 * One request of the host's: what its header says, and where its body lies.
 *
 * Invariants:
 * 1. The body may be read until the handler returns; who needs it for longer takes the buffer
 *    (keepBuffer), and it goes back to the pool with the answer.
 * 2. A request is answered at most once, and everything but a FORGET is.
 */
import type { Buffer } from 'node:buffer';
import { trace } from '../observe/trace.ts';
import type { Name } from './kernel-calls.ts';
import type { Node } from './nodes.ts';
import { inBody, inHeader, inHeaderBytes } from './protocol.ts';

/** Where buffers come from and go back to. */
export interface BufferPool {
  give(buffer: WireBuffer): void;
}

/** Memory that a request is read into, or an answer written from. */
export interface WireBuffer {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  /** The bytes behind a WRITE's headers, or behind an answer's header. */
  readonly data: Buffer;
  /** Undefined for one that is used again at once. */
  readonly pool: BufferPool | undefined;
}

const two32 = 4294967296;

export class Request {
  readonly buffer: WireBuffer;
  /** The place of its operation in the table. */
  readonly operation: number;
  readonly lengthBytes: number;
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  readonly nodeId: number;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  readonly startMs: number;
  /** The number of its spans in the trace; 0 without one. */
  readonly traceId: number = trace.isOn ? trace.nextId() : 0;
  answered = false;
  /** It waits, and is known to Interruptions. */
  mayBeGivenUp = false;
  /** It had EINTR for its answer; what it began has not ended yet. */
  givenUp = false;
  /** The buffer is to live until the answer, if that is not there when the handler returns. */
  keepBuffer = false;
  /** The buffer is the request's own by now. */
  ownsBuffer = false;
  /** Nodes that must stay as they are until the answer (Session.hold). */
  held: Node | undefined;
  heldToo: Node | undefined;

  constructor(buffer: WireBuffer, operation: number, lengthBytes: number, startMs: number) {
    const { u32 } = buffer;
    this.buffer = buffer;
    this.operation = operation;
    this.lengthBytes = lengthBytes;
    this.uniqueLow = u32[inHeader.unique] as number;
    this.uniqueHigh = u32[inHeader.unique + 1] as number;
    this.nodeId = u64(u32, inHeader.nodeid);
    this.uid = u32[inHeader.uid] as number;
    this.gid = u32[inHeader.gid] as number;
    this.pid = u32[inHeader.pid] as number;
    this.startMs = startMs;
  }

  /** A word of the body. */
  word(index: number): number {
    return this.buffer.u32[inBody + index] as number;
  }

  /** A number of 64 bits in the body; exact below 2^53. */
  wide(index: number): number {
    return u64(this.buffer.u32, inBody + index);
  }

  /** A signed one; exact between -2^53 and 2^53. */
  signed(index: number): number {
    const { u32 } = this.buffer;
    return (u32[inBody + index] as number) + ((u32[inBody + index + 1] as number) | 0) * two32;
  }

  /**
   * The name that begins `offset` bytes into the body and ends with a NUL; undefined where there is
   * none inside the request.
   */
  name(offset: number): Name | undefined {
    const { bytes } = this.buffer;
    const start = inHeaderBytes + offset;
    let end = start;
    while (end < this.lengthBytes && bytes[end] !== 0) end++;
    return end < this.lengthBytes && end > start ? { bytes, start, end } : undefined;
  }

  /** Where the text behind a name begins, counted from the body's start. */
  static after(name: Name): number {
    return name.end + 1 - inHeaderBytes;
  }

  get bodyBytes(): number {
    return this.lengthBytes - inHeaderBytes;
  }
}

export function u64(u32: Uint32Array, word: number): number {
  return (u32[word] as number) + (u32[word + 1] as number) * two32;
}
