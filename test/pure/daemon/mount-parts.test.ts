import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatLatency } from '../../../src/cli/commands/status.ts';
import { parseIdMapping } from '../../../src/daemon/id-mapping.ts';
import { changedFlags, parseHostFlags } from '../../../src/daemon/linux/host-flags.ts';
import { describeMountUsers, findMountUsers } from '../../../src/daemon/linux/mount-users.ts';
import { FileLog, kernelLineLevel } from '../../../src/daemon/mount-log.ts';
import { windowsTarget } from '../../../src/daemon/windows/winfsp-transport.ts';

test.each([
  ['l:', 'L:'],
  ['L:\\', 'L:'],
  ['*', '*'],
  ['\\\\.\\l:', '\\\\.\\L:'],
  ['\\\\fsbridge\\disk', '\\\\fsbridge\\disk'],
  ['C:\\linux\\..\\disk', 'C:\\disk'],
])('the target %s on Windows is %s', (target, expected) => {
  expect(windowsTarget(target)).toBe(expected);
});

describe('the map of ids', () => {
  test('names users and groups', () => {
    expect(parseIdMapping('1000=S-1-5-21-1-2-3-1001')).toEqual({
      kind: 'user',
      id: 1000,
      sid: 'S-1-5-21-1-2-3-1001',
    });
    expect(parseIdMapping('g100=s-1-5-32-545')).toEqual({
      kind: 'group',
      id: 100,
      sid: 'S-1-5-32-545',
    });
  });

  test.each(['', '1000', '1000=', 'x=S-1-5-18', '1000=S-2-5', '99999999999=S-1-5-18'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseIdMapping(text)).toThrow(/is not a mapping \(ERR_USAGE\)/);
    },
  );
});

test('flags of the mount: a stranger’s devices and set-user-id programs are off', () => {
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

test.runIf(process.platform === 'linux')(
  'the programs that use a folder are found by their open files',
  () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-used-'));
    expect(findMountUsers(folder)).toEqual([]);
    const users = Array.from({ length: 7 }, (_, pid) => ({ pid, name: 'sh' }));
    expect(describeMountUsers(users)).toBe('sh (0), sh (1), sh (2), sh (3), sh (4) and 2 more');
    fs.rmdirSync(folder);
  },
);

test.each([
  [0, '0 seconds'],
  [61, '1 minute'],
  [3_600 * 26 + 120, '1 day 2 hours'],
])('%d seconds are told as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [0.4, '0.4 us'],
  [12_345, '12.3 ms'],
  [2_500_000, '2.5 s'],
])('%d microseconds are told as %s', (us, text) => {
  expect(formatLatency(us)).toBe(text);
});

test.each([
  ['EXT4-fs (disk0): mounted filesystem', 'info'],
  ['EXT4-fs error (device disk0): ext4_lookup:1855: inode #2', 'warn'],
  ['XFS (disk0): Metadata corruption detected', 'warn'],
  ['Buffer I/O error on dev disk0, logical block 3', 'warn'],
])('the kernel’s "%s" is %s', (line, level) => {
  expect(kernelLineLevel(line)).toBe(level);
});

test('what is said before the log is open is in it, in its order', async () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-log-')), 'a.log');
  const log = new FileLog(file, '/mnt');
  log.write('info', 'first', { source: 'disk.img' });
  await log.open();
  log.write('error', 'second');
  log.close();
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 30, mount: '/mnt', source: 'disk.img', msg: 'first', pid: process.pid },
    { level: 50, mount: '/mnt', msg: 'second' },
  ]);
  fs.rmSync(path.dirname(file), { recursive: true });
});
