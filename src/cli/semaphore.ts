/** Lets a number of users in at a time; the others wait their turn. */
export class Semaphore {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Whether the next one has to wait. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  async acquire(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  async run<T>(use: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await use();
    } finally {
      this.release();
    }
  }
}
