/**
 * INTERRUPT: a caller that waits for a disk that does not answer can be killed.
 *
 * The host reports every signal that a waiting caller gets, a timer's too, and passes our EINTR on
 * to a program that expects no EINTR from a file. So an interrupted request has some seconds more
 * to end as it would on a local disk; only then is it given up. A request that changes something is
 * never given up: the caller could not tell whether the change was made.
 *
 * Invariants:
 * 1. Only requests that have no answer when their handler returns are known here, and only until
 *    they end: a disk that answers in time costs nothing.
 * 2. A request that was given up has EINTR as its answer. Its later result is undone as where the
 *    host gave up itself (FuseRequest.answer returns -ENOENT).
 */
const patienceMs = 2000;

/** A request that may be given up. */
export interface Interruptible {
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  giveUp(): void;
}

export class Interruptions {
  /** Requests that wait, by the low word of their unique number. */
  readonly #waiting = new Map<number, Interruptible>();
  readonly #timers = new Map<Interruptible, NodeJS.Timeout>();

  /** The request waits from now on, and may be given up. */
  begin(request: Interruptible): void {
    this.#waiting.set(request.uniqueLow, request);
  }

  end(request: Interruptible): void {
    if (this.#waiting.get(request.uniqueLow) === request) this.#waiting.delete(request.uniqueLow);
    const timer = this.#timers.get(request);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(request);
  }

  /** The caller of a request got a signal; nothing happens unless the request waits. */
  interrupt(uniqueLow: number, uniqueHigh: number): void {
    const request = this.#waiting.get(uniqueLow);
    if (request === undefined || request.uniqueHigh !== uniqueHigh) return;
    if (this.#timers.has(request)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(request);
      request.giveUp();
    }, patienceMs);
    timer.unref();
    this.#timers.set(request, timer);
  }
}
