/**
 * A disk that can be told to fail, or to let reads or writes wait. It is whole again when it is
 * told so.
 */
import type { MaybePromise } from '../../../src/block/block-device.ts';
import { EIO } from '../../../src/block/errno.ts';
import { ForwardingDevice } from '../../../src/block/forwarding-device.ts';

type Direction = 'reads' | 'writes';

export class FaultyDisk extends ForwardingDevice {
  /** Reads end with EIO. */
  failsReads = false;
  #suspended: Direction | undefined;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};
  /** Requests that wait at the moment. */
  waiting = 0;

  /** From now on reads wait, or writes and flushes, until `resume`. */
  suspend(direction: Direction = 'reads'): void {
    this.#suspended = direction;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume(): void {
    this.#suspended = undefined;
    this.#open();
  }

  #inTime(direction: Direction, request: () => MaybePromise<number>): MaybePromise<number> {
    if (this.#suspended !== direction) return request();
    this.waiting += 1;
    return this.#gate.then(() => {
      this.waiting -= 1;
      return request();
    });
  }

  override read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    if (this.failsReads) return -EIO;
    return this.#inTime('reads', () => super.read(segments, offsetBytes));
  }

  override write(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    fua: boolean,
  ): MaybePromise<number> {
    return this.#inTime('writes', () => super.write(segments, offsetBytes, fua));
  }

  override flush(): MaybePromise<number> {
    return this.#inTime('writes', () => super.flush());
  }
}
