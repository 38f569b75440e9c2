/**
 * A disk in memory with a volatile write cache, whose power can be cut.
 *
 *     write --> list of writes that are not durable --flush--> durable bytes
 *                        \------------- cut --> any part of the writes, or none
 *
 * Invariants:
 * 1. When a flush is answered, all writes answered before it are durable; so is a write with FUA.
 *    Of all other writes a cut keeps some whole, some in part and some not at all, by chance; a
 *    block of `physicalBlockBytes` is never torn (no disk promises less).
 * 2. Answers come later, not at once, so that writes are under way when the cut comes.
 * 3. After the cut nothing changes any more, and every request fails with EIO.
 */
import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { type BlockDevice, checkRange, totalBytes } from '../../../src/block/block-device.ts';
import { EIO } from '../../../src/block/errno.ts';
import type { Random } from '../random.ts';

const chunkBytes = 64 * 1024;

/** The bytes of a disk, where those never written are zero. */
export class SparseBytes {
  readonly sizeBytes: number;
  #chunks = new Map<number, Buffer>();

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  write(source: Uint8Array, offsetBytes: number): void {
    let done = 0;
    while (done < source.length) {
      const at = offsetBytes + done;
      const index = Math.floor(at / chunkBytes);
      let chunk = this.#chunks.get(index);
      if (chunk === undefined) {
        chunk = Buffer.alloc(chunkBytes);
        this.#chunks.set(index, chunk);
      }
      const within = at % chunkBytes;
      const part = source.subarray(done, done + chunkBytes - within);
      chunk.set(part, within);
      done += part.length;
    }
  }

  read(target: Uint8Array, offsetBytes: number): void {
    let done = 0;
    while (done < target.length) {
      const at = offsetBytes + done;
      const within = at % chunkBytes;
      const part = target.subarray(done, done + chunkBytes - within);
      const chunk = this.#chunks.get(Math.floor(at / chunkBytes));
      if (chunk === undefined) part.fill(0);
      else part.set(chunk.subarray(within, within + part.length));
      done += part.length;
    }
  }

  clone(): SparseBytes {
    const copy = new SparseBytes(this.sizeBytes);
    for (const [index, chunk] of this.#chunks) copy.#chunks.set(index, Buffer.from(chunk));
    return copy;
  }

  /** As a sparse file. */
  async save(path: string): Promise<void> {
    await using file = await open(path, 'w');
    await file.truncate(this.sizeBytes);
    for (const [index, chunk] of this.#chunks) {
      await file.write(chunk, 0, chunk.length, index * chunkBytes);
    }
  }

  static async load(path: string): Promise<SparseBytes> {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const bytes = new SparseBytes(size);
    const chunk = Buffer.alloc(chunkBytes);
    const zeroes = Buffer.alloc(chunkBytes);
    for (let at = 0; at < size; at += chunkBytes) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, at);
      const part = chunk.subarray(0, bytesRead);
      if (part.compare(zeroes, 0, bytesRead) !== 0) bytes.write(part, at);
    }
    return bytes;
  }
}

interface CachedWrite {
  readonly offsetBytes: number;
  readonly bytes: Buffer;
  answered: boolean;
  durable: boolean;
}

export class PowerCutDevice implements BlockDevice {
  readonly name = 'a disk whose power can be cut';
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly = false;
  readonly volatileCache = true;
  readonly canDiscard = false;
  readonly canWriteZeroes = false;
  #random: Random;
  /** The bytes that reads answer. */
  #seen: SparseBytes;
  #durable: SparseBytes;
  #cached: CachedWrite[] = [];
  #dead = false;

  constructor(content: SparseBytes, blockBytes: number, random: Random) {
    this.sizeBytes = content.sizeBytes;
    this.logicalBlockBytes = blockBytes;
    this.physicalBlockBytes = blockBytes;
    this.#random = random;
    this.#durable = content;
    this.#seen = content.clone();
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** The number of writes that a cut now could lose. */
  get cachedWrites(): number {
    return this.#cached.length;
  }

  /** Answers after the event loop's next turn, or a little later. */
  async #soon(): Promise<number> {
    const turns = this.#random.chance(0.1) ? 6 : 1;
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return this.#dead ? -EIO : 0;
  }

  async read(segments: readonly Uint8Array[], offsetBytes: number): Promise<number> {
    const errno = checkRange(this, offsetBytes, totalBytes(segments));
    if (errno < 0 || this.#dead) return errno || -EIO;
    let at = offsetBytes;
    for (const segment of segments) {
      this.#seen.read(segment, at);
      at += segment.length;
    }
    return 0;
  }

  async write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): Promise<number> {
    const errno = checkRange(this, offsetBytes, totalBytes(segments));
    if (errno < 0 || this.#dead) return errno || -EIO;
    const bytes = Buffer.concat(segments);
    const cached: CachedWrite = { offsetBytes, bytes, answered: false, durable: false };
    this.#seen.write(bytes, offsetBytes);
    this.#cached.push(cached);
    const answer = await this.#soon();
    cached.answered = true;
    // It keeps its place in the list: an older write to the same place must not overwrite it.
    cached.durable = fua && answer === 0;
    return answer;
  }

  async flush(): Promise<number> {
    if (this.#dead) return -EIO;
    const found = new Set(this.#cached.filter((write) => write.answered));
    const answer = await this.#soon();
    if (answer < 0) return answer;
    const rest: CachedWrite[] = [];
    for (const write of this.#cached) {
      if (found.has(write)) this.#durable.write(write.bytes, write.offsetBytes);
      else rest.push(write);
    }
    this.#cached = rest;
    return 0;
  }

  discard(): number {
    return 0;
  }

  writeZeroes(): number {
    return -EIO;
  }

  async close(): Promise<void> {
    this.#dead = true;
  }

  /** Cuts the power; answers the bytes of the disk when power comes back. */
  cut(): SparseBytes {
    this.#dead = true;
    const left = this.#durable.clone();
    for (const write of this.#cached) {
      const fate = this.#random.below(3);
      if (write.durable || fate === 0) left.write(write.bytes, write.offsetBytes);
      else if (fate === 1) this.#tear(write, left);
    }
    return left;
  }

  /** The bytes of the disk when only the computer has died: all writes have arrived. */
  content(): SparseBytes {
    return this.#seen.clone();
  }

  #tear(write: CachedWrite, left: SparseBytes): void {
    const step = this.physicalBlockBytes;
    for (let at = 0; at < write.bytes.length; at += step) {
      if (this.#random.chance(0.5)) {
        left.write(write.bytes.subarray(at, at + step), write.offsetBytes + at);
      }
    }
  }
}
