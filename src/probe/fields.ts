/**
 * Reads numbers and names out of an on-disk structure.
 *
 * Invariant: no access throws. A field that lies beyond the bytes at hand reads as zero (an empty
 * name, an absent UUID). Code that follows an offset out of the data checks it against `length`.
 */

import { formatUuid } from './text.ts';

export class Fields {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** The same bytes as big-endian numbers. */
  get big(): Fields {
    return new Fields(this.bytes, false);
  }

  u8(at: number): number {
    return this.#has(at, 1) ? this.#view.getUint8(at) : 0;
  }

  i8(at: number): number {
    return this.#has(at, 1) ? this.#view.getInt8(at) : 0;
  }

  u16(at: number): number {
    return this.#has(at, 2) ? this.#view.getUint16(at, this.littleEndian) : 0;
  }

  u32(at: number): number {
    return this.#has(at, 4) ? this.#view.getUint32(at, this.littleEndian) : 0;
  }

  /** As a number: exact up to 2^53, rounded beyond (no disk is as large, so checks still hold). */
  u64(at: number): number {
    return Number(this.big64(at));
  }

  big64(at: number): bigint {
    return this.#has(at, 8) ? this.#view.getBigUint64(at, this.littleEndian) : 0n;
  }

  /** Up to lengthBytes bytes: fewer where the data ends. */
  slice(at: number, lengthBytes: number): Uint8Array {
    return at < 0 ? new Uint8Array() : this.bytes.subarray(at, at + Math.max(0, lengthBytes));
  }

  /** A part of the structure as a structure. */
  from(at: number): Fields {
    return new Fields(this.bytes.subarray(Math.max(0, at)), this.littleEndian);
  }

  /** Whether the bytes at `at` are these; each character is one byte (latin1). */
  matches(at: number, magic: string): boolean {
    if (!this.#has(at, magic.length)) return false;
    for (let i = 0; i < magic.length; i++) {
      if (this.bytes[at + i] !== magic.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The 16 bytes at `at` as a UUID; undefined where they are all zero. */
  uuid(at: number): string | undefined {
    return this.#has(at, 16) ? formatUuid(this.bytes.subarray(at, at + 16)) : undefined;
  }

  #has(at: number, lengthBytes: number): boolean {
    return Number.isInteger(at) && at >= 0 && at + lengthBytes <= this.bytes.length;
  }
}
