/**
 * A ByteReader with a memory: probing asks for the same few regions dozens of times.
 *
 * Invariants:
 * 1. Every read is checked against the size; no offset or length from a damaged superblock gets
 *    through to the reader, and no read is larger than maxReadBytes.
 * 2. At most maxChunks chunks are kept.
 * 3. Answers are shared between callers, who must not write into them.
 */

import { Fields } from './fields.ts';

/** Where the bytes come from. `undefined` from read: out of range, or an I/O error. */
export interface ByteReader {
  readonly sizeBytes: number;
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array | undefined>;
}

const chunkBytes = 64 * 1024;
const maxChunks = 64;
/** The largest single thing a format needs is a FAT root directory of 65535 entries: 2 MiB. */
const maxReadBytes: number = 4 * 1024 * 1024;

export class CachedReader {
  readonly sizeBytes: number;
  readonly #reader: ByteReader;
  readonly #chunks: Map<number, Uint8Array | undefined> = new Map();

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.sizeBytes = Number.isSafeInteger(reader.sizeBytes) ? Math.max(0, reader.sizeBytes) : 0;
  }

  /** Exactly lengthBytes bytes, or undefined: outside of the disk, too many, or not readable. */
  async read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array | undefined> {
    if (!this.#inside(offsetBytes, lengthBytes)) return undefined;
    const first = Math.floor(offsetBytes / chunkBytes);
    const last = Math.floor((offsetBytes + lengthBytes - 1) / chunkBytes);
    if (first === last) {
      const chunk = await this.#chunk(first);
      if (chunk === undefined) return this.#ask(offsetBytes, lengthBytes);
      const at = offsetBytes - first * chunkBytes;
      return chunk.subarray(at, at + lengthBytes);
    }
    // Large reads are rare and seldom repeated: they would only push the small ones out.
    if (last - first > 2) return this.#ask(offsetBytes, lengthBytes);
    const out = new Uint8Array(lengthBytes);
    for (let index = first; index <= last; index++) {
      const chunk = await this.#chunk(index);
      if (chunk === undefined) return this.#ask(offsetBytes, lengthBytes);
      const base = index * chunkBytes;
      const from = Math.max(0, offsetBytes - base);
      out.set(chunk.subarray(from, offsetBytes + lengthBytes - base), base + from - offsetBytes);
    }
    return out;
  }

  /** The bytes as little-endian numbers (`.big` for the other order). */
  async fields(offsetBytes: number, lengthBytes: number): Promise<Fields | undefined> {
    const bytes = await this.read(offsetBytes, lengthBytes);
    return bytes === undefined ? undefined : new Fields(bytes, true);
  }

  #inside(offsetBytes: number, lengthBytes: number): boolean {
    return (
      Number.isSafeInteger(offsetBytes) &&
      Number.isSafeInteger(lengthBytes) &&
      offsetBytes >= 0 &&
      lengthBytes > 0 &&
      lengthBytes <= maxReadBytes &&
      offsetBytes + lengthBytes <= this.sizeBytes
    );
  }

  async #chunk(index: number): Promise<Uint8Array | undefined> {
    if (this.#chunks.has(index)) return this.#chunks.get(index);
    const offsetBytes = index * chunkBytes;
    const chunk = await this.#ask(offsetBytes, Math.min(chunkBytes, this.sizeBytes - offsetBytes));
    if (this.#chunks.size >= maxChunks) {
      const oldest = this.#chunks.keys().next();
      if (oldest.done !== true) this.#chunks.delete(oldest.value);
    }
    this.#chunks.set(index, chunk);
    return chunk;
  }

  async #ask(offsetBytes: number, lengthBytes: number): Promise<Uint8Array | undefined> {
    const bytes = await this.#reader.read(offsetBytes, lengthBytes);
    return bytes?.length === lengthBytes ? bytes : undefined;
  }
}
