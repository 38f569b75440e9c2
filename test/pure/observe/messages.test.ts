import { expect, test } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import { escapeJson } from '../../../src/observe/display-names.ts';
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

test('JSON for a terminal has no control character, and the same value', () => {
  const value = { label: `${evil}\u202e"\\\u{e0001}`, lines: ['a\nb'] };
  const text = escapeJson(JSON.stringify(value, undefined, 2));
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(text)).toEqual(value);
});
