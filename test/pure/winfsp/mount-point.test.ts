/** Where a drive may be, and what is said where it may not. */
import { expect, test } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import { toNtStatus } from '../../../src/fsbridge/translate/ntstatus.ts';
import { mountError, parseMountPoint, volumeError } from '../../../src/winfsp/mount-point.ts';

test('letters, folders and shares are distinguished', () => {
  const disk = (text: string): unknown => parseMountPoint(text, false, 'data').place;
  expect(disk('L:')).toBe('L:');
  expect(disk('l:\\')).toBe('L:');
  expect(disk('*')).toBe('*:');
  expect(disk('\\\\.\\l:')).toBe('\\\\.\\L:');
  expect(disk('C:\\linux\\disk\\')).toBe('C:\\linux\\disk');
  expect(disk('\\\\.\\C:\\linux')).toBe('\\\\.\\C:\\linux');
});

test('a network drive has a share, and a letter if one is given', () => {
  const prefix = '\\fsbridge\\data';
  expect(parseMountPoint('L:', true, 'data')).toEqual({ place: 'L:', prefix });
  expect(parseMountPoint('\\\\fsbridge\\data', false, 'other')).toEqual({
    place: undefined,
    prefix,
  });
  expect(parseMountPoint('L:', true, 'a/b:c*\u0007 ').prefix).toBe('\\fsbridge\\abc');
  expect(parseMountPoint('L:', true, '??').prefix).toBe('\\fsbridge\\linux');
  expect(parseMountPoint('L:', false, 'data').prefix).toBe('');
});

test('a text that is no mount point is refused', () => {
  for (const [text, network] of [
    ['nowhere', false],
    ['LL:', false],
    ['', false],
    ['\\\\.\\LL:', false],
    ['C:\\linux', true],
  ] as const) {
    expect(() => parseMountPoint(text, network, 'x')).toThrow(FsBridgeError);
  }
});

test('errors of Windows come with advice', () => {
  expect(mountError('L:', toNtStatus(0xc0000035))).toMatchObject({ code: 'ERR_DRIVE_IN_USE' });
  expect(mountError('C:\\there', toNtStatus(0xc0000035))).toMatchObject({ code: 'EEXIST' });
  expect(mountError('*:', toNtStatus(0xc000000e))).toMatchObject({ code: 'ERR_DRIVE_IN_USE' });
  const global = mountError('\\\\.\\L:', toNtStatus(0xc0000022));
  expect(global.code).toBe('EACCES');
  expect(global.advice).toContain('elevated');
  expect(mountError('C:\\no\\where', toNtStatus(0xc000003a))).toMatchObject({ code: 'ENOENT' });
  expect(mountError('L:', toNtStatus(0xc0001234)).message).toContain('0xC0001234');
  expect(volumeError('', toNtStatus(0xc000000e))).toMatchObject({ code: 'ERR_WINFSP_DRIVER' });
  expect(volumeError('\\fsbridge\\x', toNtStatus(0xc0000035))).toMatchObject({
    code: 'ERR_DRIVE_IN_USE',
    what: '\\\\fsbridge\\x',
  });
});
