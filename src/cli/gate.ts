/** Lets so many in at a time; the others wait their turn. */
export class Gate {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Whether the next one would have to wait. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  async run<T>(use: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await use();
    } finally {
      this.leave();
    }
  }
}
