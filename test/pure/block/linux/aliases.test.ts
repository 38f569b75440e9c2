/** The other ways to a source, read from a made-up tree of sysfs. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { aliasesOf, aliasesOfIdentity } from '../../../../src/block/linux/aliases.ts';
import { sourceIdentity } from '../../../../src/host/device-number.ts';
import { patternBytes, scratchFolder, writeTree } from '../../../support/block.ts';
import { notLinux, testUnless } from '../../../support/needs.ts';

testUnless(notLinux)(
  'ways to the same bytes are found up and down, and neighbours are none',
  async () => {
    const root = scratchFolder();
    const image = join(root, 'disk.img');
    fs.writeFileSync(image, patternBytes(4096));
    const file = sourceIdentity(fs.statSync(image, { bigint: true }));
    const loop = join('devices', 'loop3');
    writeTree(root, {
      [`${loop}/dev`]: '7:3\n',
      [`${loop}/size`]: '8192\n',
      [`${loop}/loop/backing_file`]: `${image}\n`,
      [`${loop}/loop/offset`]: '0\n',
      [`${loop}/loop3p1/dev`]: '259:1\n',
      [`${loop}/loop3p1/partition`]: '1\n',
      [`${loop}/loop3p1/start`]: '2048\n',
      [`${loop}/loop3p1/size`]: '2048\n',
      [`${loop}/loop3p1/holders/dm-0/.keep`]: '',
      [`${loop}/loop3p1/holders/dm-1/.keep`]: '',
      [`${loop}/loop3p2/dev`]: '259:2\n',
      [`${loop}/loop3p2/partition`]: '2\n',
      [`${loop}/loop3p2/start`]: '4096\n',
      [`${loop}/loop3p2/size`]: '2048\n',
      'devices/dm-0/dev': '253:0\n',
      'devices/dm-0/slaves/loop3p1/.keep': '',
      'devices/dm-1/dev': '253:1\n',
      'devices/dm-1/slaves/loop3p1/.keep': '',
    });
    const links: Record<string, string> = {
      'block/loop3': 'loop3',
      'class/block/loop3': 'loop3',
      'class/block/loop3p1': 'loop3/loop3p1',
      'class/block/dm-0': 'dm-0',
      'class/block/dm-1': 'dm-1',
      'dev/block/7:3': 'loop3',
      'dev/block/259:1': 'loop3/loop3p1',
      'dev/block/259:2': 'loop3/loop3p2',
      'dev/block/253:0': 'dm-0',
    };
    for (const [link, target] of Object.entries(links)) {
      fs.mkdirSync(join(root, link, '..'), { recursive: true });
      fs.symlinkSync(join(root, 'devices', target), join(root, link));
    }
    const folders = { sys: root, proc: root };
    const of = async (identity: string): Promise<string[]> =>
      (await aliasesOfIdentity(identity, folders)).map((alias) => alias.identity).sort();
    const whole = 'disk-7-3';
    const [first, second] = ['disk-259-1', 'disk-259-2'];
    const [one, other] = ['disk-253-0', 'disk-253-1'];
    expect((await aliasesOf(image, folders)).map((alias) => alias.identity).sort()).toEqual(
      [whole, first, second, one, other].sort(),
    );
    expect(await of(one)).toEqual([first, whole, file].sort());
    expect(await of(first)).toEqual([whole, file].sort());
    expect(await of(second)).toEqual([whole, file].sort());
    expect(await of(whole)).toEqual([file]);
  },
);
