/**
 * Decides whether a small file call is made on the spot or in libuv's thread pool.
 *
 * Bytes that the host has in its page cache cost 1.5 µs for 4 KiB with fs.readSync and 10 to 20 µs
 * through the pool (two thread hops and an event loop turn). But a call on the spot stops the event
 * loop when the host must ask the disk. The host does not say beforehand which it will be, so the
 * last call is taken for the weather:
 *
 * - the gate is open: calls are made on the spot and timed;
 * - a slow one shuts it for some times as long as that call took: twice at first;
 * - the first call after the pause is the probe. If it is slow, or any of the next FORGIVE_CALLS,
 *   the gate shuts for twice as many times as before, up to PAUSE_FACTOR_MAX; if all are fast, the
 *   next slow one counts as a first one again.
 *
 * "Slow" is SLOW_MS + SLOW_MS_PER_KIB: three times what a copy from the page cache takes on a small
 * virtual machine (1.5 µs for 4 KiB, 24 µs for 128 KiB) and more, and less than a cold read of most
 * SSDs (80 µs): those gain more by being many at once than by sparing the hop. The short first
 * pause is for false alarms: on a busy host a fast call looks slow when the process loses its
 * processor in the middle of it.
 *
 * Invariant: on the spot, slow calls take at most one part in 1 + PAUSE_FACTOR_MAX of the time from
 * a disk that is always slow, and one part in three where at least FORGIVE_CALLS fast ones lie
 * between any two (reading on, with the host reading ahead); never do two slow calls follow each
 * other without a pause that is twice the first. A pause ends after PAUSE_MAX_MS: a call of minutes
 * was a laptop asleep.
 */

/** Above this, a call goes to the pool in any case: copying alone would take too long. */
export const SYNC_BYTES_MAX: number = 128 * 1024;

const SLOW_MS = 0.05;
const SLOW_MS_PER_KIB = 0.0005;
const PAUSE_FACTOR_MIN = 2;
const PAUSE_FACTOR_MAX = 32;
const PAUSE_MAX_MS = 10_000;
const FORGIVE_CALLS = 64;

export class SyncIoPolicy {
  #shut = false;
  #opensAtMs = 0;
  #pauseFactor = PAUSE_FACTOR_MIN;
  /** Fast calls on the spot since the last slow one. */
  #fastCalls = FORGIVE_CALLS;
  readonly #nowMs: () => number;

  /** nowMs: a monotonic clock in milliseconds. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Whether a call of that size is to be made on the spot. */
  admits(lengthBytes: number): boolean {
    if (lengthBytes > SYNC_BYTES_MAX) return false;
    if (!this.#shut) return true;
    if (this.#nowMs() < this.#opensAtMs) return false;
    this.#shut = false;
    return true;
  }

  /** Notes a call on the spot that began at startMs (of the same clock) and has just ended. */
  ended(startMs: number, lengthBytes: number): void {
    const nowMs = this.#nowMs();
    const tookMs = nowMs - startMs;
    if (tookMs <= SLOW_MS + (lengthBytes / 1024) * SLOW_MS_PER_KIB) {
      this.#fastCalls += 1;
      return;
    }
    const isFirst = this.#fastCalls >= FORGIVE_CALLS;
    const factor = isFirst ? PAUSE_FACTOR_MIN : Math.min(this.#pauseFactor * 2, PAUSE_FACTOR_MAX);
    this.#pauseFactor = factor;
    this.#fastCalls = 0;
    this.#shut = true;
    this.#opensAtMs = nowMs + Math.min(tookMs * factor, PAUSE_MAX_MS);
  }

  nowMs(): number {
    return this.#nowMs();
  }
}
