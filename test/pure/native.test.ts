/** The kernel's own C, native/arch/wasm: which of its files may need which. */
import { expect, test } from 'vitest';
import { filesBelow, findCircles, readSource } from '../support/house.ts';
import { nativeCalls } from '../support/native-calls.ts';

test('no two files of native/ need the functions or variables of each other', () => {
  const calls = nativeCalls();
  expect(calls.get('native/arch/wasm/bridge/ops-file.c')).toEqual([
    'native/arch/wasm/bridge/slots.c',
  ]);
  expect(findCircles(calls)).toEqual([]);
});

test('the files of the architecture name nothing of the bridge', () => {
  for (const file of filesBelow('native/arch/wasm/kernel', /\.c$/)) {
    expect(readSource(file)).not.toMatch(/\bbridge_\w+\(/);
  }
});
