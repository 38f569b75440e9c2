/**
 * A BlockDevice on an open file descriptor of the host, for image files and for disks of Linux.
 *
 * It offers neither discard nor writeZeroes: Node has no fallocate(2) and no BLKDISCARD, and where
 * canWriteZeroes is false the kernel writes zeroes byte by byte itself.
 */
import { checkRange, type MaybePromise, totalBytes } from '../block-device.ts';
import { DeviceBase, type HostDiskTraits, hostTraits } from '../device-base.ts';
import { EROFS } from '../errno.ts';
import type { FdIo } from './fd-io.ts';

export class FdDevice extends DeviceBase {
  readonly #io: FdIo;

  constructor(io: FdIo, traits: HostDiskTraits) {
    super(hostTraits(traits));
    this.#io = io;
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

  close(): Promise<void> {
    return this.#io.close();
  }

  async #durably(answer: MaybePromise<number>): Promise<number> {
    const errno = await answer;
    return errno < 0 ? errno : this.#io.sync();
  }
}
