import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` takes seconds and needs nothing but the kernel image; `slow` makes real
 * images with the real tools and compares with the machine's own kernel.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/slow/**/*.test.ts'],
          testTimeout: 1_200_000,
          hookTimeout: 300_000,
          // They measure the same two cores, and mount on the same machine: one file after the other.
          fileParallelism: false,
        },
      },
    ],
  },
});
