/**
 * A disk, as fsbridge sees it: a range of bytes that is read and written asynchronously, in whole
 * logical blocks, straight into and out of the caller's memory (the kernel's, usually).
 *
 * Sources (a file, a disk of the host, memory) stand at the bottom; layers (an overlay, a slice)
 * stand on another BlockDevice and are one themselves.
 *
 * Invariants:
 * 1. Every offset and length is a multiple of logicalBlockBytes and lies inside sizeBytes. The
 *    kernel's block layer guarantees it; other callers ask `checkRange`.
 * 2. An expected failure is a negative errno (src/block/errno.ts), never an exception. A call that
 *    can be answered at once answers without a promise.
 * 3. The segments belong to the device until the call is answered, and no longer.
 * 4. After `flush` (or a write with fua) is answered with 0, the bytes written before survive a
 *    power cut.
 * 5. A device with readOnly never changes a byte of what it stands on.
 */

import { EINVAL } from './errno.ts';

export type MaybePromise<T> = T | Promise<T>;

/** What a device is; none of it changes. */
export interface DeviceTraits {
  /** What messages call it: a path, usually. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Smallest unit of I/O: a power of two from 512 to 4096. */
  readonly logicalBlockBytes: number;
  /** Unit below which a write is slow (read-modify-write): at least logicalBlockBytes. */
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  /** Whether written data may wait in a volatile cache until `flush`. */
  readonly volatileCache: boolean;
  /** Whether `discard` gives space back; without it, nobody calls `discard`. */
  readonly canDiscard: boolean;
  /**
   * Whether `writeZeroes` is faster than writing zeroes; without it, nobody calls `writeZeroes`.
   */
  readonly canWriteZeroes: boolean;
}

export interface BlockDevice extends DeviceTraits {
  /** Fills the segments, in their order, from offsetBytes on. Answers 0 or a negative errno. */
  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number>;
  /** Writes the segments, in their order, from offsetBytes on; fua: durable before the answer. */
  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number>;
  /** Makes all that was written durable. */
  flush(): MaybePromise<number>;
  /** Tells the device that the range is unused. What it reads as afterwards is not defined. */
  discard(offsetBytes: number, lengthBytes: number): MaybePromise<number>;
  /** Makes the range read as zeroes. */
  writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number>;
  /**
   * Gives back what the device holds open. No request is under way then; a second call does
   * nothing.
   */
  close(): Promise<void>;
}

/** The bytes of a scatter list. */
export function totalBytes(segments: readonly Uint8Array[]): number {
  let total = 0;
  for (const segment of segments) total += segment.length;
  return total;
}

/**
 * Whether the device has that range, in whole logical blocks: 0, or -EINVAL.
 *
 * The kernel never asks for another range. But the kernel is a sandbox that a broken disk may have
 * confused, so every source and layer checks the range before it touches a byte.
 */
export function checkRange(device: DeviceTraits, offsetBytes: number, lengthBytes: number): number {
  const inside =
    offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= device.sizeBytes;
  const whole =
    offsetBytes % device.logicalBlockBytes === 0 && lengthBytes % device.logicalBlockBytes === 0;
  return inside && whole ? 0 : -EINVAL;
}
