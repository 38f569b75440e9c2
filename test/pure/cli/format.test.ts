import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { modeString } from '../../../src/cli/file-types.ts';
import {
  count,
  formatPercent,
  formatSize,
  formatTable,
  formatTime,
  parseMode,
  parseSize,
} from '../../../src/cli/format.ts';
import { progressText } from '../../../src/cli/progress.ts';
import { escapeName, putName } from '../../../src/observe/display-names.ts';

describe('a size', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1048575, '1.0 MiB'],
    [268435456, '256.0 MiB'],
    [2 ** 40 * 3.5, '3.5 TiB'],
  ])('of %d bytes reads %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test.each([
    ['512', 512],
    ['4k', 4096],
    ['256M', 268435456],
    ['256 MiB', 268435456],
    ['3.5G', 3758096384],
    ['1GB', 1073741824],
  ])('typed as %s is understood', (text, bytes) => {
    expect(parseSize(text, '--memory')).toBe(bytes);
  });

  test.each(['', 'M', '1Q', '-5', '1e9', '0x10', '1 2'])('typed as "%s" is refused', (text) => {
    expect(() => parseSize(text, '--memory')).toThrow(/--memory: .* is not a size \(ERR_USAGE\)/);
  });
});

test('a mode is octal, with or without its prefix', () => {
  expect(['755', '0755', '0o4755', '0'].map((text) => parseMode(text, '--mode'))).toEqual([
    0o755, 0o755, 0o4755, 0,
  ]);
  for (const text of ['8', '', '77777', 'u+x']) {
    expect(() => parseMode(text, '--mode')).toThrow(/is not a mode/);
  }
});

test('percents are rounded up, as df does; of nothing there is no percentage', () => {
  expect(formatPercent(1, 1000)).toBe('1%');
  expect(formatPercent(0, 1000)).toBe('0%');
  expect(formatPercent(1000, 1000)).toBe('100%');
  expect(formatPercent(0, 0)).toBe('-');
});

test('a time that Date cannot express is shown in seconds', () => {
  expect(formatTime(-(2 ** 53))).toBe(`@${-(2 ** 53)}`);
  expect(formatTime(86400)).toMatch(/^1970-01-0[123] \d\d:\d\d$/);
});

test('a count of one is singular, and thousands are grouped', () => {
  expect(count(1, 'file')).toBe('1 file');
  expect(count(90000, 'entry', 'entries')).toBe('90,000 entries');
});

test('columns are aligned, numbers to the right', () => {
  const rows = [
    ['ID', 'SIZE'],
    ['disk', '5'],
  ];
  expect(formatTable(rows, new Set([1]))).toEqual(['ID    SIZE', 'disk     5']);
});

test.each([
  [0o100644, '-rw-r--r--'],
  [0o040755, 'drwxr-xr-x'],
  [0o104755, '-rwsr-xr-x'],
  [0o102644, '-rw-r-Sr--'],
  [0o041777, 'drwxrwxrwt'],
  [0o041776, 'drwxrwxrwT'],
  [0o120777, 'lrwxrwxrwx'],
  [0o020666, 'crw-rw-rw-'],
  [0o060660, 'brw-rw----'],
  [0o010600, 'prw-------'],
  [0o140700, 'srwx------'],
  [0o000000, '?---------'],
])('the mode %o reads %s', (mode, text) => {
  expect(modeString(mode)).toBe(text);
});

describe('a name on a terminal', () => {
  test('has escapes for control characters and for bytes that are not UTF-8', () => {
    expect(escapeName(Buffer.from('a\x1b[31mb\n'))).toBe('a\\x1b[31mb\\n');
    expect(escapeName(Buffer.from('back\\slash'))).toBe('back\\\\slash');
    expect(escapeName(Buffer.from('right\u202eleft'))).toBe('right\\xe2\\x80\\xaeleft');
    expect(escapeName(Buffer.from([0x61, 0xff, 0xfe]))).toBe('a\\xff\\xfe');
  });

  test('is unchanged if it is plain text of any language', () => {
    expect(escapeName(Buffer.from('Grüße 日本語 🙂'))).toBe('Grüße 日本語 🙂');
  });
});

test('a name in JSON is text if it is UTF-8, and base64 if it is not', () => {
  const line: Record<string, unknown> = {};
  putName(line, 'path', Buffer.from('/ä'));
  putName(line, 'target', Buffer.from([0xff]));
  expect(line).toEqual({ path: '/ä', target64: '/w==' });
});

test('progress has a bar only if the whole is known', () => {
  const state = { entries: 12, bytes: 1048576, seconds: 2 };
  expect(progressText({ ...state, totalBytes: undefined })).toBe(
    '12 entries  1.0 MiB  512.0 KiB/s',
  );
  expect(progressText({ ...state, totalBytes: 2097152 })).toBe(
    '[############------------]  50%  12 entries  1.0 MiB  512.0 KiB/s',
  );
});
