/**
 * Small reads of a fast disk by somebody who asks for one at a time.
 *
 * Where the host must ask the disk, SyncIoPolicy sends reads to libuv's pool: the event loop goes on,
 * and many can be under way. But when each is asked for only after the one before, nothing is won
 * by that, and the way to a thread and back takes as long again as half a read of an SSD (80 µs).
 * Such a reader is seen in the pool: LONE_READS in a row, all short, and no second one ever came
 * while one was under way. From then on they are made on the spot, but for one in PROBE_EVERY: if
 * another one comes while that is in the pool, or one takes long, it is over.
 *
 * Invariant: on the spot, no read but the last of a row takes longer than LONGEST_MS, so that the
 * event loop waits no longer for one than for any other piece of work.
 */

const LONE_READS = 16;
const PROBE_EVERY = 16;
const LONGEST_MS = 0.5;

export class SerialReadDetector {
  /** Reads in a row that were alone and short. */
  #row = 0;
  #inPool = 0;
  #onTheSpot = 0;

  /** Whether the next read is to be made on the spot. */
  admits(): boolean {
    if (this.#row < LONE_READS || this.#inPool > 0) return false;
    this.#onTheSpot = (this.#onTheSpot + 1) % PROBE_EVERY;
    return this.#onTheSpot !== 0;
  }

  /** Notes a read on the spot. */
  ended(tookMs: number): void {
    if (tookMs > LONGEST_MS) this.#row = 0;
  }

  /** Notes that a read goes to the pool. */
  poolBegins(): void {
    if (this.#inPool > 0) this.#row = 0;
    this.#inPool++;
  }

  poolEnded(tookMs: number): void {
    this.#inPool--;
    // The way to the thread and back is in it.
    this.#row = tookMs > 2 * LONGEST_MS ? 0 : this.#row + 1;
  }
}
