/**
 * Keeps written blocks of a disk: in memory at first, and beyond a limit in a temporary file.
 * Blocks that were never written, or were forgotten, are not here: `nextRun` says so for every
 * byte.
 *
 * The disk is cut into chunks. A chunk has memory, or a slot of the file, or both, and one byte a
 * block with two bits, which say where the block's newest bytes are:
 *
 *            write              spilled, and no write meanwhile
 *   (none) --------> inMemory ----------------------------------> inFile
 *      ^               | ^                                         | |
 *      |    forget     | '---- write: inMemory hides inFile ------' |
 *      '---------------'--------------------------------------------'
 *
 * Invariants:
 * 1. inMemory set: the block's newest bytes are in the chunk's memory, whatever inFile says.
 *    inMemory clear and inFile set: they are in the chunk's slot. Both clear: they are not here.
 * 2. Memory is read and written in one go, without waiting: no write is torn or lost there.
 * 3. The file is never read where it is being written. A spill writes only blocks that are in
 *    memory when it begins, which no later read takes from the file, and blocks that are not here;
 *    and it begins when all reads of its slot that were under way have ended.
 * 4. Memory is given back only after a spill during which nothing in the chunk changed (`version`);
 *    otherwise the chunk stays, and waits for its next turn.
 * 5. A slot is given to another chunk only when the last read of it has ended.
 * 6. Memory held is below the limit plus what the requests under way bring.
 */
import type { MaybePromise } from '../block-device.ts';
import { ENOMEM, negativeErrno } from '../errno.ts';
import type { SegmentCursor } from '../segments.ts';
import { chunksIn } from './chunk-index.ts';
import type { SpillStore } from './spill-file.ts';

const inMemory = 1;
const inFile = 2;

/** Freed memory kept for the next chunk: getting new memory means zeroing it. */
const maxSpareChunks = 16;
/** How far below the limit a round of spilling goes, in chunks. */
const spillRoundChunks = 16;

interface Slot {
  readonly offsetBytes: number;
  readonly reads: Set<Promise<number>>;
}

interface Chunk {
  readonly index: number;
  /** The two bits, one byte a block. */
  readonly where: Uint8Array;
  memory: Uint8Array | undefined;
  slot: Slot | undefined;
  /** Grows with every change of `where` or of the bytes. */
  version: number;
  spilling: boolean;
}

/** A stretch of bytes that are all in the same place. */
export type Run =
  | { readonly place: 'elsewhere'; readonly endBytes: number }
  | { readonly place: 'memory'; readonly endBytes: number; readonly bytes: Uint8Array }
  | { readonly place: 'file'; readonly endBytes: number; readonly chunk: Chunk };

export interface ChunkStoreOptions {
  readonly blockBytes: number;
  readonly chunkBytes: number;
  readonly memoryLimitBytes: number;
  /** Makes the temporary file; called when the limit is first reached. */
  readonly openSpill: () => Promise<SpillStore>;
}

export class ChunkStore {
  readonly #blockBytes: number;
  readonly #chunkBytes: number;
  readonly #limitBytes: number;
  readonly #roundBytes: number;
  readonly #openSpill: () => Promise<SpillStore>;
  readonly #chunks = new Map<number, Chunk>();
  /** The chunks that have memory, the one longest not written first. */
  readonly #resident = new Set<Chunk>();
  readonly #spare: Uint8Array[] = [];
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #slotsUsed = 0;
  #store: SpillStore | undefined;
  #spilling: Promise<number> | undefined;

  constructor(options: ChunkStoreOptions) {
    this.#blockBytes = options.blockBytes;
    this.#chunkBytes = options.chunkBytes;
    this.#limitBytes = Math.max(options.memoryLimitBytes, options.chunkBytes);
    this.#roundBytes = Math.min(this.#limitBytes / 4, spillRoundChunks * options.chunkBytes);
    this.#openSpill = options.openSpill;
  }

  get memoryBytes(): number {
    return this.#resident.size * this.#chunkBytes;
  }

  get spilledBytes(): number {
    return this.#slotsUsed * this.#chunkBytes;
  }

  get isEmpty(): boolean {
    return this.#chunks.size === 0;
  }

  get hasRoom(): boolean {
    return this.memoryBytes < this.#limitBytes;
  }

  /** Waits until there may be room. Answers 0, or why the temporary file takes no more. */
  makeRoom(): Promise<number> {
    this.#spilling ??= this.#spillRound().finally(() => {
      this.#spilling = undefined;
    });
    return this.#spilling;
  }

  /** Keeps the cursor's next bytes as [beginBytes, endBytes), on the spot. 0 or -ENOMEM. */
  write(cursor: SegmentCursor, beginBytes: number, endBytes: number): number {
    for (let at = beginBytes; at < endBytes; ) {
      const index = Math.floor(at / this.#chunkBytes);
      const chunkBegin = index * this.#chunkBytes;
      const end = Math.min(chunkBegin + this.#chunkBytes, endBytes);
      const chunk = this.#chunks.get(index) ?? this.#newChunk(index);
      const memory = this.#memoryOf(chunk);
      if (memory === undefined) return -ENOMEM;
      cursor.copyTo(memory.subarray(at - chunkBegin, end - chunkBegin));
      const lastBlock = (end - chunkBegin) / this.#blockBytes;
      for (let block = (at - chunkBegin) / this.#blockBytes; block < lastBlock; block += 1) {
        chunk.where[block] = (chunk.where[block] ?? 0) | inMemory;
      }
      chunk.version += 1;
      at = end;
    }
    // Early, so that the next write need not wait. A failure shows again when that write waits.
    if (!this.hasRoom) void this.makeRoom();
    return 0;
  }

  /** Forgets [beginBytes, endBytes), and gives back what only these bytes needed. */
  forget(beginBytes: number, endBytes: number): void {
    for (const index of chunksIn(this.#chunks, beginBytes, endBytes, this.#chunkBytes)) {
      const chunk = this.#chunks.get(index);
      if (chunk === undefined) continue;
      const chunkBegin = index * this.#chunkBytes;
      const from = Math.max(beginBytes - chunkBegin, 0) / this.#blockBytes;
      const to = Math.min(endBytes - chunkBegin, this.#chunkBytes) / this.#blockBytes;
      chunk.where.fill(0, from, to);
      chunk.version += 1;
      this.#dropIfEmpty(chunk);
    }
  }

  /** Where the bytes from atBytes on are, and how far (at most endBytes) that holds. */
  nextRun(atBytes: number, endBytes: number): Run {
    let index = Math.floor(atBytes / this.#chunkBytes);
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      do {
        index += 1;
        chunk = this.#chunks.get(index);
      } while (chunk === undefined && index * this.#chunkBytes < endBytes);
      return { place: 'elsewhere', endBytes: Math.min(index * this.#chunkBytes, endBytes) };
    }
    const chunkBegin = index * this.#chunkBytes;
    const first = (atBytes - chunkBegin) / this.#blockBytes;
    const limit = Math.min(endBytes - chunkBegin, this.#chunkBytes) / this.#blockBytes;
    const place = placeOf(chunk, first);
    let block = first + 1;
    while (block < limit && placeOf(chunk, block) === place) block += 1;
    const runEnd = chunkBegin + block * this.#blockBytes;
    if (place === inFile) return { place: 'file', endBytes: runEnd, chunk };
    if (place === inMemory && chunk.memory !== undefined) {
      const bytes = chunk.memory.subarray(atBytes - chunkBegin, runEnd - chunkBegin);
      return { place: 'memory', endBytes: runEnd, bytes };
    }
    return { place: 'elsewhere', endBytes: runEnd };
  }

  /** Reads a run whose place is the file. */
  readSpilled(
    chunk: Chunk,
    atBytes: number,
    segments: Uint8Array[],
    lengthBytes: number,
  ): MaybePromise<number> {
    const { slot } = chunk;
    if (slot === undefined || this.#store === undefined) throw new Error('a run in no file');
    const withinBytes = atBytes - chunk.index * this.#chunkBytes;
    const answer = this.#store.read(segments, lengthBytes, slot.offsetBytes + withinBytes);
    if (typeof answer === 'number') return answer;
    const reading = answer.finally(() => slot.reads.delete(reading));
    slot.reads.add(reading);
    return reading;
  }

  async close(): Promise<void> {
    await this.#spilling;
    await this.#store?.close();
    this.#store = undefined;
    this.#chunks.clear();
    this.#resident.clear();
    this.#spare.length = 0;
    this.#slotsUsed = 0;
  }

  #newChunk(index: number): Chunk {
    const chunk: Chunk = {
      index,
      where: new Uint8Array(this.#chunkBytes / this.#blockBytes),
      memory: undefined,
      slot: undefined,
      version: 0,
      spilling: false,
    };
    this.#chunks.set(index, chunk);
    return chunk;
  }

  /** The chunk's memory, allocated where it has none; the chunk becomes the one written last. */
  #memoryOf(chunk: Chunk): Uint8Array | undefined {
    try {
      chunk.memory ??= this.#spare.pop() ?? new Uint8Array(this.#chunkBytes);
    } catch {
      this.#dropIfEmpty(chunk); // RangeError: Array buffer allocation failed
      return undefined;
    }
    this.#resident.delete(chunk);
    this.#resident.add(chunk);
    return chunk.memory;
  }

  #dropIfEmpty(chunk: Chunk): void {
    if (chunk.spilling || chunk.where.some((bits) => bits !== 0)) return;
    this.#chunks.delete(chunk.index);
    this.#freeMemory(chunk);
    const { slot } = chunk;
    if (slot === undefined) return;
    chunk.slot = undefined;
    this.#slotsUsed -= 1;
    void Promise.allSettled(slot.reads).then(() => this.#freeSlots.push(slot.offsetBytes));
  }

  #freeMemory(chunk: Chunk): void {
    if (chunk.memory !== undefined && this.#spare.length < maxSpareChunks) {
      this.#spare.push(chunk.memory);
    }
    chunk.memory = undefined;
    this.#resident.delete(chunk);
  }

  #takeSlot(): Slot {
    this.#slotsUsed += 1;
    const free = this.#freeSlots.pop();
    if (free !== undefined) return { offsetBytes: free, reads: new Set() };
    this.#slots += 1;
    return { offsetBytes: (this.#slots - 1) * this.#chunkBytes, reads: new Set() };
  }

  /** Moves chunks to the file, the longest unwritten first, until there is some room. */
  async #spillRound(): Promise<number> {
    try {
      this.#store ??= await this.#openSpill();
    } catch (error) {
      return negativeErrno(error);
    }
    while (this.memoryBytes > this.#limitBytes - this.#roundBytes) {
      const [chunk] = this.#resident;
      if (chunk === undefined) return 0;
      const errno = await this.#spill(chunk, this.#store);
      if (errno < 0) return errno;
    }
    return 0;
  }

  async #spill(chunk: Chunk, store: SpillStore): Promise<number> {
    const { memory, version } = chunk;
    if (memory === undefined) return 0;
    chunk.slot ??= this.#takeSlot();
    chunk.spilling = true;
    const { slot } = chunk;
    const runs = spillRuns(chunk);
    if (slot.reads.size > 0) await Promise.allSettled(slot.reads);
    let errno = 0;
    for (const [first, end] of runs) {
      const bytes = memory.subarray(first * this.#blockBytes, end * this.#blockBytes);
      const at = slot.offsetBytes + first * this.#blockBytes;
      errno = await store.write([bytes], bytes.length, at);
      if (errno < 0) break;
    }
    chunk.spilling = false;
    if (errno === 0 && chunk.version === version) {
      for (let block = 0; block < chunk.where.length; block += 1) {
        if (placeOf(chunk, block) === inMemory) chunk.where[block] = inFile;
      }
      this.#freeMemory(chunk);
    }
    this.#dropIfEmpty(chunk);
    return errno;
  }
}

function placeOf(chunk: Chunk, block: number): number {
  const bits = chunk.where[block] ?? 0;
  return (bits & inMemory) !== 0 ? inMemory : bits;
}

/**
 * The runs of blocks that a spill writes: from one block in memory to another, across blocks that
 * are not here (they are never read from the file, and one write is cheaper than two), but not
 * across blocks in the file.
 */
function spillRuns(chunk: Chunk): [first: number, end: number][] {
  const runs: [first: number, end: number][] = [];
  let open: [first: number, end: number] | undefined;
  for (let block = 0; block < chunk.where.length; block += 1) {
    const place = placeOf(chunk, block);
    if (place === inFile) open = undefined;
    if (place !== inMemory) continue;
    if (open === undefined) {
      open = [block, block + 1];
      runs.push(open);
    }
    open[1] = block + 1;
  }
  return runs;
}
