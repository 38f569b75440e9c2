import { expect, test } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import { print, redirectMessages, report, warn } from '../../../src/observe/messages.ts';

const evil = 'a\u001b]0;x\u0007\u009bmb';
const shown = String.raw`a\x1b]0;x\x07\xc2\x9bmb`;

test('no control character of a text reaches the terminal in a message', () => {
  let said = '';
  redirectMessages((text) => {
    said += text;
  });
  report(new FsBridgeError('EIO', `${evil}\nwhat`, evil, `The kernel said:\n  ${evil}`));
  warn(`${evil}.\nfsbridge: a line of its own`);
  print(`${evil}\n`);
  expect(said).toBe(
    `fsbridge: ${shown}\\nwhat: ${shown} (EIO)\nThe kernel said:\n  ${shown}\n` +
      `fsbridge: warning: ${shown}.\\nfsbridge: a line of its own\n${shown}\n`,
  );
});
