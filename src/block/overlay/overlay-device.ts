/**
 * A writable device over one that must not be written. What is written stays in memory, and beyond
 * a limit in a temporary file, and is gone when the overlay is closed.
 *
 * A byte is looked for in three places, and the first that has it answers:
 *
 *   1. chunks   what was written                                (chunk-store.ts)
 *   2. zeroes   what was discarded or zeroed, only as ranges    (range-set.ts)
 *   3. base     everything else
 *
 * A discard takes the range out of the chunks and adds it to the zeroes. There it may stay, because
 * the chunks of a later write come first.
 *
 * Invariants:
 * 1. The base is only read.
 * 2. A read sees each block as one write left it, never parts of two. It looks up all its blocks
 *    when it begins, and copies those in memory at once; the bytes that come later, from the base
 *    or from the file, are bytes that nothing changes (chunk-store.ts, invariant 3).
 * 3. Every read that begins after the answer to a write sees that write. Of a read and a write
 *    under way at the same time either may come first, as on any disk.
 * 4. Nothing here outlives the process, so there is nothing to make durable, and flush is 0.
 * 5. The base stays open when the overlay is closed: its opener closes it.
 */
import { type BlockDevice, checkRange, type MaybePromise, totalBytes } from '../block-device.ts';
import { DeviceBase } from '../device-base.ts';
import { ENODEV } from '../errno.ts';
import { SegmentCursor } from '../segments.ts';
import { ChunkStore } from './chunk-store.ts';
import { RangeSet } from './range-set.ts';
import { openSpillFile, type SpillStore } from './spill-file.ts';

const defaultMemoryLimitBytes = 64 * 1024 * 1024;
const chunkBytes = 64 * 1024;

export interface OverlayOptions {
  /** Memory for written bytes, before the temporary file takes the rest; 64 MiB. */
  readonly memoryLimitBytes?: number;
  /**
   * Makes the temporary file when the limit is reached; by default in the host's temporary folder.
   */
  readonly openSpill?: () => Promise<SpillStore>;
}

export interface OverlayStats {
  readonly memoryBytes: number;
  readonly spilledBytes: number;
}

export class OverlayDevice extends DeviceBase {
  readonly #base: BlockDevice;
  readonly #chunks: ChunkStore;
  readonly #zeroes = new RangeSet();
  #closed = false;

  constructor(base: BlockDevice, options: OverlayOptions = {}) {
    super(base, { readOnly: false, volatileCache: false, canDiscard: true, canWriteZeroes: true });
    this.#base = base;
    this.#chunks = new ChunkStore({
      blockBytes: base.logicalBlockBytes,
      chunkBytes,
      memoryLimitBytes: options.memoryLimitBytes ?? defaultMemoryLimitBytes,
      openSpill: options.openSpill ?? openSpillFile,
    });
  }

  /** What the overlay holds now, in whole chunks of 64 KiB. */
  get stats(): OverlayStats {
    const { memoryBytes, spilledBytes } = this.#chunks;
    return { memoryBytes, spilledBytes };
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const lengthBytes = totalBytes(segments);
    const errno = this.#check(offsetBytes, lengthBytes);
    if (errno < 0) return errno;
    const endBytes = offsetBytes + lengthBytes;
    if (this.#isUntouched(offsetBytes, endBytes)) return this.#base.read(segments, offsetBytes);
    return this.#readMixed(segments, offsetBytes, endBytes);
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, _fua: boolean): MaybePromise<number> {
    const lengthBytes = totalBytes(segments);
    const errno = this.#check(offsetBytes, lengthBytes);
    if (errno < 0) return errno;
    if (!this.#chunks.hasRoom) return this.#writeWhenRoom(segments, offsetBytes, lengthBytes);
    return this.#chunks.write(new SegmentCursor(segments), offsetBytes, offsetBytes + lengthBytes);
  }

  flush(): number {
    return this.#closed ? -ENODEV : 0;
  }

  override discard(offsetBytes: number, lengthBytes: number): number {
    return this.writeZeroes(offsetBytes, lengthBytes);
  }

  override writeZeroes(offsetBytes: number, lengthBytes: number): number {
    const errno = this.#check(offsetBytes, lengthBytes);
    if (errno < 0) return errno;
    this.#zeroes.add(offsetBytes, offsetBytes + lengthBytes);
    this.#chunks.forget(offsetBytes, offsetBytes + lengthBytes);
    return 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#chunks.close();
  }

  #check(offsetBytes: number, lengthBytes: number): number {
    return this.#closed ? -ENODEV : checkRange(this, offsetBytes, lengthBytes);
  }

  #isUntouched(beginBytes: number, endBytes: number): boolean {
    if (this.#zeroes.touches(beginBytes, endBytes)) return false;
    if (this.#chunks.isEmpty) return true;
    const run = this.#chunks.nextRun(beginBytes, endBytes);
    return run.place === 'elsewhere' && run.endBytes === endBytes;
  }

  async #writeWhenRoom(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    lengthBytes: number,
  ): Promise<number> {
    while (!this.#chunks.hasRoom) {
      const errno = await this.#chunks.makeRoom();
      if (errno < 0) return errno;
    }
    return this.#chunks.write(new SegmentCursor(segments), offsetBytes, offsetBytes + lengthBytes);
  }

  #readMixed(
    segments: readonly Uint8Array[],
    beginBytes: number,
    endBytes: number,
  ): MaybePromise<number> {
    const reading = new MixedRead(this.#base, segments, beginBytes);
    for (let at = beginBytes; at < endBytes; ) {
      const run = this.#chunks.nextRun(at, endBytes);
      if (run.place === 'memory') {
        reading.fill(at, run.endBytes).copyFrom(run.bytes);
      } else if (run.place === 'file') {
        const lengthBytes = run.endBytes - at;
        const views = reading.fill(at, run.endBytes).take(lengthBytes);
        reading.expect(this.#chunks.readSpilled(run.chunk, at, views, lengthBytes));
      } else {
        this.#readBelow(reading, at, run.endBytes);
      }
      at = run.endBytes;
    }
    return reading.finish(endBytes);
  }

  /** Fills in the zeroes; the rest is the base's, and the MixedRead asks for it itself. */
  #readBelow(reading: MixedRead, beginBytes: number, endBytes: number): void {
    for (let at = beginBytes; at < endBytes; ) {
      const end = Math.min(this.#zeroes.edgeAfter(at), endBytes);
      if (this.#zeroes.has(at)) reading.fill(at, end).fillZeroes(end - at);
      at = end;
    }
  }
}

/**
 * One read from several places: all that is not filled by others comes from the base, in few
 * requests.
 */
class MixedRead {
  readonly #base: BlockDevice;
  readonly #cursor: SegmentCursor;
  readonly #pending: Promise<number>[] = [];
  /** All bytes before this are filled or asked for; the cursor stands here. */
  #atBytes: number;
  #errno = 0;

  constructor(base: BlockDevice, segments: readonly Uint8Array[], beginBytes: number) {
    this.#base = base;
    this.#cursor = new SegmentCursor(segments);
    this.#atBytes = beginBytes;
  }

  /** The cursor for [beginBytes, endBytes): the caller fills or takes exactly these bytes. */
  fill(beginBytes: number, endBytes: number): SegmentCursor {
    this.#askBaseUntil(beginBytes);
    this.#atBytes = endBytes;
    return this.#cursor;
  }

  /** Notes the answer to a part of the read. */
  expect(answer: MaybePromise<number>): void {
    if (typeof answer !== 'number') this.#pending.push(answer);
    else if (this.#errno === 0) this.#errno = answer;
  }

  /**
   * Asks for the rest, and answers when all parts are answered: until then the segments are lent.
   */
  finish(endBytes: number): MaybePromise<number> {
    this.#askBaseUntil(endBytes);
    if (this.#pending.length === 0) return this.#errno;
    return Promise.all(this.#pending).then(
      (answers) => answers.find((errno) => errno < 0) ?? this.#errno,
    );
  }

  #askBaseUntil(endBytes: number): void {
    const lengthBytes = endBytes - this.#atBytes;
    if (lengthBytes === 0) return;
    this.expect(this.#base.read(this.#cursor.take(lengthBytes), this.#atBytes));
    this.#atBytes = endBytes;
  }
}
