/**
 * A resource of the driver's: shared or exclusive, granted in the order of the calls. The driver
 * holds it while a request is in user mode. So a transport that waits for one request within
 * another hangs here, as it would on Windows.
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
