/**
 * A disk in memory: empty at first (and sparse, so that 20 TiB cost nothing), or on bytes that the
 * caller gives.
 *
 * Invariants:
 * 1. An empty disk has memory only for chunks that were written and not discarded since.
 * 2. A disk on given bytes reads and writes those bytes themselves; there is no copy.
 * 3. All calls are answered at once, and whole: no reader sees half a write.
 */
import { checkRange, totalBytes } from './block-device.ts';
import { DeviceBase } from './device-base.ts';
import { ENODEV, ENOMEM, EROFS } from './errno.ts';
import { chunksIn } from './overlay/chunk-index.ts';
import { SegmentCursor } from './segments.ts';

const chunkBytes = 64 * 1024;

export interface MemoryDeviceOptions {
  readonly name?: string;
  /** A power of two from 512 to 4096; 512 where not given. */
  readonly logicalBlockBytes?: number;
  readonly readOnly?: boolean;
}

export class MemoryDevice extends DeviceBase {
  readonly #given: Uint8Array | undefined;
  readonly #chunks = new Map<number, Uint8Array>();
  #closed = false;

  /** source: a size in bytes, or the disk's bytes; whole blocks, or it throws a RangeError. */
  constructor(source: number | Uint8Array, options: MemoryDeviceOptions = {}) {
    const readOnly = options.readOnly ?? false;
    const logicalBlockBytes = options.logicalBlockBytes ?? 512;
    super({
      name: options.name ?? 'memory',
      sizeBytes: typeof source === 'number' ? source : source.length,
      logicalBlockBytes,
      physicalBlockBytes: logicalBlockBytes,
      readOnly,
      volatileCache: false,
      canDiscard: !readOnly,
      canWriteZeroes: !readOnly,
    });
    this.#given = typeof source === 'number' ? undefined : source;
    if (!Number.isSafeInteger(this.sizeBytes) || this.sizeBytes % logicalBlockBytes !== 0) {
      throw new RangeError(`${this.sizeBytes} bytes are not whole blocks`);
    }
  }

  /** The bytes of memory that hold the disk. */
  get allocatedBytes(): number {
    return this.#given?.length ?? this.#chunks.size * chunkBytes;
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

  override discard(offsetBytes: number, lengthBytes: number): number {
    return this.writeZeroes(offsetBytes, lengthBytes);
  }

  override writeZeroes(offsetBytes: number, lengthBytes: number): number {
    if (this.readOnly) return -EROFS;
    const endBytes = offsetBytes + lengthBytes;
    const errno = this.#check(offsetBytes, endBytes);
    if (errno < 0) return errno;
    if (this.#given !== undefined) {
      this.#given.fill(0, offsetBytes, endBytes);
      return 0;
    }
    // Only chunks with memory are visited, so a discard of 20 TiB of an empty disk is quick.
    for (const index of chunksIn(this.#chunks, offsetBytes, endBytes, chunkBytes)) {
      const beginBytes = index * chunkBytes;
      const fromBytes = Math.max(offsetBytes - beginBytes, 0);
      const toBytes = Math.min(endBytes - beginBytes, chunkBytes);
      if (toBytes - fromBytes === chunkBytes) this.#chunks.delete(index);
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
        const index = Math.floor(at / chunkBytes);
        if (!this.#chunks.has(index)) this.#chunks.set(index, new Uint8Array(chunkBytes));
      }
      return true;
    } catch {
      return false; // RangeError: Array buffer allocation failed
    }
  }

  /** The memory of a range inside one chunk; undefined where it has none, and reads as zeroes. */
  #part(offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
    if (this.#given !== undefined) {
      return this.#given.subarray(offsetBytes, offsetBytes + lengthBytes);
    }
    const index = Math.floor(offsetBytes / chunkBytes);
    const withinBytes = offsetBytes - index * chunkBytes;
    return this.#chunks.get(index)?.subarray(withinBytes, withinBytes + lengthBytes);
  }
}

function nextChunk(atBytes: number, endBytes: number): number {
  return Math.min((Math.floor(atBytes / chunkBytes) + 1) * chunkBytes, endBytes);
}
