import { expect, test } from 'vitest';
import { windowsTarget } from '../../../src/daemon/windows/winfsp-transport.ts';

test.each([
  ['l:', 'L:'],
  ['L:\\', 'L:'],
  ['*', '*'],
  ['\\\\.\\l:', '\\\\.\\L:'],
  ['\\\\fsbridge\\disk', '\\\\fsbridge\\disk'],
  ['C:\\linux\\..\\disk', 'C:\\disk'],
])('the target %s on Windows is %s', (target, expected) => {
  expect(windowsTarget(target)).toBe(expected);
});
