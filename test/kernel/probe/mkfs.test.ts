/**
 * Detection against blkid(8) on fresh file systems and containers, made with the options that
 * change what a superblock looks like. A fresh file system is clean, and its size is that of the
 * image.
 */

import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askBlkid, differences } from '../../support/images/blkid.ts';
import { detectFile } from '../../support/images/readers.ts';
import type { ProgramResult } from '../../support/run-program.ts';
import { run } from '../../support/run-program.ts';

const mib = 1024 * 1024;

interface Recipe {
  readonly sizeMib: number;
  /** IMAGE and TREE stand for the image's path and a small folder's. */
  readonly argv: readonly string[];
  /** State that a fresh one is in, where it is not clean. */
  readonly state?: string;
}

function recipe(sizeMib: number, command: string, state?: string): Recipe {
  return { sizeMib, argv: command.split(' '), ...(state === undefined ? {} : { state }) };
}

const recipes: readonly Recipe[] = [
  ...[1024, 4096].flatMap((block) => [
    recipe(48, `mkfs.ext2 -q -b ${block} -L two IMAGE`),
    recipe(48, `mkfs.ext3 -q -b ${block} -L three IMAGE`),
    recipe(48, `mkfs.ext4 -q -b ${block} -L vïer IMAGE`),
  ]),
  recipe(64, 'mkfs.ext4 -q -O 64bit,metadata_csum,orphan_file IMAGE'),
  recipe(64, 'mkfs.ext4 -q -O ^64bit,^metadata_csum,^has_journal IMAGE'),
  recipe(16, 'mke2fs -q -O journal_dev -b 4096 -L journal IMAGE', 'unknown'),
  recipe(320, 'mkfs.xfs -q -L five IMAGE'),
  recipe(320, 'mkfs.xfs -q -m crc=0 -L four IMAGE'),
  recipe(320, 'mkfs.xfs -q -s size=4096 -l su=64k IMAGE'),
  recipe(320, 'mkfs.xfs -q -m crc=0 -b size=1024 -l version=1 IMAGE'),
  ...['crc32c', 'xxhash', 'sha256', 'blake2'].map((csum) =>
    recipe(128, `mkfs.btrfs -q --csum ${csum} -L ${csum} IMAGE`),
  ),
  recipe(64, 'mkfs.f2fs -q -l schnéll IMAGE'),
  recipe(64, 'mkfs.f2fs -q -O extra_attr,sb_checksum,inode_checksum IMAGE'),
  recipe(144, 'mkfs.nilfs2 -q -f -L log IMAGE'),
  recipe(144, 'mkfs.nilfs2 -q -f -b 1024 IMAGE'),
  recipe(32, 'mkfs.jfs -q -L jay IMAGE'),
  recipe(2, 'mkfs.fat -F 12 -n TWELVE IMAGE'),
  recipe(20, 'mkfs.fat -F 16 -n SIXTEEN -i deadbeef IMAGE'),
  recipe(20, 'mkfs.fat -F 16 IMAGE'),
  recipe(64, 'mkfs.fat -F 32 -n THIRTYTWO IMAGE'),
  recipe(300, 'mkfs.fat -F 32 -S 4096 -n LARGE IMAGE'),
  recipe(64, 'env LC_ALL=C.UTF-8 mkfs.exfat -n Näme IMAGE'),
  recipe(16, 'mkfs.exfat IMAGE'),
  recipe(32, 'mkfs.ntfs -q -F -L Wïndows IMAGE'),
  recipe(64, 'mkfs.ntfs -q -F -c 65536 IMAGE'),
  ...[512, 2048, 4096].map((block) => recipe(32, `mkudffs -b ${block} -l disc IMAGE`)),
  recipe(32, 'mkudffs --utf8 -l 日本 --media-type=hd IMAGE'),
  recipe(0, 'genisoimage -quiet -o IMAGE -V PLAIN TREE'),
  recipe(0, 'genisoimage -quiet -o IMAGE -J -R -V Joliet_Label TREE'),
  recipe(0, 'genisoimage -quiet -o IMAGE -J -R -udf -V Bridge TREE'),
  recipe(0, 'genisoimage -quiet -o IMAGE -hfs -hfs-volid MAC -V Hybrid TREE'),
  recipe(0, 'genisoimage -quiet -o IMAGE -J -input-charset utf-8 -V Naïve_very_long_label TREE'),
  recipe(0, 'mksquashfs TREE IMAGE -quiet -no-progress'),
  recipe(0, 'mkfs.erofs IMAGE TREE'),
  recipe(0, 'mkfs.cramfs -n small TREE IMAGE'),
  recipe(0, 'mkfs.cramfs -N big TREE IMAGE'),
  recipe(4, 'mkfs.minix -1 -n 14 IMAGE'),
  recipe(4, 'mkfs.minix -2 IMAGE'),
  recipe(4, 'mkfs.minix -3 IMAGE', 'unknown'),
  recipe(1, 'mkfs.bfs IMAGE', 'unknown'),
  recipe(16, 'mkswap -q -L swap IMAGE'),
  recipe(16, 'mkswap -q -p 65536 IMAGE'),
  ...['luks1', 'luks2'].map((type) =>
    recipe(
      32,
      `cryptsetup luksFormat -q --type ${type} --pbkdf pbkdf2 --pbkdf-force-iterations 1000 ` +
        'IMAGE --key-file KEY',
      'unknown',
    ),
  ),
];

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fsbridge-mkfs-'));
  await mkdir(join(folder, 'tree', 'sub'), { recursive: true });
  await writeFile(join(folder, 'tree', 'file'), 'hello');
  await writeFile(join(folder, 'tree', 'sub', 'more'), Buffer.alloc(100_000, 'abc'));
  await writeFile(join(folder, 'key'), 'secret');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes the image; undefined where the program is not there. */
async function make(image: string, made: Recipe): Promise<ProgramResult | undefined> {
  await rm(image, { force: true });
  if (made.sizeMib > 0) {
    await writeFile(image, '', { mode: 0o600 });
    await truncate(image, made.sizeMib * mib);
  }
  const words = new Map([
    ['IMAGE', image],
    ['TREE', join(folder, 'tree')],
    ['KEY', join(folder, 'key')],
  ]);
  try {
    return await run(made.argv.map((word) => words.get(word) ?? word));
  } catch {
    return undefined;
  }
}

describe('detection agrees with blkid', () => {
  const named = recipes.map((made) => ({ command: made.argv.join(' '), made }));

  test.for(named)('on $command', { timeout: 60_000 }, async ({ made }, { skip }) => {
    const image = join(folder, 'image');
    const result = await make(image, made);
    // env(1) answers 127 for a program that is not there.
    if (result === undefined || result.status === 127) skip('the program is not installed');
    expect(result?.status, result?.stderr).toBe(0);
    const found = await detectFile(image);
    expect(differences(await askBlkid(image), found)).toEqual([]);
    expect(found?.type).toBeDefined();
    expect(found).toMatchObject({ state: made.state ?? 'clean' });
    if (found?.sizeBytes !== undefined && made.sizeMib > 0) {
      expect(found.sizeBytes).toBeLessThanOrEqual(made.sizeMib * mib);
      expect(found.sizeBytes).toBeGreaterThan(made.sizeMib * mib * 0.9);
    }
  });
});
