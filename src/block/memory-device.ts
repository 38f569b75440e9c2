/**
 * A disk in memory: empty at first (and then sparse, so that 20 TiB cost nothing), or standing on
 * bytes that are there already.
 *
 * Invariants:
 * 1. An empty disk has memory only for chunks that were written and not discarded since.
 * 2. A disk on given bytes is those bytes: what is written is seen in them, and nothing is copied.
 * 3. All calls are answered at once, and whole: no reader sees half a write.
 */
import { type BlockDevice, checkRange, totalBytes } from './block-device.ts';
import { ENODEV, ENOMEM, EROFS } from './errno.ts';
import { chunksIn } from './overlay/chunk-index.ts';
import { SegmentCursor } from './segments.ts';

const CHUNK_BYTES = 64 * 1024;

export interface MemoryDeviceOptions {
  readonly name?: string;
  /** A power of two from 512 to 4096; 512 where not given. */
  readonly logicalBlockBytes?: number;
  readonly readOnly?: boolean;
}

export class MemoryDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache = false as const;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
  readonly #given: Uint8Array | undefined;
  readonly #chunks = new Map<number, Uint8Array>();
  #closed = false;

  /** source: a size in bytes, or the disk's bytes; whole blocks, or it throws a RangeError. */
  constructor(source: number | Uint8Array, options: MemoryDeviceOptions = {}) {
    this.#given = typeof source === 'number' ? undefined : source;
    this.sizeBytes = typeof source === 'number' ? source : source.length;
    this.name = options.name ?? 'memory';
    this.logicalBlockBytes = options.logicalBlockBytes ?? 512;
    this.physicalBlockBytes = this.logicalBlockBytes;
    this.readOnly = options.readOnly ?? false;
    this.canDiscard = !this.readOnly;
    this.canWriteZeroes = !this.readOnly;
    if (!Number.isSafeInteger(this.sizeBytes) || this.sizeBytes % this.logicalBlockBytes !== 0) {
      throw new RangeError(`${this.sizeBytes} bytes are not whole blocks`);
    }
  }

  /** The bytes of memory that hold the disk. */
  get allocatedBytes(): number {
    return this.#given?.length ?? this.#chunks.size * CHUNK_BYTES;
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): number {
    const endBytes = offsetBytes + totalBytes(segments);
    const errno = this.#check(offsetBytes, endBytes);
    if (errno < 0) return errno;
    const cursor = new SegmentCursor(segments);
    for (let at = offsetBytes; at < endBytes; at = nextChunk(at, endBytes)) {
      const partBytes = nextChunk(at, endBytes) - at;
      const part = this.#part(at, partBytes);
      if (part === undefined) cursor.fillZeroes(partBytes);
      else cursor.copyFrom(part);
    }
    return 0;
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, _fua: boolean): number {
    if (this.readOnly) return -EROFS;
    const endBytes = offsetBytes + totalBytes(segments);
    const errno = this.#check(offsetBytes, endBytes);
    if (errno < 0) return errno;
    // Memory first, so that a write that cannot be kept whole changes nothing.
    if (!this.#allocate(offsetBytes, endBytes)) return -ENOMEM;
    const cursor = new SegmentCursor(segments);
    for (let at = offsetBytes; at < endBytes; at = nextChunk(at, endBytes)) {
      const part = this.#part(at, nextChunk(at, endBytes) - at);
      if (part !== undefined) cursor.copyTo(part);
    }
    return 0;
  }

  flush(): number {
    return this.#closed ? -ENODEV : 0;
  }

  discard(offsetBytes: number, lengthBytes: number): number {
    return this.writeZeroes(offsetBytes, lengthBytes);
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): number {
    if (this.readOnly) return -EROFS;
    const endBytes = offsetBytes + lengthBytes;
    const errno = this.#check(offsetBytes, endBytes);
    if (errno < 0) return errno;
    if (this.#given !== undefined) {
      this.#given.fill(0, offsetBytes, endBytes);
      return 0;
    }
    // Only what has memory needs a look: a discard of 20 TiB is as quick as the disk is empty.
    for (const index of chunksIn(this.#chunks, offsetBytes, endBytes, CHUNK_BYTES)) {
      const beginBytes = index * CHUNK_BYTES;
      const fromBytes = Math.max(offsetBytes - beginBytes, 0);
      const toBytes = Math.min(endBytes - beginBytes, CHUNK_BYTES);
      if (toBytes - fromBytes === CHUNK_BYTES) this.#chunks.delete(index);
      else this.#chunks.get(index)?.fill(0, fromBytes, toBytes);
    }
    return 0;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#chunks.clear();
    return Promise.resolve();
  }

  #check(offsetBytes: number, endBytes: number): number {
    return this.#closed ? -ENODEV : checkRange(this, offsetBytes, endBytes - offsetBytes);
  }

  #allocate(offsetBytes: number, endBytes: number): boolean {
    if (this.#given !== undefined) return true;
    try {
      for (let at = offsetBytes; at < endBytes; at = nextChunk(at, endBytes)) {
        const index = Math.floor(at / CHUNK_BYTES);
        if (!this.#chunks.has(index)) this.#chunks.set(index, new Uint8Array(CHUNK_BYTES));
      }
      return true;
    } catch {
      return false; // RangeError: Array buffer allocation failed
    }
  }

  /** The memory of a range inside one chunk; undefined where it has none, and is zero. */
  #part(offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
    if (this.#given !== undefined) {
      return this.#given.subarray(offsetBytes, offsetBytes + lengthBytes);
    }
    const index = Math.floor(offsetBytes / CHUNK_BYTES);
    const withinBytes = offsetBytes - index * CHUNK_BYTES;
    return this.#chunks.get(index)?.subarray(withinBytes, withinBytes + lengthBytes);
  }
}

function nextChunk(atBytes: number, endBytes: number): number {
  return Math.min((Math.floor(atBytes / CHUNK_BYTES) + 1) * CHUNK_BYTES, endBytes);
}
