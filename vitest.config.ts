import { defineConfig } from 'vitest/config';

/**
 * Four kinds of tests, by what they need:
 *
 *     pure      nothing but Node
 *     kernel    the kernel image; mkfs and checkers of file systems
 *     host      root, loop devices, /dev/fuse and the machine's own kernel
 *     windows   the model of WinFsp's driver; Wine and a compiler for Windows
 */
const longMs = 1_200_000;
const kind = (name: string, testTimeout: number, alone: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: Math.min(testTimeout, 300_000),
    // Alone: they measure the same cores, and mount on the same machine.
    fileParallelism: !alone,
  },
});

export default defineConfig({
  test: {
    projects: [
      kind('pure', 30_000, false),
      kind('kernel', longMs, false),
      kind('host', longMs, true),
      kind('windows', longMs, true),
    ],
  },
});
