/**
 * A BlockDevice on an open file descriptor of the host: what an image file and a disk have in
 * common.
 *
 * Neither discard nor writeZeroes is offered: Node has no fallocate(2) and no BLKDISCARD, and
 * writing zeroes byte by byte is what the kernel does by itself where canWriteZeroes is false.
 */
import { type BlockDevice, checkRange, type MaybePromise, totalBytes } from '../block-device.ts';
import { EOPNOTSUPP, EROFS } from '../errno.ts';
import type { FdIo } from './fd-io.ts';

export interface FdDeviceShape {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
}

export class FdDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  /** The host's page cache holds what was written until fdatasync. */
  readonly volatileCache: boolean;
  readonly canDiscard = false as const;
  readonly canWriteZeroes = false as const;
  readonly #io: FdIo;

  constructor(io: FdIo, shape: FdDeviceShape) {
    this.#io = io;
    this.name = shape.name;
    this.sizeBytes = shape.sizeBytes;
    this.logicalBlockBytes = shape.logicalBlockBytes;
    this.physicalBlockBytes = shape.physicalBlockBytes;
    this.readOnly = shape.readOnly;
    this.volatileCache = !shape.readOnly;
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const lengthBytes = totalBytes(segments);
    const errno = checkRange(this, offsetBytes, lengthBytes);
    return errno < 0 ? errno : this.#io.read(segments, lengthBytes, offsetBytes);
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number> {
    if (this.readOnly) return -EROFS;
    const lengthBytes = totalBytes(segments);
    const errno = checkRange(this, offsetBytes, lengthBytes);
    if (errno < 0) return errno;
    const answer = this.#io.write(segments, lengthBytes, offsetBytes);
    return fua ? this.#durably(answer) : answer;
  }

  flush(): MaybePromise<number> {
    return this.readOnly ? 0 : this.#io.sync();
  }

  discard(): number {
    return this.readOnly ? -EROFS : -EOPNOTSUPP;
  }

  writeZeroes(): number {
    return this.readOnly ? -EROFS : -EOPNOTSUPP;
  }

  close(): Promise<void> {
    return this.#io.close();
  }

  async #durably(answer: MaybePromise<number>): Promise<number> {
    const errno = await answer;
    return errno < 0 ? errno : this.#io.sync();
  }
}
