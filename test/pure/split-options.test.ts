import { expect, test } from 'vitest';
import { splitOptions, unquoteOption } from '../../src/split-options.ts';

test.each([
  ['', []],
  ['a', ['a']],
  ['a,,b=1,', ['a', 'b=1']],
  ['a,context="x,y",b', ['a', 'context="x,y"', 'b']],
  ['a="x,b', ['a="x', 'b']],
])('the options of %j are %j', (text, options) => {
  expect(splitOptions(text)).toEqual(options);
});

test('an option loses its quotes', () => {
  expect(unquoteOption('context="x,y"')).toBe('context=x,y');
});
