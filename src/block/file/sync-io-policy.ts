/**
 * Decides whether a small call on a file is made synchronously, on this thread, or in libuv's
 * thread pool.
 *
 * Bytes in the host's page cache cost 1.5 µs for 4 KiB with fs.readSync, and 10 to 20 µs through
 * the pool (two switches of threads and a turn of the event loop). But a synchronous call stops the
 * event loop when the host must ask the disk. The host does not say beforehand which of the two it
 * will be, so the policy predicts it from the calls before:
 *
 * - At first calls are synchronous, and timed.
 * - A slow call begins a pause, in which calls go to the pool: twice as long as the call at first.
 * - The first call after the pause is a probe. If it is slow, or any of the next forgiveCalls, the
 *   pause doubles as a multiple of the call's time, up to maxPauseFactor. If all of them are fast,
 *   the next slow call counts as a first one again.
 *
 * "Slow" is slowMs + slowMsPerKib: three times what a copy from the page cache takes on a small
 * virtual machine (1.5 µs for 4 KiB, 24 µs for 128 KiB) and more, and less than a cold read of most
 * SSDs (80 µs): those gain more from many requests at once than from sparing the switches. The
 * first pause is short because of false alarms: on a busy host a fast call looks slow when the
 * process loses its processor during it.
 *
 * Invariant: slow synchronous calls take at most one part in 1 + maxPauseFactor of the time from a
 * disk that is always slow, and one part in three where at least forgiveCalls fast ones lie between
 * any two (sequential reading, with the host reading ahead). Two slow calls never follow each other
 * without a pause of twice the first. A pause ends after maxPauseMs: a call of minutes means that
 * the computer slept.
 */

/** Larger calls always go to the pool: copying alone would take too long. */
export const maxSyncBytes: number = 128 * 1024;

const slowMs = 0.05;
const slowMsPerKib = 0.0005;
const minPauseFactor = 2;
const maxPauseFactor = 32;
const maxPauseMs = 10_000;
const forgiveCalls = 64;

export class SyncIoPolicy {
  #isPaused = false;
  #pauseEndsMs = 0;
  #pauseFactor = minPauseFactor;
  /** Fast synchronous calls since the last slow one. */
  #fastCalls = forgiveCalls;
  readonly #nowMs: () => number;

  /** nowMs: a monotonic clock in milliseconds. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Whether a call of that size is made synchronously. */
  admits(lengthBytes: number): boolean {
    if (lengthBytes > maxSyncBytes) return false;
    if (!this.#isPaused) return true;
    if (this.#nowMs() < this.#pauseEndsMs) return false;
    this.#isPaused = false;
    return true;
  }

  /** Notes a synchronous call that began at startMs (of the same clock) and has just ended. */
  ended(startMs: number, lengthBytes: number): void {
    const nowMs = this.#nowMs();
    const tookMs = nowMs - startMs;
    if (tookMs <= slowMs + (lengthBytes / 1024) * slowMsPerKib) {
      this.#fastCalls += 1;
      return;
    }
    const isFirst = this.#fastCalls >= forgiveCalls;
    const factor = isFirst ? minPauseFactor : Math.min(this.#pauseFactor * 2, maxPauseFactor);
    this.#pauseFactor = factor;
    this.#fastCalls = 0;
    this.#isPaused = true;
    this.#pauseEndsMs = nowMs + Math.min(tookMs * factor, maxPauseMs);
  }

  nowMs(): number {
    return this.#nowMs();
  }
}
