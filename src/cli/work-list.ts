/**
 * Does many things, several at a time, where each may find more to do: the walk of a tree. Each is work
 * of a good part of a millisecond at least, so that p-queue's 8 µs do not count.
 *
 * Invariants:
 * 1. What was found last is done first, so that a walk goes into the depth and the list stays
 *    short.
 * 2. When it ends, in whatever way, nothing is under way any more.
 * 3. The first exception ends it: nothing new is begun. So does an interruption.
 */
import PQueue from 'p-queue';

export interface WorkOptions {
  /** How many at a time. */
  readonly width: number;
  readonly signal?: AbortSignal;
}

type Run = () => Promise<unknown>;

/** Last in, first out: what p-queue's own order by priority would do with a search for each. */
class LastFirst {
  #waiting: Run[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  enqueue(run: Run): void {
    this.#waiting.push(run);
  }

  dequeue(): Run | undefined {
    return this.#waiting.pop();
  }

  filter(): Run[] {
    return this.#waiting;
  }

  /** All are alike. */
  setPriority(): void {}

  /** None has a name. */
  remove(): void {}
}

export async function workThrough<T>(
  first: Iterable<T>,
  options: WorkOptions,
  run: (task: T, add: (more: T) => void) => Promise<void>,
): Promise<void> {
  const { width, signal } = options;
  const errors: unknown[] = [];
  const queue = new PQueue({ concurrency: width, queueClass: LastFirst, autoStart: false });
  const isStopping = (): boolean => errors.length > 0 || signal?.aborted === true;
  const one = async (task: T): Promise<void> => {
    if (isStopping()) return;
    try {
      await run(task, add);
    } catch (error) {
      errors.push(error);
    }
  };
  const add = (task: T): void => {
    void queue.add(() => one(task));
  };
  for (const task of first) add(task);
  queue.start();
  await queue.onIdle();
  if (errors.length > 0) throw errors[0];
  signal?.throwIfAborted();
}
