/**
 * Runs many tasks, several at a time, where each task may add more, as a walk through a tree does.
 * (p-queue would cost 8 to 20 µs a task, which is as much as the removal of a file.)
 *
 * Invariants:
 * 1. The task that was added last runs first, so that a walk goes into the depth and the list stays
 *    short.
 * 2. When it ends, in whatever way, no task is under way.
 * 3. The first exception ends it: no other task is begun. An abort of the signal does the same.
 */

export interface WorkOptions {
  /** How many tasks run at a time. */
  readonly width: number;
  readonly signal?: AbortSignal | undefined;
}

/** Adds a waiting task. May be called only while a task runs. */
export type Add<T> = (task: T) => void;

/** Runs every task. Throws the first exception of `run`, or the signal's reason. */
export async function workThrough<T>(
  first: Iterable<T>,
  options: WorkOptions,
  run: (task: T, add: Add<T>) => Promise<void>,
): Promise<void> {
  const { width, signal } = options;
  const waiting: T[] = [...first];
  const errors: unknown[] = [];
  const end = Promise.withResolvers<void>();
  let workers = 0;
  const work = async (): Promise<void> => {
    workers++;
    while (waiting.length > 0 && errors.length === 0 && signal?.aborted !== true) {
      try {
        await run(waiting.pop() as T, add);
      } catch (error) {
        errors.push(error);
      }
    }
    workers--;
    if (workers === 0) end.resolve();
  };
  const add = (task: T): void => {
    waiting.push(task);
    if (workers < width) void work();
  };
  while (workers < width && waiting.length > 0 && signal?.aborted !== true) void work();
  if (workers > 0) await end.promise;
  if (errors.length > 0) throw errors[0];
  signal?.throwIfAborted();
}
