/**
 * Decides whether a small file call is made on the spot or in libuv's thread pool.
 *
 * Bytes that the host has in its page cache cost 1.5 µs for 4 KiB with fs.readSync and 10 to 20 µs
 * through the pool (two thread hops and an event loop turn). But a call on the spot stops the event
 * loop when the host must ask the disk. The host does not say beforehand which it will be, so the
 * last call is taken for the weather:
 *
 * - the gate is open: calls are made on the spot and timed;
 * - a slow one shuts it for PAUSE_FACTOR times as long as that call took;
 * - the first call after the pause is the probe: fast, and the gate stays open; slow, and it shuts
 *   anew.
 *
 * "Slow" is SLOW_MS + SLOW_MS_PER_KIB: three times what a copy from the page cache takes on a small
 * virtual machine (1.5 µs for 4 KiB, 24 µs for 128 KiB), and less than a cold read of most SSDs (80
 * µs): those gain more by being many at once than by sparing the hop. A false alarm, because the
 * host was busy with something else, costs a millisecond of asynchronous calls.
 *
 * Invariant: of any stretch of time, slow calls on the spot take at most one part in 1 +
 * PAUSE_FACTOR, plus one call. (For calls of more than PAUSE_MAX_MS / PAUSE_FACTOR = half a second
 * it is one every PAUSE_MAX_MS; a longer pause would remember a laptop's sleep for a day.)
 */

/** Above this, a call goes to the pool in any case: copying alone would take too long. */
export const SYNC_BYTES_MAX: number = 128 * 1024;

const SLOW_MS = 0.05;
const SLOW_MS_PER_KIB = 0.0005;
const PAUSE_FACTOR = 20;
const PAUSE_MAX_MS = 10_000;

export class SyncGate {
  #shut = false;
  #opensAtMs = 0;
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
    if (tookMs <= SLOW_MS + (lengthBytes / 1024) * SLOW_MS_PER_KIB) return;
    this.#shut = true;
    this.#opensAtMs = nowMs + Math.min(tookMs * PAUSE_FACTOR, PAUSE_MAX_MS);
  }

  nowMs(): number {
    return this.#nowMs();
  }
}
