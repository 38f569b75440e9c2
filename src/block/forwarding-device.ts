/**
 * A device that stands on another one and forwards every request to it: the base of devices that
 * watch or change some of the requests.
 */
import type { BlockDevice, DeviceTraits, MaybePromise } from './block-device.ts';
import { DeviceBase } from './device-base.ts';

export class ForwardingDevice extends DeviceBase {
  readonly #below: BlockDevice;

  /** `changes` are the traits in which it differs from the device below. */
  constructor(below: BlockDevice, changes: Partial<DeviceTraits> = {}) {
    super(below, changes);
    this.#below = below;
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    return this.#below.read(segments, offsetBytes);
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number> {
    return this.#below.write(segments, offsetBytes, fua);
  }

  flush(): MaybePromise<number> {
    return this.#below.flush();
  }

  override discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    return this.#below.discard(offsetBytes, lengthBytes);
  }

  override writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    return this.#below.writeZeroes(offsetBytes, lengthBytes);
  }

  close(): Promise<void> {
    return this.#below.close();
  }
}
