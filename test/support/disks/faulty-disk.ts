/**
 * A disk whose reads fail, or whose reads or writes wait, while the test wants it.
 */
import type { MaybePromise } from '../../../src/block/block-device.ts';
import { EIO } from '../../../src/block/errno.ts';
import { ForwardingDevice } from '../../../src/block/forwarding-device.ts';

type Direction = 'reads' | 'writes';

export class FaultyDisk extends ForwardingDevice {
  /** Reads end with EIO. */
  failsReads = false;
  #suspended: Direction | undefined;
  #resumed: PromiseWithResolvers<void> = Promise.withResolvers();
  /** The number of requests that wait. */
  waiting = 0;

  /** Makes reads wait, or writes and flushes, until `resume`. */
  suspend(direction: Direction = 'reads'): void {
    this.#suspended = direction;
    this.#resumed = Promise.withResolvers();
  }

  resume(): void {
    this.#suspended = undefined;
    this.#resumed.resolve();
  }

  #whenResumed(direction: Direction, request: () => MaybePromise<number>): MaybePromise<number> {
    if (this.#suspended !== direction) return request();
    this.waiting += 1;
    return this.#resumed.promise.then(() => {
      this.waiting -= 1;
      return request();
    });
  }

  override read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    if (this.failsReads) return -EIO;
    return this.#whenResumed('reads', () => super.read(segments, offsetBytes));
  }

  override write(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    fua: boolean,
  ): MaybePromise<number> {
    return this.#whenResumed('writes', () => super.write(segments, offsetBytes, fua));
  }

  override flush(): MaybePromise<number> {
    return this.#whenResumed('writes', () => super.flush());
  }
}
