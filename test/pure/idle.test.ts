import { expect, test } from 'vitest';
import { Idle } from '../../src/idle.ts';

test('waiting ends when the last piece of work has ended', async () => {
  const idle = new Idle();
  idle.enter();
  idle.enter();
  let isOver = false;
  const waiting = Promise.all([idle.wait(), idle.wait()]).then(() => {
    isOver = true;
  });
  idle.leave();
  await Promise.resolve();
  expect([isOver, idle.count]).toEqual([false, 1]);
  idle.leave();
  await waiting;
  expect([isOver, idle.count]).toEqual([true, 0]);
});

test('waiting ends at once where nothing is under way', async () => {
  const idle = new Idle();
  await idle.wait();
  idle.enter();
  idle.leave();
  await idle.wait();
  expect(idle.count).toBe(0);
});
