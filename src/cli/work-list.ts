/**
 * Does many things, several at a time, where each may find more to do: the walk of a tree.
 *
 * Invariants:
 * 1. What was found last is done first, so that a walk goes into the depth and the list stays
 *    short.
 * 2. When it ends, in whatever way, nothing is under way any more.
 * 3. The first exception ends it: nothing new is begun. So does an interruption.
 */

export interface WorkOptions {
  /** How many at a time. */
  readonly width: number;
  readonly signal?: AbortSignal;
}

export function workThrough<T>(
  first: Iterable<T>,
  options: WorkOptions,
  run: (task: T, add: (more: T) => void) => Promise<void>,
): Promise<void> {
  const { width, signal } = options;
  const waiting: T[] = [...first];
  const errors: unknown[] = [];
  let active = 0;
  return new Promise((resolve, reject) => {
    const begin = (): void => {
      const stopping = errors.length > 0 || signal?.aborted === true;
      while (!stopping && active < width && waiting.length > 0) {
        active++;
        run(waiting.pop() as T, add).then(end, fail);
      }
      if (active > 0) return;
      if (errors.length > 0) reject(errors[0]);
      else if (signal?.aborted === true) reject(signal.reason);
      else resolve();
    };
    const end = (): void => {
      active--;
      begin();
    };
    const fail = (error: unknown): void => {
      errors.push(error);
      end();
    };
    const add = (more: T): void => {
      waiting.push(more);
      begin();
    };
    begin();
  });
}
