/**
 * Keeps one thread of libuv's pool free for small calls.
 *
 * The pool has few threads (UV_THREADPOOL_SIZE, by default 4) and serves calls in the order they
 * come. A stream that is read ahead has several megabytes under way, and reading an inode must not
 * wait until a disk has delivered them all. So large calls wait here, and one thread is never given
 * to them. All disks of the process share the quota, because they share the pool.
 *
 * Invariant: large calls start in the order in which they were asked for.
 */

/** From this size on a call is large: it takes long, and is not a look at an inode. */
export const minLargeBytes: number = 256 * 1024;

export class ThreadPoolQuota {
  readonly #maxLarge: number;
  #largeUnderWay = 0;
  readonly #waiting: (() => void)[] = [];

  /** `threads` is the number of the pool's threads. */
  constructor(threads: number) {
    this.#maxLarge = Math.max(threads - 1, 1);
  }

  /** Starts a call of that size: at once, or when the quota allows it. */
  run(lengthBytes: number, start: () => Promise<number>): Promise<number> {
    if (lengthBytes < minLargeBytes) return start();
    if (this.#largeUnderWay < this.#maxLarge) return this.#runLarge(start);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(this.#runLarge(start)));
    });
  }

  async #runLarge(start: () => Promise<number>): Promise<number> {
    this.#largeUnderWay++;
    try {
      return await start();
    } finally {
      this.#largeUnderWay--;
      this.#waiting.shift()?.();
    }
  }
}

/** libuv's own rule: the variable, between 1 and 1024, or 4. */
function poolThreads(): number {
  const wanted = Number.parseInt(process.env['UV_THREADPOOL_SIZE'] ?? '', 10);
  return Number.isNaN(wanted) ? 4 : Math.min(Math.max(wanted, 1), 1024);
}

/** The quota of this process's pool. */
export const threadPoolQuota: ThreadPoolQuota = new ThreadPoolQuota(poolThreads());
