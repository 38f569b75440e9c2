/** A disk that can be told to fail, or to let reads wait. It is whole again when it is told so. */
import type { MaybePromise } from '../../src/block/block-device.ts';
import { DeviceAbove } from '../../src/block/device-above.ts';
import { EIO } from '../../src/block/errno.ts';

export class FaultyDisk extends DeviceAbove {
  /** Reads end with EIO. */
  failsReads = false;
  #gate: Promise<void> | undefined;
  #open: () => void = () => {};
  /** Reads that wait at the moment. */
  waiting = 0;

  /** From now on reads wait, until `resume`. */
  suspend(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume(): void {
    this.#gate = undefined;
    this.#open();
  }

  override read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    if (this.failsReads) return -EIO;
    if (this.#gate === undefined) return super.read(segments, offsetBytes);
    this.waiting += 1;
    return this.#gate.then(() => {
      this.waiting -= 1;
      return super.read(segments, offsetBytes);
    });
  }
}
