import { expect, test } from 'vitest';
import { changedFlags, parseHostFlags } from '../../../src/daemon/linux/host-flags.ts';

test('by default a mount has no devices and no set-user-id programs', () => {
  expect(parseHostFlags('')).toEqual({ dev: false, suid: false, exec: true });
  expect(parseHostFlags('suid,noexec,noatime')).toEqual({ dev: false, suid: true, exec: false });
  expect(() => parseHostFlags('compress')).toThrow(/"compress" is no flag of a mount/);
});

test.each([
  ['rw,nosuid,nodev,relatime', ['ro'], 'ro,nosuid,nodev,relatime'],
  ['ro,nosuid,nodev,noexec', ['rw', 'dev', 'exec'], 'rw,nosuid,dev,exec'],
  ['rw,relatime', ['noatime', 'atime'], 'rw,relatime,atime'],
])('a mount that is %s, remounted with %j, is %s', (had, named, expected) => {
  expect(changedFlags(had, named).join()).toBe(expected);
});
