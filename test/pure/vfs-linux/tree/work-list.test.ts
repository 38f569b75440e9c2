import { expect, test } from 'vitest';
import { workThrough } from '../../../../src/vfs-linux/tree/work-list.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('tasks that others add run too, and never more than the width at a time', async () => {
  const done: number[] = [];
  let active = 0;
  let maxActive = 0;
  await workThrough([1], { width: 3 }, async (number, add) => {
    maxActive = Math.max(maxActive, ++active);
    await turn();
    if (number < 100) for (const more of [number * 2, number * 2 + 1]) add(more);
    await turn();
    done.push(number);
    active--;
  });
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 199 }, (_, index) => index + 1));
  expect(maxActive).toBe(3);
});

test('a chain of a hundred thousand tasks ends', async () => {
  let deepest = 0;
  await workThrough([0], { width: 4 }, async (depth, add) => {
    deepest = depth;
    if (depth < 100_000) add(depth + 1);
  });
  expect(deepest).toBe(100_000);
});

test('the first failure ends it, after the tasks under way', async () => {
  let active = 0;
  const begun: number[] = [];
  const work = workThrough([1, 2, 3, 4, 5, 6], { width: 2 }, async (number) => {
    begun.push(number);
    active++;
    await turn();
    if (number === 5) {
      active--;
      throw new Error('five');
    }
    await turn();
    active--;
  });
  await expect(work).rejects.toThrow('five');
  expect(active).toBe(0);
  expect(begun).toEqual([6, 5]);
});

test('an interruption ends it with its reason', async () => {
  const controller = new AbortController();
  let runs = 0;
  const work = workThrough([0], { width: 1, signal: controller.signal }, async (_, add) => {
    runs++;
    add(0);
    if (runs === 5) controller.abort(new Error('stop'));
    await turn();
  });
  await expect(work).rejects.toThrow('stop');
  expect(runs).toBe(5);
});

test('with an aborted signal no task begins', async () => {
  const signal = AbortSignal.abort(new Error('stop'));
  const work = workThrough([1], { width: 1, signal }, () => Promise.reject(new Error('begun')));
  await expect(work).rejects.toThrow('stop');
});

test('without a task it ends at once', async () => {
  await workThrough([], { width: 4 }, () => Promise.reject(new Error('begun')));
});
