/**
 * A device that can be written over one that must not be: what is written stays here, in memory and
 * beyond a limit in a temporary file, and is gone when the overlay is closed.
 *
 * A byte is looked for in three places, the first that has it answers:
 *
 *   1. chunks   what was written                                (chunk-store.ts)
 *   2. zeroes   what was discarded or zeroed, only as ranges    (range-set.ts)
 *   3. base     everything else
 *
 * Discarding takes the range out of the chunks and puts it among the zeroes; there it may stay, for
 * a later write comes before it.
 *
 * Invariants:
 * 1. The base is only read.
 * 2. A block is read as one write left it, never half and half: a read looks up all its blocks when
 *    it begins and copies what is in memory there and then; what comes from the base or the file
 *    later is bytes that nobody changes (chunk-store.ts, invariant 3).
 * 3. An answered write is seen by every read that begins after it. Of a read and a write under way
 *    at the same time either may come first, as on any disk.
 * 4. Nothing here outlives the process; so there is nothing to make durable, and flush is 0.
 * 5. The base stays open when the overlay is closed: who opened it closes it.
 */
import { type BlockDevice, checkRange, type MaybePromise, totalBytes } from '../block-device.ts';
import { ENODEV } from '../errno.ts';
import { SegmentCursor } from '../segments.ts';
import { ChunkStore } from './chunk-store.ts';
import { RangeSet } from './range-set.ts';
import { openSpillFile, type SpillStore } from './spill-file.ts';

const MEMORY_LIMIT_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface OverlayOptions {
  /** Memory for what is written, before the temporary file takes the rest; 64 MiB. */
  readonly memoryLimitBytes?: number;
  /** Makes the temporary file when the limit is reached; one in the host's temporary folder. */
  readonly openSpill?: () => Promise<SpillStore>;
}

export interface OverlayStats {
  readonly memoryBytes: number;
  readonly spilledBytes: number;
}

export class OverlayDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly = false as const;
  readonly volatileCache = false as const;
  readonly canDiscard = true as const;
  readonly canWriteZeroes = true as const;
  readonly #base: BlockDevice;
  readonly #chunks: ChunkStore;
  readonly #zeroes = new RangeSet();
  #closed = false;

  constructor(base: BlockDevice, options: OverlayOptions = {}) {
    this.#base = base;
    this.name = base.name;
    this.sizeBytes = base.sizeBytes;
    this.logicalBlockBytes = base.logicalBlockBytes;
    this.physicalBlockBytes = base.physicalBlockBytes;
    this.#chunks = new ChunkStore({
      blockBytes: base.logicalBlockBytes,
      chunkBytes: CHUNK_BYTES,
      memoryLimitBytes: options.memoryLimitBytes ?? MEMORY_LIMIT_BYTES,
      openSpill: options.openSpill ?? openSpillFile,
    });
  }

  /** What the overlay holds by now, in whole chunks of 64 KiB. */
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

  discard(offsetBytes: number, lengthBytes: number): number {
    return this.writeZeroes(offsetBytes, lengthBytes);
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): number {
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

  /** Zeroes are filled in here; what is left for the base the MixedRead asks for by itself. */
  #readBelow(reading: MixedRead, beginBytes: number, endBytes: number): void {
    for (let at = beginBytes; at < endBytes; ) {
      const end = Math.min(this.#zeroes.edgeAfter(at), endBytes);
      if (this.#zeroes.has(at)) reading.fill(at, end).fillZeroes(end - at);
      at = end;
    }
  }
}

/** One read from several places: what nobody else fills comes from the base, in few requests. */
class MixedRead {
  readonly #base: BlockDevice;
  readonly #cursor: SegmentCursor;
  readonly #pending: Promise<number>[] = [];
  /** All before this is filled, or asked for; the cursor stands here. */
  #atBytes: number;
  #errno = 0;

  constructor(base: BlockDevice, segments: readonly Uint8Array[], beginBytes: number) {
    this.#base = base;
    this.#cursor = new SegmentCursor(segments);
    this.#atBytes = beginBytes;
  }

  /** The cursor for [beginBytes, endBytes), which the caller fills or takes, all of it. */
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

  /** Asks for what is left, and answers when all parts are answered: the segments are lent. */
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
