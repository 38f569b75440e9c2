import { expect, test } from 'vitest';
import { minLargeBytes, ThreadPoolQuota } from '../../../../src/block/file/thread-pool-quota.ts';

/** Calls that end when they are told to, and the order in which they started. */
function calls(): {
  start(name: string): () => Promise<number>;
  end(name: string): void;
  started: string[];
} {
  const ends = new Map<string, () => void>();
  const started: string[] = [];
  return {
    started,
    start: (name) => () => {
      started.push(name);
      return new Promise((resolve) => {
        ends.set(name, () => resolve(0));
      });
    },
    end: (name) => ends.get(name)?.(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('large calls leave a thread to small ones, and start in their order', async () => {
  const quota = new ThreadPoolQuota(3);
  const { start, end, started } = calls();
  const all = ['a', 'b', 'c', 'd'].map((name) => quota.run(minLargeBytes, start(name)));
  expect(started).toEqual(['a', 'b']);
  const small = quota.run(4096, start('small'));
  expect(started).toEqual(['a', 'b', 'small']);
  end('b');
  await turn();
  expect(started).toEqual(['a', 'b', 'small', 'c']);
  for (const name of ['small', 'a', 'c']) end(name);
  await turn();
  expect(started.at(-1)).toBe('d');
  end('d');
  expect(await Promise.all([...all, small])).toEqual([0, 0, 0, 0, 0]);
});

test('a large call that fails gives its thread back', async () => {
  const quota = new ThreadPoolQuota(1);
  const { start, end, started } = calls();
  const failing = quota.run(minLargeBytes, () => Promise.reject(new Error('as it happens')));
  const next = quota.run(minLargeBytes, start('next'));
  await expect(failing).rejects.toThrow('as it happens');
  await turn();
  expect(started).toEqual(['next']);
  end('next');
  expect(await next).toBe(0);
});
