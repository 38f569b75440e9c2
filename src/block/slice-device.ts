/**
 * A range of another device as a device of its own: a partition, for example.
 *
 * Invariants:
 * 1. No request leaves the range.
 * 2. The other device stays open when the slice is closed: several slices may stand on it, and its
 *    opener closes it.
 */
import { type BlockDevice, checkRange, type MaybePromise, totalBytes } from './block-device.ts';
import { ENODEV, EROFS } from './errno.ts';
import { ForwardingDevice } from './forwarding-device.ts';

export interface SliceOptions {
  readonly name?: string;
  /** Makes the slice read-only even where the other device can be written. */
  readonly readOnly?: boolean;
}

export class SliceDevice extends ForwardingDevice {
  /** Where the slice begins on the other device. */
  readonly offsetBytes: number;
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
    const readOnly = base.readOnly || (options.readOnly ?? false);
    super(base, {
      name: options.name ?? `${base.name}+${offsetBytes}`,
      sizeBytes,
      readOnly,
      canDiscard: base.canDiscard && !readOnly,
      canWriteZeroes: base.canWriteZeroes && !readOnly,
    });
    this.offsetBytes = offsetBytes;
  }

  override read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const errno = this.#check(offsetBytes, totalBytes(segments));
    return errno < 0 ? errno : super.read(segments, this.offsetBytes + offsetBytes);
  }

  override write(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    fua: boolean,
  ): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, totalBytes(segments));
    return errno < 0 ? errno : super.write(segments, this.offsetBytes + offsetBytes, fua);
  }

  override flush(): MaybePromise<number> {
    return this.#closed ? -ENODEV : super.flush();
  }

  override discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, lengthBytes);
    return errno < 0 ? errno : super.discard(this.offsetBytes + offsetBytes, lengthBytes);
  }

  override writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const errno = this.#checkWrite(offsetBytes, lengthBytes);
    return errno < 0 ? errno : super.writeZeroes(this.offsetBytes + offsetBytes, lengthBytes);
  }

  override close(): Promise<void> {
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
