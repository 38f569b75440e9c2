import { expect, test } from 'vitest';
import { hostCode } from '../../../src/host/host-error.ts';

test.each([
  [Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'],
  [Object.assign(new Error('no'), { code: 5 }), 'EIO'],
  [new Error('no'), 'EIO'],
  ['no error at all', 'EIO'],
])('the code of %s is %s', (thrown, code) => {
  expect(hostCode(thrown)).toBe(code);
});

test('what has no code is what the caller says', () => {
  expect(hostCode(new Error('no'), 'ERR_INTERNAL')).toBe('ERR_INTERNAL');
});
