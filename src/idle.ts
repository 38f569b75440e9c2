/** Counts pieces of work that are under way, so that others can wait until there are none. */
export class Idle {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** How many pieces of work are under way. */
  get count(): number {
    return this.#count;
  }

  /** A piece of work begins. */
  enter(): void {
    this.#count++;
  }

  /** A piece of work has ended. */
  leave(): void {
    this.#count--;
    if (this.#count > 0 || this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when nothing is under way: at once where nothing is. */
  wait(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
