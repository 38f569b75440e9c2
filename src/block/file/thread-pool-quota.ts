/**
 * Keeps a thread of libuv's pool free for small calls.
 *
 * The pool has few threads (UV_THREADPOOL_SIZE, 4 where nobody says otherwise) and serves calls in
 * the order they come. A stream that is read ahead has several megabytes under way; a look at an
 * inode must not wait until a disk has brought all of them. So large calls wait here, and one thread
 * at least is never given to them. It is the process's pool: all disks share its lanes.
 *
 * Invariant: large calls start in the order in which they were asked for.
 */
/** From here on a call is large: it takes long, and nobody asks for so much to look at an inode. */
export const LARGE_BYTES: number = 256 * 1024;

export class ThreadPoolQuota {
  readonly #most: number;
  #under = 0;
  readonly #waiting: (() => void)[] = [];

  /** `threads` is how many the pool has. */
  constructor(threads: number) {
    this.#most = Math.max(threads - 1, 1);
  }

  /** Starts a call of that size, now or when there is a lane for it. */
  run(lengthBytes: number, start: () => Promise<number>): Promise<number> {
    if (lengthBytes < LARGE_BYTES) return start();
    if (this.#under < this.#most) return this.#runLarge(start);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(this.#runLarge(start)));
    });
  }

  async #runLarge(start: () => Promise<number>): Promise<number> {
    this.#under++;
    try {
      return await start();
    } finally {
      this.#under--;
      this.#waiting.shift()?.();
    }
  }
}

/** libuv's own rule: the variable, between 1 and 1024, or 4. */
function poolThreads(): number {
  const wanted = Number.parseInt(process.env['UV_THREADPOOL_SIZE'] ?? '', 10);
  return Number.isNaN(wanted) ? 4 : Math.min(Math.max(wanted, 1), 1024);
}

/** The lanes of this process's pool. */
export const threadPoolQuota: ThreadPoolQuota = new ThreadPoolQuota(poolThreads());
