import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from '../../../../src/block/overlay/range-set.ts';

test('an empty set has nothing and no edge', () => {
  const set = new RangeSet();
  expect(set.isEmpty).toBe(true);
  expect(set.has(0)).toBe(false);
  expect(set.touches(0, 1e15)).toBe(false);
  expect(set.edgeAfter(0)).toBe(Number.POSITIVE_INFINITY);
});

test('a set of ranges agrees with a plain list of booleans about every position', () => {
  const size = 60;
  const range = fc
    .tuple(fc.nat(size), fc.nat(size))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
      const set = new RangeSet();
      const model = new Array<boolean>(size + 1).fill(false);
      for (const [begin, end] of ranges) {
        set.add(begin, end);
        model.fill(true, begin, end);
        expect(set.isEmpty).toBe(!model.includes(true));
        for (let at = 0; at < size; at += 1) {
          expect(set.has(at)).toBe(model[at]);
          const edge = model.findIndex((inside, i) => i > at && inside !== model[at]);
          expect(set.edgeAfter(at)).toBe(edge < 0 ? Number.POSITIVE_INFINITY : edge);
          for (const to of [at + 1, at + 7, size]) {
            expect(set.touches(at, to)).toBe(model.slice(at, to).includes(true));
          }
        }
      }
    }),
  );
});
