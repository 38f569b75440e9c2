/** Names, targets and attributes that a real volume of Linux took, through Windows and back. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eaNameOfXattr, xattrOfEaName } from '../../../../src/fsbridge/translate/ea.ts';
import { toLinuxName, toWindowsName } from '../../../../src/fsbridge/translate/names.ts';
import { inodeOfReparse, reparseOfInode } from '../../../../src/fsbridge/translate/reparse.ts';
import { abi } from '../../../../src/vfs-linux/abi.gen.ts';
import { at } from '../../../../src/vfs-linux/calls.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { Random, testSeed } from '../../../support/random.ts';

const reason = cannotMount();
const seed = testSeed();
const hard = [
  'con',
  'NUL.txt',
  'a:b',
  'x.',
  'y ',
  '\\',
  '\uf03a',
  '\uf02e',
  'co\uf06e',
  '\xff',
  'caf\xe9',
].map((name) => Buffer.from(name, name.charCodeAt(0) > 0xff ? 'utf8' : 'latin1'));

/** A name of up to `mostBytes` bytes, of which none is NUL or a slash. */
function randomName(random: Random, mostBytes: number): Buffer {
  if (random.chance(0.3)) return Buffer.concat([random.pick(hard), random.pick(hard)]);
  const bytes = random.bytes(random.between(1, random.chance(0.1) ? mostBytes : 12));
  const name = bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte));
  return Buffer.from(['.', '..'].includes(name.toString()) ? 'dots' : name);
}

describeUnless(reason)('on a volume (ext4)', () => {
  let mounted: FreshVolume;
  beforeAll(async () => {
    mounted = await mountFresh();
  }, 30_000);
  afterAll(() => mounted?.close());

  const below = (folder: string, name: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from(`${folder}/`), name]);

  test(`every name has one of Windows, by which it is found (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { fs } = mounted;
    await fs.mkdir('/names');
    const made = new Set<string>();
    for (const name of [...hard, ...Array.from({ length: 400 }, () => randomName(random, 255))]) {
      await fs.writeFile(below('/names', name), name);
      made.add(name.toString('hex'));
    }
    const listed = await fs.readdir('/names', { encoding: 'buffer' });
    const shown = listed.map((name) => toWindowsName(name));
    expect(new Set(shown).size).toBe(made.size);
    for (const windows of shown) {
      const linux = toLinuxName(windows) as Buffer;
      expect(await fs.readFile(below('/names', linux))).toEqual(linux);
    }
  });

  test(`every link is made again by its reparse point (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { fs } = mounted;
    await fs.mkdir('/links');
    for (let round = 0; round < 200; round++) {
      const parts = Array.from({ length: random.between(1, 5) }, () =>
        random.chance(0.3) ? Buffer.from('..') : randomName(random, 60),
      );
      const root = random.chance(0.4) ? '/' : '';
      const target = Buffer.from(
        root + parts.map((part) => part.toString('latin1')).join('/'),
        'latin1',
      );
      await fs.symlink(target, `/links/${round}`);
      const stats = await fs.lstat(`/links/${round}`);
      const text = await fs.readlink(`/links/${round}`, { encoding: 'buffer' });
      const result = inodeOfReparse(reparseOfInode(stats.mode, text) as Buffer);
      expect(result).toMatchObject({ kind: 'symlink', target });
    }
  });

  test(`every attribute has an EA’s name of its own (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { fs } = mounted;
    await fs.writeFile('/attributes', '');
    for (let round = 0; round < 60; round++) {
      const bare = random.chance(0.5) ? `%${random.pick(['3A', '25', '253A', '41', '%'])}` : 'x';
      const name = Buffer.concat([Buffer.from(`user.${bare}${round}`), randomName(random, 20)]);
      await fs.setxattr('/attributes', name, 'v');
    }
    const list = Buffer.alloc(65_536);
    const { calls } = mounted.volume;
    const length = await calls.listxattrat(at(abi.AT_FDCWD, '/attributes'), list);
    const names = list.toString('latin1', 0, length).split('\0').slice(0, -1);
    expect(names.length).toBe(60);
    for (const name of names) {
      const bytes = Buffer.from(name, 'latin1');
      const shown = eaNameOfXattr(bytes) as string;
      expect(xattrOfEaName(shown)).toEqual(bytes);
    }
  });
});
