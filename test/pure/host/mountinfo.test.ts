import { expect, test } from 'vitest';
import { parseMountInfo, unescapeOctal } from '../../../src/host/mountinfo.ts';

test('the list of mounts is read with its escapes, and with optional fields', () => {
  const text = [
    '36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 master:2 - fuse.fsbridge /x\\134y.img rw',
    '37 35 0:5 / /proc rw - proc proc rw,hidepid=invisible',
    'nonsense',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    {
      deviceNumber: '98:0',
      target: '/mnt/a b',
      flags: 'rw,noatime',
      type: 'fuse.fsbridge',
      source: '/x\\y.img',
      superOptions: 'rw',
    },
    {
      deviceNumber: '0:5',
      target: '/proc',
      flags: 'rw',
      type: 'proc',
      source: 'proc',
      superOptions: 'rw,hidepid=invisible',
    },
  ]);
});

test('a name in UTF-8 is read as such from the text in latin1', () => {
  const line = Buffer.from('36 35 98:0 / /mnt/größe rw - ext4 /dev/sda1 rw').toString('latin1');
  expect(parseMountInfo(line)[0]?.target).toBe('/mnt/größe');
});

test('only three octal digits are an escape', () => {
  expect(unescapeOctal('a\\040b\\9\\01')).toBe('a b\\9\\01');
});
