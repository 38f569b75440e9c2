/** What a guest reports (guest.ts), as a test's assertions. */
import { expect } from 'vitest';
import type { Result } from './guest.ts';

/** How a guest's process ended, and what it wrote. */
export interface GuestEnd {
  /** Undefined where its time was over. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines that are no JSON are other programs' messages: Wine's, for one. */
function resultsOf(stdout: string): Result[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Result);
}

/**
 * Fails with each check that failed inside, or where the process did not end by itself with that
 * status. `minChecks` keeps a guest from passing because it tried nothing.
 */
export function expectGuest(
  { status, stdout, stderr }: GuestEnd,
  { minChecks, status: expectedStatus = 0 }: { minChecks: number; status?: number },
): void {
  const results = resultsOf(stdout);
  const failures = results.filter(({ failed }) => failed > 0);
  expect(failures, stderr.slice(-2000)).toEqual([]);
  const how = status === undefined ? 'its time was over' : `it ended with ${status}`;
  expect(status, `${how}: ${stderr.slice(-2000)}`).toBe(expectedStatus);
  const checks = results.reduce((sum, { passed }) => sum + passed, 0);
  for (const { passed, name, text } of results) if (passed === 0) console.log(`${name}: ${text}`);
  console.log(`The guest made ${checks} checks.`);
  expect(checks, 'checks').toBeGreaterThanOrEqual(minChecks);
}
