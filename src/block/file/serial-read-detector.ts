/**
 * Detects a reader of a fast disk that asks for one small piece at a time, each after the answer to
 * the one before.
 *
 * Where the host must ask the disk, SyncIoPolicy sends reads to libuv's pool: the event loop stays
 * free, and many reads can be under way. A serial reader gains nothing from that, and the way to a
 * thread and back takes as long again as half a read of an SSD (80 µs).
 *
 * The detector watches the reads in the pool. After minSerialReads in a row that were all short,
 * with never a second read under way, reads are made synchronously, except one in probeEvery. That
 * one goes to the pool: if another read comes while it is there, or if any read takes long, the
 * synchronous reads end.
 *
 * Invariant: of the synchronous reads in a row only the last takes longer than maxReadMs, so that
 * the event loop waits no longer for one than for any other piece of work.
 */

const minSerialReads = 16;
const probeEvery = 16;
const maxReadMs = 0.5;

export class SerialReadDetector {
  /** Reads in a row that were short and alone. */
  #row = 0;
  #inPool = 0;
  #sinceProbe = 0;

  /** Whether the next read is made synchronously. */
  admits(): boolean {
    if (this.#row < minSerialReads || this.#inPool > 0) return false;
    this.#sinceProbe = (this.#sinceProbe + 1) % probeEvery;
    return this.#sinceProbe !== 0;
  }

  /** Notes a synchronous read. */
  ended(tookMs: number): void {
    if (tookMs > maxReadMs) this.#row = 0;
  }

  /** Notes that a read goes to the pool. */
  poolBegins(): void {
    if (this.#inPool > 0) this.#row = 0;
    this.#inPool++;
  }

  /** Notes that a read in the pool has ended; the way to the thread and back counts too. */
  poolEnded(tookMs: number): void {
    this.#inPool--;
    this.#row = tookMs > 2 * maxReadMs ? 0 : this.#row + 1;
  }
}
