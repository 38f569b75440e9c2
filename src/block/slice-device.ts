/**
 * A range of another device as a device of its own: a partition, for one.
 *
 * Invariants:
 * 1. No request leaves the range.
 * 2. The other device stays open when the slice is closed: several slices may stand on it, and who
 *    opened it closes it.
 */
import { type BlockDevice, checkRange, type MaybePromise, totalBytes } from './block-device.ts';
import { ENODEV, EROFS } from './errno.ts';

export interface SliceOptions {
  readonly name?: string;
  /** Reading only, although the other device can be written. */
  readonly readOnly?: boolean;
}

export class SliceDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache: boolean;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
  /** Where it begins on the other device. */
  readonly offsetBytes: number;
  readonly #base: BlockDevice;
  #closed = false;

  /** The range: whole blocks, inside the other device; a RangeError otherwise. */
  constructor(
    base: BlockDevice,
    offsetBytes: number,
    sizeBytes: number,
    options: SliceOptions = {},
  ) {
    if (checkRange(base, offsetBytes, sizeBytes) < 0) {
      throw new RangeError(
        `${base.name} has ${base.sizeBytes} bytes in blocks of ${base.logicalBlockBytes}: ` +
          `${sizeBytes} bytes from ${offsetBytes} on are not in it`,
      );
    }
    this.#base = base;
    this.offsetBytes = offsetBytes;
    this.sizeBytes = sizeBytes;
    this.name = options.name ?? `${base.name}+${offsetBytes}`;
    this.logicalBlockBytes = base.logicalBlockBytes;
    this.physicalBlockBytes = base.physicalBlockBytes;
    this.readOnly = base.readOnly || (options.readOnly ?? false);
    this.volatileCache = base.volatileCache;
    this.canDiscard = base.canDiscard && !this.readOnly;
    this.canWriteZeroes = base.canWriteZeroes && !this.readOnly;
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const errno = this.#check(offsetBytes, totalBytes(segments));
    return errno < 0 ? errno : this.#base.read(segments, this.offsetBytes + offsetBytes);
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, totalBytes(segments));
    return errno < 0 ? errno : this.#base.write(segments, this.offsetBytes + offsetBytes, fua);
  }

  flush(): MaybePromise<number> {
    return this.#closed ? -ENODEV : this.#base.flush();
  }

  discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, lengthBytes);
    return errno < 0 ? errno : this.#base.discard(this.offsetBytes + offsetBytes, lengthBytes);
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, lengthBytes);
    return errno < 0 ? errno : this.#base.writeZeroes(this.offsetBytes + offsetBytes, lengthBytes);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #check(offsetBytes: number, lengthBytes: number): number {
    return this.#closed ? -ENODEV : checkRange(this, offsetBytes, lengthBytes);
  }

  #checkWrite(offsetBytes: number, lengthBytes: number): number {
    return this.readOnly ? -EROFS : this.#check(offsetBytes, lengthBytes);
  }
}
