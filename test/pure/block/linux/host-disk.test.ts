import fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openHostDisk, readGeometry } from '../../../../src/block/linux/host-disk.ts';
import { refusal, scratchFolder, writeTree } from '../../../support/block.ts';
import { notLinux, testUnless } from '../../../support/needs.ts';

testUnless(notLinux)('a partition has its own size and the blocks of its disk', async () => {
  const sys = scratchFolder();
  writeTree(sys, {
    'devices/virtual/sdz/size': '1953525168\n',
    'devices/virtual/sdz/ro': '0\n',
    'devices/virtual/sdz/queue/logical_block_size': '4096\n',
    'devices/virtual/sdz/queue/physical_block_size': '16384\n',
    'devices/virtual/sdz/sdz1/partition': '1\n',
    'devices/virtual/sdz/sdz1/size': '2052\n',
    'devices/virtual/sdz/sdz1/ro': '1\n',
    'dev/block/.keep': '',
  });
  fs.symlinkSync('../../devices/virtual/sdz/sdz1', join(sys, 'dev/block/8:401'));
  fs.symlinkSync('../../devices/virtual/sdz', join(sys, 'dev/block/8:400'));
  const folders = { sys, proc: '/proc' };
  expect(await readGeometry('8:401', folders)).toEqual({
    sizeBytes: 256 * 4096, // 2,052 sectors are 256 blocks and a half
    logicalBlockBytes: 4096,
    physicalBlockBytes: 16384,
    readOnly: true,
  });
  expect((await readGeometry('8:400', folders))?.sizeBytes).toBe(1953525168 * 512);
  expect(await readGeometry('8:402', folders)).toBeUndefined();
});

testUnless(notLinux)('a path that is no block device is refused', async () => {
  expect((await refusal(openHostDisk('/dev/null', { write: false }))).code).toBe(
    'ERR_SOURCE_UNSUPPORTED',
  );
  const missing = await refusal(openHostDisk('/dev/no-such-disk', { write: false }));
  expect(missing.code).toBe('ENOENT');
});
