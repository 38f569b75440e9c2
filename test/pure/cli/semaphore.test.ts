import { expect, test } from 'vitest';
import { Semaphore } from '../../../src/cli/semaphore.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a semaphore lets in as many as it has room for, in their order', async () => {
  const semaphore = new Semaphore(2);
  const order: string[] = [];
  await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      semaphore.run(async () => {
        order.push(`+${name}`);
        await turn();
        order.push(`-${name}`);
      }),
    ),
  );
  expect(order).toEqual(['+a', '+b', '-a', '+c', '-b', '+d', '-c', '-d']);
});
