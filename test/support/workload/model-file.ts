/**
 * The content of a regular file as Linux defines it, in memory: what read(2) must answer after any
 * sequence of write(2), ftruncate(2), fallocate(2). Bytes never written are zero.
 */
import { Buffer } from 'node:buffer';

export class ModelFile {
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The content itself; good until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** A copy of the bytes between the two offsets. */
  slice(offset: number, length: number): Buffer {
    return Buffer.from(this.bytes.subarray(offset, offset + length));
  }

  #room(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(size, this.#bytes.length * 2, 4096));
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
  }

  write(offset: number, data: Uint8Array): void {
    if (data.length === 0) return;
    this.#room(offset + data.length);
    this.#bytes.set(data, offset);
    this.#size = Math.max(this.#size, offset + data.length);
  }

  truncate(size: number): void {
    this.#room(size);
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  /** FALLOC_FL_PUNCH_HOLE, and FALLOC_FL_ZERO_RANGE that keeps the size. */
  zero(offset: number, length: number): void {
    this.bytes.fill(0, Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  /** FALLOC_FL_COLLAPSE_RANGE. */
  collapse(offset: number, length: number): void {
    this.#bytes.copyWithin(offset, offset + length, this.#size);
    this.truncate(this.#size - length);
  }

  /** FALLOC_FL_INSERT_RANGE. */
  insert(offset: number, length: number): void {
    const before = this.#size;
    this.truncate(before + length);
    this.#bytes.copyWithin(offset + length, offset, before);
    this.#bytes.fill(0, offset, offset + length);
  }
}
