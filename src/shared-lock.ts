/**
 * A lock that many may share or one may have alone, first come, first served, so that neither kind
 * starves. Taking a lock that is free costs nothing: `shared` and `exclusive` then answer
 * undefined, with the lock held, and otherwise a promise that resolves with the lock held.
 */

interface Waiting {
  readonly exclusive: boolean;
  readonly wake: () => void;
}

export class SharedLock {
  /** The number of holders that share the lock; -1 while one holder has it alone. */
  #holders = 0;
  #waiting: Waiting[] = [];

  shared(): Promise<void> | undefined {
    if (this.#holders >= 0 && this.#waiting.length === 0) {
      this.#holders++;
      return undefined;
    }
    return this.#wait(false);
  }

  exclusive(): Promise<void> | undefined {
    if (this.#holders === 0 && this.#waiting.length === 0) {
      this.#holders = -1;
      return undefined;
    }
    return this.#wait(true);
  }

  releaseShared(): void {
    this.#holders--;
    if (this.#waiting.length > 0) this.#admit();
  }

  releaseExclusive(): void {
    this.#holders = 0;
    if (this.#waiting.length > 0) this.#admit();
  }

  #wait(exclusive: boolean): Promise<void> {
    return new Promise((wake) => {
      this.#waiting.push({ exclusive, wake });
    });
  }

  /** Hands the lock to those whose turn it is; they hold it before their code runs. */
  #admit(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || this.#holders < 0) return;
      if (next.exclusive && this.#holders > 0) return;
      this.#waiting.shift();
      this.#holders = next.exclusive ? -1 : this.#holders + 1;
      next.wake();
    }
  }
}
