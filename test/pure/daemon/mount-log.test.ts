import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FileLog, kernelLineLevel } from '../../../src/daemon/mount-log.ts';

test.each([
  ['EXT4-fs (disk0): mounted filesystem', 'info'],
  ['EXT4-fs error (device disk0): ext4_lookup:1855: inode #2', 'warn'],
  ['XFS (disk0): Metadata corruption detected', 'warn'],
  ['Buffer I/O error on dev disk0, logical block 3', 'warn'],
])('the kernel’s "%s" is %s', (line, level) => {
  expect(kernelLineLevel(line)).toBe(level);
});

test('lines written before the log is open are in it, in their order', async () => {
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
