import { defineConfig } from 'vitest/config';
import { type Kind, kinds } from './scripts/test/kinds.ts';
import { KindsReporter } from './scripts/test/kinds-reporter.ts';

/** One project for each kind of tests; a kind begins when the one before it has ended. */
const project = (kind: Kind, index: number) => ({
  test: {
    name: kind.name,
    include: [`test/${kind.name}/**/*.test.ts`],
    testTimeout: kind.testTimeoutMs,
    hookTimeout: Math.min(kind.testTimeoutMs, 300_000),
    fileParallelism: !kind.oneByOne,
    // From 1 on: files that run one by one in group 0 get a group of their own, before the others.
    sequence: { groupOrder: index + 1 },
  },
});

export default defineConfig({
  test: { projects: kinds.map(project), reporters: ['default', new KindsReporter()] },
});
