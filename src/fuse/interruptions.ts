/**
 * INTERRUPT: who waits for a disk that does not answer can be killed.
 *
 * The host tells of every signal that comes while somebody waits, a timer's too, and hands our EINTR
 * on to a program that never expects one from a file. So what was interrupted has some seconds more
 * to end as it would on a local disk; only then is it given up. What changes something is never given
 * up: nobody could say whether it was done.
 *
 * Invariants:
 * 1. Only requests that have no answer when their handler returns are known here, and only until they
 *    end; a disk that answers costs nothing.
 * 2. A request that was given up has had its EINTR; what the kernel says of it later is undone as
 *    where the host gave it up itself (Session.answer answers -ENOENT).
 */
import type { Request } from './request.ts';

const patienceMs = 2000;

export class Interruptions {
  readonly #giveUp: (request: Request) => void;
  /** What waits, by the low word of its unique number. */
  readonly #waiting = new Map<number, Request>();
  readonly #timers = new Map<Request, NodeJS.Timeout>();

  constructor(giveUp: (request: Request) => void) {
    this.#giveUp = giveUp;
  }

  /** The request waits from now on, and may be given up. */
  begin(request: Request): void {
    request.mayBeGivenUp = true;
    this.#waiting.set(request.uniqueLow, request);
  }

  end(request: Request): void {
    request.mayBeGivenUp = false;
    if (this.#waiting.get(request.uniqueLow) === request) this.#waiting.delete(request.uniqueLow);
    const timer = this.#timers.get(request);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(request);
  }

  /** A signal came for who waits for that request, if it is still one that waits. */
  interrupt(uniqueLow: number, uniqueHigh: number): void {
    const request = this.#waiting.get(uniqueLow);
    if (request === undefined || request.uniqueHigh !== uniqueHigh) return;
    if (this.#timers.has(request)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(request);
      this.#giveUp(request);
    }, patienceMs);
    timer.unref();
    this.#timers.set(request, timer);
  }
}
