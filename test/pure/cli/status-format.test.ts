import { expect, test } from 'vitest';
import { formatDuration, formatLatency } from '../../../src/cli/commands/status.ts';

test.each([
  [0, '0 seconds'],
  [61, '1 minute'],
  [3_600 * 26 + 120, '1 day 2 hours'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [0.4, '0.4 us'],
  [12_345, '12.3 ms'],
  [2_500_000, '2.5 s'],
])('%d microseconds are shown as %s', (us, text) => {
  expect(formatLatency(us)).toBe(text);
});
