/**
 * The report of all kinds of tests, in addition to vitest's own: before a kind runs, what it needs
 * and how long it usually takes; at the end, what each kind had and took, why tests were skipped,
 * and the line `N passed, N failed`.
 *
 * A test that is skipped says why: by `context.skip(reason)`, or by "(skipped: reason)" in its name
 * or its suite's (test/support/needs.ts).
 */
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { kinds } from './kinds.ts';

class Counts {
  passed = 0;
  failed = 0;
  skipped = 0;
  readonly startedMs: number = performance.now();
  endedMs: number = this.startedMs;
}

export class KindsReporter implements Reporter {
  #vitest: Vitest | undefined;
  readonly #counts: Map<string, Counts> = new Map();
  /** How many tests were skipped for each reason. */
  readonly #reasons: Map<string, number> = new Map();

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleStart({ project }: TestModule): void {
    this.#countsOf(project.name);
  }

  onTestCaseResult(test: TestCase): void {
    const counts = this.#countsOf(test.project.name);
    const result = test.result();
    if (result.state === 'passed') counts.passed++;
    if (result.state === 'failed') counts.failed++;
    if (result.state !== 'skipped') return;
    // With -t all other tests are skipped too: those are none of this run's.
    const reason = result.note ?? /\(skipped: (.+?)\)/.exec(test.fullName)?.[1];
    if (reason === undefined && this.#vitest?.config.testNamePattern !== undefined) return;
    counts.skipped++;
    const shown = reason ?? `no reason is given: ${test.fullName}`;
    this.#reasons.set(shown, (this.#reasons.get(shown) ?? 0) + 1);
  }

  onTestModuleEnd(module: TestModule): void {
    const counts = this.#countsOf(module.project.name);
    counts.endedMs = performance.now();
    // A file that could not be loaded, or whose hooks failed outside of a test.
    const hasFailedTest = [...module.children.allTests('failed')].length > 0;
    if (module.state() === 'failed' && !hasFailedTest) counts.failed++;
  }

  onTestRunEnd(_: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    console.log('');
    for (const [name, counts] of this.#counts) {
      const seconds = Math.round((counts.endedMs - counts.startedMs) / 1000);
      const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
      console.log(
        `${name}: ${counts.passed} passed, ${counts.failed} failed${skipped}; ${seconds} s`,
      );
      passed += counts.passed;
      failed += counts.failed;
    }
    for (const [reason, count] of this.#reasons) console.log(`${count} skipped: ${reason}`);
    console.log(`${passed} passed, ${failed} failed`);
    if (passed === 0) process.exitCode = 1;
  }

  #countsOf(name: string): Counts {
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const counts = new Counts();
    this.#counts.set(name, counts);
    const kind = kinds.find((candidate) => candidate.name === name);
    if (kind !== undefined) {
      const { needs, usualTime } = kind;
      console.log(`\nThe ${name} tests need ${needs}. They usually take ${usualTime}.\n`);
    }
    return counts;
  }
}
