import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedLock } from '../../src/shared-lock.ts';

test('many share a free lock at once, and one gets it alone when all have let go', async () => {
  const lock = new SharedLock();
  expect([lock.shared(), lock.shared()]).toEqual([undefined, undefined]);
  const order: string[] = [];
  const alone = lock.exclusive()?.then(() => order.push('alone'));
  // First come, first served: a later sharer does not pass one that waits to be alone.
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

test('many share it or one has it alone, in any order, and each gets it once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (scheduler, kinds) => {
        const lock = new SharedLock();
        let sharing = 0;
        let alone = 0;
        let done = 0;
        const use = async (wantsAlone: boolean): Promise<void> => {
          await (wantsAlone ? lock.exclusive() : lock.shared());
          if (wantsAlone) alone++;
          else sharing++;
          expect(alone === 0 || (alone === 1 && sharing === 0)).toBe(true);
          await scheduler.schedule(Promise.resolve());
          if (wantsAlone) alone--;
          else sharing--;
          done++;
          if (wantsAlone) lock.releaseExclusive();
          else lock.releaseShared();
        };
        const all = Promise.all(kinds.map(use));
        await scheduler.waitFor(all);
        expect(done).toBe(kinds.length);
      },
    ),
  );
});
