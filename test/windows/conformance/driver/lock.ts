/**
 * The driver's resources: shared or exclusive, in the order of asking. It holds them while a
 * request is in user mode, so a transport that waits for one request inside another hangs here as
 * it would on Windows.
 */

interface Waiter {
  readonly exclusive: boolean;
  readonly go: () => void;
}

export class Lock {
  #shared = 0;
  #exclusive = false;
  #waiting: Waiter[] = [];

  async shared<T>(work: () => Promise<T>): Promise<T> {
    await this.#take(false);
    try {
      return await work();
    } finally {
      this.#shared -= 1;
      this.#wake();
    }
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    await this.#take(true);
    try {
      return await work();
    } finally {
      this.#exclusive = false;
      this.#wake();
    }
  }

  #take(exclusive: boolean): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#free(exclusive)) {
      this.#enter(exclusive);
      return undefined;
    }
    return new Promise((go) => this.#waiting.push({ exclusive, go }));
  }

  #free(exclusive: boolean): boolean {
    return !this.#exclusive && (!exclusive || this.#shared === 0);
  }

  #enter(exclusive: boolean): void {
    if (exclusive) this.#exclusive = true;
    else this.#shared += 1;
  }

  #wake(): void {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined || !this.#free(first.exclusive)) return;
      this.#waiting.shift();
      this.#enter(first.exclusive);
      first.go();
    }
  }
}
