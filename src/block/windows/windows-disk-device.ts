/**
 * An opened disk or volume of Windows as a BlockDevice.
 *
 * It offers no discard: Windows trims disks only through files of its own file systems.
 *
 * Invariants:
 * 1. Windows is asked for whole sectors only, in one piece of memory. A scatter list, and a range
 *    that does not begin and end with a sector, go through a buffer of our own.
 * 2. A write to a part of a sector reads that sector and writes it back changed, while no other
 *    write is under way.
 * 3. Nothing is written into a volume that Windows may have mounted (DiskVolumes.mayWrite): -EROFS.
 * 4. After `close` every call is answered -ENODEV; requests under way keep their handle to their
 *    end.
 * 5. A failed flush is remembered for good: what was lost is lost (as in fd-io.ts, 4).
 */
import { Buffer } from 'node:buffer';
import type { Handle } from '../../host/ffi.ts';
import { Idle } from '../../idle.ts';
import { SharedLock } from '../../shared-lock.ts';
import { totalBytes } from '../block-device.ts';
import { DeviceBase, type HostDiskTraits, hostTraits } from '../device-base.ts';
import { EINVAL, EIO, ENODEV, EROFS } from '../errno.ts';
import { SegmentCursor } from '../segments.ts';
import type { IoAnswer, WindowsDiskApi } from './disk-api.ts';
import { windowsErrno } from './disk-errors.ts';

export interface WindowsDiskParts {
  readonly api: WindowsDiskApi;
  /** Several of one disk: through each of them Windows runs one request at a time. */
  readonly handles: readonly Handle[];
  readonly traits: HostDiskTraits;
  /** Whether a range may be written now. */
  readonly mayWrite: (offsetBytes: number, lengthBytes: number) => boolean;
  /** Called after the handles are closed. */
  readonly release: () => void;
}

export class WindowsDiskDevice extends DeviceBase {
  readonly #parts: WindowsDiskParts;
  readonly #api: WindowsDiskApi;
  readonly #writes = new SharedLock();
  #next = 0;
  readonly #underWay = new Idle();
  #closed = false;
  #lostErrno = 0;

  constructor(parts: WindowsDiskParts) {
    super(hostTraits(parts.traits));
    this.#parts = parts;
    this.#api = parts.api;
  }

  async read(segments: readonly Uint8Array[], offsetBytes: number): Promise<number> {
    const lengthBytes = totalBytes(segments);
    const refusal = this.#check(offsetBytes, lengthBytes);
    if (refusal !== undefined) return refusal;
    const [only] = segments;
    if (segments.length === 1 && only !== undefined && this.#isWhole(offsetBytes, lengthBytes)) {
      return this.#move('readFile', only, offsetBytes);
    }
    const { begin, end } = this.#around(offsetBytes, lengthBytes);
    const bounce = Buffer.allocUnsafeSlow(end - begin);
    const errno = await this.#move('readFile', bounce, begin);
    if (errno < 0) return errno;
    const wanted = bounce.subarray(offsetBytes - begin, offsetBytes - begin + lengthBytes);
    new SegmentCursor(segments).copyFrom(wanted);
    return 0;
  }

  async write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): Promise<number> {
    if (this.readOnly) return -EROFS;
    const lengthBytes = totalBytes(segments);
    const refusal = this.#check(offsetBytes, lengthBytes);
    if (refusal !== undefined) return refusal;
    const { begin, end } = this.#around(offsetBytes, lengthBytes);
    if (!this.#parts.mayWrite(begin, end - begin)) return -EROFS;
    const errno = this.#isWhole(offsetBytes, lengthBytes)
      ? await this.#writeWhole(segments, offsetBytes, lengthBytes)
      : await this.#writeParts(segments, offsetBytes, lengthBytes);
    return errno === 0 && fua ? this.flush() : errno;
  }

  async flush(): Promise<number> {
    if (this.readOnly) return 0;
    if (this.#closed) return -ENODEV;
    if (this.#lostErrno !== 0) return this.#lostErrno;
    const error = await this.#busy(() => this.#api.flushFileBuffers(this.#handle()));
    if (error !== 0 && this.#lostErrno === 0) this.#lostErrno = windowsErrno(error);
    return this.#lostErrno;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#underWay.wait();
    for (const handle of this.#parts.handles) this.#api.closeHandle(handle);
    this.#parts.release();
  }

  /** The answer that needs no disk: a refusal, or 0 for an empty request. */
  #check(offsetBytes: number, lengthBytes: number): number | undefined {
    if (this.#closed) return -ENODEV;
    if (offsetBytes < 0 || offsetBytes + lengthBytes > this.sizeBytes) return -EINVAL;
    return lengthBytes === 0 ? 0 : undefined;
  }

  #isWhole(offsetBytes: number, lengthBytes: number): boolean {
    return offsetBytes % this.logicalBlockBytes === 0 && lengthBytes % this.logicalBlockBytes === 0;
  }

  /** The whole sectors around a range. */
  #around(offsetBytes: number, lengthBytes: number): { begin: number; end: number } {
    const block = this.logicalBlockBytes;
    const begin = Math.floor(offsetBytes / block) * block;
    return { begin, end: Math.ceil((offsetBytes + lengthBytes) / block) * block };
  }

  async #writeWhole(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    lengthBytes: number,
  ): Promise<number> {
    let [source] = segments;
    if (segments.length !== 1 || source === undefined) {
      source = Buffer.allocUnsafeSlow(lengthBytes);
      new SegmentCursor(segments).copyTo(source);
    }
    await this.#writes.shared();
    try {
      return await this.#move('writeFile', source, offsetBytes);
    } finally {
      this.#writes.releaseShared();
    }
  }

  async #writeParts(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    lengthBytes: number,
  ): Promise<number> {
    const { begin, end } = this.#around(offsetBytes, lengthBytes);
    const bounce = Buffer.allocUnsafeSlow(end - begin);
    await this.#writes.exclusive();
    try {
      const errno = await this.#move('readFile', bounce, begin);
      if (errno < 0) return errno;
      const changed = bounce.subarray(offsetBytes - begin, offsetBytes - begin + lengthBytes);
      new SegmentCursor(segments).copyTo(changed);
      return await this.#move('writeFile', bounce, begin);
    } finally {
      this.#writes.releaseExclusive();
    }
  }

  async #move(
    way: 'readFile' | 'writeFile',
    memory: Uint8Array,
    offsetBytes: number,
  ): Promise<number> {
    const { error, bytes }: IoAnswer = await this.#busy(() =>
      this.#api[way](this.#handle(), memory, offsetBytes),
    );
    if (error !== 0) return windowsErrno(error);
    // A disk moves all bytes or answers an error; a short count would mean the disk's end.
    return bytes === memory.length ? 0 : -EIO;
  }

  /** The next handle: they take turns. */
  #handle(): Handle {
    const { handles } = this.#parts;
    this.#next = (this.#next + 1) % handles.length;
    return handles[this.#next] as Handle;
  }

  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay.enter();
    try {
      return await work();
    } finally {
      this.#underWay.leave();
    }
  }
}
