import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestStatistics } from '../../../src/observe/request-statistics.ts';

/** The latency in µs that a list's fraction does not exceed, computed from all of it. */
function exactPercentile(sortedUs: readonly number[], fraction: number): number {
  return sortedUs[Math.max(1, Math.ceil(sortedUs.length * fraction)) - 1] as number;
}

test('a percentile is at most a sixteenth and a tick above the truth, and never below (3)', () => {
  const latencies = fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1 });
  const fractions = fc.double({ min: 0.001, max: 1, noNaN: true });
  fc.assert(
    fc.property(latencies, fractions, (latenciesUs, fraction) => {
      const statistics = new RequestStatistics(['read']);
      for (const us of latenciesUs) statistics.record(0, 0, us / 1000, false);
      const sorted = latenciesUs.map((us) => Math.floor(us * 10) / 10).sort((a, b) => a - b);
      const exact = exactPercentile(sorted, fraction);
      const answered = statistics.percentileUs(0, fraction);
      // A tick either way: 0.1 µs has no exact double.
      expect(answered).toBeGreaterThanOrEqual(exact - 0.1001);
      expect(answered).toBeLessThanOrEqual(exact * (1 + 1 / 16) + 0.1001);
      expect(answered).toBeLessThanOrEqual((sorted.at(-1) as number) + 0.1001);
    }),
  );
});

test('a summary has the counts, errors, mean and maximum of each operation that occurred', () => {
  const statistics = new RequestStatistics(['lookup', 'read', 'write']);
  statistics.record(1, 10, 10.002, false);
  statistics.record(1, 10, 10.004, true);
  statistics.record(2, 0, 1500, false);
  expect(statistics.summary()).toEqual([
    {
      operation: 'read',
      count: 2,
      errors: 1,
      meanUs: expect.closeTo(3, 0),
      p50Us: expect.closeTo(2, 0),
      p95Us: expect.closeTo(4, 0),
      p99Us: expect.closeTo(4, 0),
      maxUs: expect.closeTo(4, 0),
    },
    {
      operation: 'write',
      count: 1,
      errors: 0,
      meanUs: 1_500_000,
      p50Us: 1_500_000,
      p95Us: 1_500_000,
      p99Us: 1_500_000,
      maxUs: 1_500_000,
    },
  ]);
});

test.each([
  ['a clock that is set back', 5, 1],
  ['a missing start', Number.NaN, 1],
  ['a missing end', 0, Number.NaN],
  ['an endless request', 0, Number.POSITIVE_INFINITY],
])('%s makes a wrong time but no wrong bucket (1, 2)', (_, startMs, endMs) => {
  const statistics = new RequestStatistics(['other', 'read', 'another']);
  statistics.record(1, startMs, endMs, false);
  const [only, ...rest] = statistics.summary();
  expect(rest).toEqual([]);
  expect(only).toMatchObject({ operation: 'read', count: 1 });
  expect(statistics.percentileUs(1, 1)).toBe(only?.maxUs);
});
