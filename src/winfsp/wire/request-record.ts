/**
 * One FSP_FSCTL_TRANSACT_REQ in a buffer: reads fields, names and buffers, and trusts no length.
 *
 * Invariants:
 * 1. Nothing outside of the record is read: `set` checks its Size against the buffer, and every BUF
 *    is checked against its Size.
 * 2. A wrong length sets `malformed` and reads as nothing. Nothing is thrown; the caller checks
 *    `malformed` once, when everything is read.
 * 3. Answers are strings, numbers and copies: the buffer is free as soon as the request is decoded.
 *
 * One object serves all requests, one after the other.
 */
import { Buffer } from 'node:buffer';
import { join64 } from '../../int64.ts';
import { buf, request } from './layouts.ts';

/** With a high word from here on, a double does not hold the number exactly. */
const inexactHigh = 0x200000;
const nulBytes = 2;

export class RequestRecord {
  malformed = false;
  kind = 0;
  /** The driver's identifier of the request, a kernel address, as two 32-bit halves. */
  hintLow = 0;
  hintHigh = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #size = 0;

  /**
   * Points at the record at `at` of `bytes`, of which `endBytes` are valid. Answers the record's
   * size with its padding, or 0 where there is no whole record; kind and hint are set then too, if
   * the record reaches that far.
   */
  set(bytes: Buffer, at: number, endBytes: number): number {
    this.#bytes = bytes;
    this.#at = at;
    this.malformed = false;
    this.kind = 0;
    this.hintLow = 0;
    this.hintHigh = 0;
    this.#size = 0;
    if (at + request.Req > endBytes) return 0;
    this.kind = this.u32(request.Kind);
    this.hintLow = this.u32(request.Hint);
    this.hintHigh = this.u32(request.Hint + 4);
    const size = this.u16(request.Size);
    if (size < request.size || at + size > endBytes) return 0;
    this.#size = size;
    return (size + 7) & ~7;
  }

  u16(field: number): number {
    return this.#bytes.readUInt16LE(this.#at + field);
  }

  u32(field: number): number {
    return this.#bytes.readUInt32LE(this.#at + field);
  }

  u64(field: number): bigint {
    return this.#bytes.readBigUInt64LE(this.#at + field);
  }

  /** A size or an offset. One that is too large to be exact becomes Number.MAX_SAFE_INTEGER. */
  u53(field: number): number {
    const high = this.u32(field + 4);
    if (high >= inexactHigh) return Number.MAX_SAFE_INTEGER;
    return join64(this.u32(field), high);
  }

  /** Whether all bits of a 64-bit field are set. */
  isAllOnes(field: number): boolean {
    return this.u32(field) === 0xffffffff && this.u32(field + 4) === 0xffffffff;
  }

  /** The length in bytes of what a BUF refers to, NUL included. */
  length(field: number): number {
    return this.u16(field + buf.Size);
  }

  /** The place in the buffer that a BUF refers to; -1 where it is empty or lies outside. */
  #place(field: number): number {
    const length = this.length(field);
    if (length === 0) return -1;
    const start = request.size + this.u16(field + buf.Offset);
    if (start + length <= this.#size) return this.#at + start;
    this.malformed = true;
    return -1;
  }

  /** A name; undefined where there is none. Its BUF counts the NUL. */
  name(field: number): string | undefined {
    const place = this.#place(field);
    if (place < 0) return undefined;
    const end = place + this.length(field) - nulBytes;
    if (end < place || (end - place) % 2 !== 0 || this.#bytes.readUInt16LE(end) !== 0) {
      this.malformed = true;
      return undefined;
    }
    return this.#bytes.toString('utf16le', place, end);
  }

  /** A copy of the bytes that a BUF refers to; undefined where there are none. */
  copy(field: number): Buffer | undefined {
    const place = this.#place(field);
    if (place < 0) return undefined;
    return Buffer.from(this.#bytes.subarray(place, place + this.length(field)));
  }

  /** The number in a BUF of 8 bytes or more: a marker of FSP_FSCTL_DIR_INFO's NextOffset. */
  bufU53(field: number): number {
    const place = this.#place(field);
    if (place < 0) return 0;
    if (this.length(field) < 8) {
      this.malformed = true;
      return 0;
    }
    return this.u53(place - this.#at);
  }
}
