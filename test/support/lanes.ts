/**
 * A few tests at a time, for tests that are all started at once (test.concurrent): much of what one
 * takes is waiting for disks and programs.
 */

/** A function that runs work, at most `count` at a time; the rest waits in its order. */
export function lanes(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
