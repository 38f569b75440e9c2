import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedLock } from '../../../src/block/shared-lock.ts';

test('many share it or one has it alone, and everybody gets it', async () => {
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
          if (wantsAlone) await lock.alone();
          else if (!lock.tryShared()) await lock.shared();
          if (wantsAlone) alone++;
          else sharing++;
          expect(alone === 0 || (alone === 1 && sharing === 0)).toBe(true);
          await scheduler.schedule(Promise.resolve());
          if (wantsAlone) alone--;
          else sharing--;
          done++;
          if (wantsAlone) lock.leaveAlone();
          else lock.leaveShared();
        };
        const all = Promise.all(kinds.map(use));
        await scheduler.waitFor(all);
        expect(done).toBe(kinds.length);
      },
    ),
  );
});
