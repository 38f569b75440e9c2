/** Which versions of WinFsp are accepted, and what the refusal of an old one says. */
import { expect, test } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import { checkVersion } from '../../../src/winfsp/native/find-winfsp.ts';

test('WinFsp 2.2 and later is accepted', () => {
  for (const version of [0x20002, 0x20003, 0x30000]) checkVersion(version);
});

test.each([
  [0x20001, '2.1'],
  [0x1000c, '1.12'],
])('an older WinFsp (%i) is refused with its version and what to install', (version, text) => {
  const check = (): void => checkVersion(version);
  expect(check).toThrow(FsBridgeError);
  expect(check).toThrow(
    expect.objectContaining({
      code: 'ERR_WINFSP_OLD',
      why: expect.stringContaining(`the installed version is ${text}, and fsbridge needs 2.2`),
      advice: expect.stringMatching(/Install WinFsp 2\.2 .*while 2\.1 is the stable .*2\.2 beta/i),
    }),
  );
});
