import { expect, test } from 'vitest';
import { SharedLock } from '../../../src/fsbridge/lock.ts';

test('many share a free lock at once, and one gets it alone when all have let go', async () => {
  const lock = new SharedLock();
  expect([lock.shared(), lock.shared()]).toEqual([undefined, undefined]);
  const order: string[] = [];
  const alone = lock.exclusive()?.then(() => order.push('alone'));
  // First come, first served: a later sharer does not pass one who waits to be alone.
  const later = lock.shared()?.then(() => order.push('later'));
  lock.releaseShared();
  await Promise.resolve();
  expect(order).toEqual([]);
  lock.releaseShared();
  await alone;
  expect(order).toEqual(['alone']);
  lock.releaseExclusive();
  await later;
  expect(order).toEqual(['alone', 'later']);
});

test('never more than one is alone, nor anybody beside him', async () => {
  const lock = new SharedLock();
  let sharers = 0;
  let alone = 0;
  const wrong: string[] = [];
  const check = (): void => {
    if (alone > 1 || (alone === 1 && sharers > 0)) wrong.push(`${alone} alone, ${sharers} share`);
  };
  const share = async (): Promise<void> => {
    await lock.shared();
    sharers++;
    check();
    await new Promise((resolve) => setImmediate(resolve));
    sharers--;
    lock.releaseShared();
  };
  const own = async (): Promise<void> => {
    await lock.exclusive();
    alone++;
    check();
    await new Promise((resolve) => setImmediate(resolve));
    alone--;
    lock.releaseExclusive();
  };
  await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? own() : share())));
  expect(wrong).toEqual([]);
});
