/**
 * The four kinds of tests, by what they need: one folder below test/, one project of vitest and one
 * word for `npm test --` each. They run in this order.
 */

export interface Kind {
  readonly name: 'pure' | 'kernel' | 'host' | 'windows';
  /** Says after "The … tests need": what the machine has to have. */
  readonly needs: string;
  /** On a machine of two cores that does nothing else. */
  readonly usualTime: string;
  /** Whether the kernel image has to be there. */
  readonly needsKernel: boolean;
  readonly testTimeoutMs: number;
  /** Whether one file runs after the other. */
  readonly oneByOne: boolean;
}

const longMs = 1_200_000;

export const kinds: readonly Kind[] = [
  {
    name: 'pure',
    needs: 'nothing but Node',
    usualTime: 'a minute',
    needsKernel: false,
    testTimeoutMs: 30_000,
    oneByOne: false,
  },
  {
    name: 'kernel',
    needs: 'the kernel image; mkfs and the checkers of file systems',
    usualTime: '3 minutes',
    needsKernel: true,
    testTimeoutMs: longMs,
    oneByOne: false,
  },
  {
    name: 'host',
    needs: 'root, loop devices, /dev/fuse and the native kernel',
    usualTime: '20 minutes',
    needsKernel: true,
    testTimeoutMs: longMs,
    // They measure the same cores, and mount on the same machine.
    oneByOne: true,
  },
  {
    name: 'windows',
    needs: 'the model of WinFsp’s driver, which is part of the tests; Wine, and gcc for Windows',
    usualTime: '4 minutes',
    needsKernel: true,
    testTimeoutMs: longMs,
    oneByOne: true,
  },
];
