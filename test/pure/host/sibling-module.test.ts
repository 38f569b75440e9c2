import { expect, test } from 'vitest';
import { siblingModule } from '../../../src/host/sibling-module.ts';

test.each([
  ['file:///p/src/daemon/daemon.ts', '../cli/main', 'file:///p/src/cli/main.ts'],
  ['file:///p/dist/daemon/daemon.js', '../cli/main', 'file:///p/dist/cli/main.js'],
])('seen from %s, %s is %s', (from, path, to) => {
  expect(siblingModule(from, path).href).toBe(to);
});
