import { expect, test } from 'vitest';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { parseMountOptions, withUtf8Names } from '../../../src/vfs-linux/mount-options.ts';

const { MS_NOATIME, MS_NODEV, MS_RDONLY, MS_RELATIME, MS_STRICTATIME } = abi;

test.each([
  ['', MS_NODEV | MS_NOATIME, MS_NODEV | MS_NOATIME, ''],
  ['defaults,data=journal,ro', MS_NODEV, MS_NODEV | MS_RDONLY, 'data=journal'],
  ['ro,rw,compress=zstd,degraded', 0, 0, 'compress=zstd,degraded'],
  ['relatime', MS_NOATIME, MS_RELATIME, ''],
  ['strictatime,relatime', MS_NOATIME, MS_RELATIME, ''],
  ['relatime,strictatime', MS_NOATIME, MS_STRICTATIME, ''],
  ['strictatime,noatime', 0, MS_NOATIME, ''],
  ['strictatime,atime', MS_NOATIME, 0, ''],
])('"%s" in addition to %i is %i and "%s"', (options, before, flags, data) => {
  expect(parseMountOptions(options, before)).toEqual({ flags, data });
});

test.each([
  ['', ['utf8'], 'utf8'],
  ['codepage=850,quiet', ['utf8'], 'utf8,codepage=850,quiet'],
  ['utf8=0', ['utf8'], 'utf8=0'],
  ['quiet,iocharset=koi8-r', ['utf8'], 'quiet,iocharset=koi8-r'],
  ['uni_xlate', ['utf8'], 'uni_xlate'],
  ['utf8', ['iocharset=utf8'], 'utf8'],
  [
    'codepage=macgreek',
    ['codepage=macroman', 'iocharset=utf8'],
    'iocharset=utf8,codepage=macgreek',
  ],
  ['data=journal', [], 'data=journal'],
])('"%s" with the options %j for names in UTF-8 is "%s"', (data, utf8Options, all) => {
  expect(withUtf8Names(data, utf8Options)).toBe(all);
});
