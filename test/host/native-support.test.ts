/**
 * Tests of the native side of the twin tests, against itself: can this machine make the images of
 * the catalogue, are they whole, and does the machine's own kernel see the same tree in them
 * twice?
 *
 * Needs root, for loop mounts. One recipe for each way in which an image comes to be is tried;
 * TWIN=regex takes those whose names match, TWIN=. all (some five minutes).
 */
import { copyFile, mkdir, mkdtemp, open, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FsBridgeError } from '../../src/errors.ts';
import { corpusImage, corpusTypes, listCorpus } from '../support/images/corpus.ts';
import { fsckKnows, fsckVerdict } from '../support/images/fsck.ts';
import type { ImageRecipe } from '../support/images/image-recipe.ts';
import { type MadeImage, makeImage } from '../support/images/images.ts';
import { countsInodes, inodeCount } from '../support/images/inode-count.ts';
import { twinImages } from '../support/images/twin-images.ts';
import { lanes } from '../support/lanes.ts';
import { pathBytes } from '../support/native/manifest-compare.ts';
import {
  type ManifestEntry,
  nativeManifest,
  nativeMountErrno,
  nativeMounts,
  withNativeMount,
} from '../support/native/native-mount.ts';
import { describeUnless, noCorpus, notRoot } from '../support/needs.ts';
import { mustRun, run } from '../support/run-program.ts';

const recipeTimeoutMs = 120_000;
/** Above this a file is compared by size alone: hashing 4 GiB of holes takes seconds each time. */
const maxHashBytes = 64 * 1024 * 1024;

/**
 * Filled by a native mount, by the tool where it could be mounted or not, from a folder, by
 * nothing.
 */
const oneEach =
  /^(ext4-4k|ext4-4k-by-mke2fs|ext4-casefold|xfs-v4|btrfs-subvolumes|erofs-plain|f2fs-default|vfat-16)$/;

const asked = process.env['TWIN'];
const wanted = asked === undefined ? oneEach : new RegExp(asked);
const recipes = twinImages.filter((recipe) => wanted.test(recipe.name));
const table: string[] = [];

function bySha(entries: readonly ManifestEntry[]): Map<string, string> {
  const files = entries.filter((entry) => entry.sha256 !== undefined);
  return new Map(files.map((entry) => [pathBytes(entry).toString('latin1'), entry.sha256 ?? '']));
}

function expectWellFormed(entries: readonly ManifestEntry[], least: number): void {
  expect(entries.length).toBeGreaterThanOrEqual(least);
  expect(entries[0]?.path).toBe('/');
  expect(entries.filter((entry) => entry.error !== undefined)).toEqual([]);
  const paths = entries.map(pathBytes);
  expect(paths.every((path, at) => at === 0 || path.compare(paths[at - 1] ?? path) > 0)).toBe(true);
}

/** What the tools put in must be what the kernel reads out. A tool may leave entries out. */
async function expectSameFiles(image: readonly ManifestEntry[], source: string): Promise<void> {
  const given = bySha(await nativeManifest(source, { hash: true }));
  const seen = bySha(image);
  expect(seen.size).toBeGreaterThan(given.size * 0.9);
  for (const [path, sha256] of seen) if (given.has(path)) expect(given.get(path)).toBe(sha256);
}

/** Where the kernel cannot look, the tools count. */
async function lookWithTools(made: MadeImage, why: string): Promise<string> {
  const { recipe, path } = made;
  if (made.filledBy === 'nothing') {
    expect(recipe.fill, why).toBe('none');
    return `empty, ${why}`;
  }
  expect(countsInodes(recipe.type), `a way to count the inodes of ${recipe.type}`).toBe(true);
  const count = await inodeCount(path, recipe.type);
  expect(count).toBeGreaterThan(2000);
  return `${count} inodes, ${why}`;
}

async function lookTwice(made: MadeImage): Promise<string> {
  const { recipe, path } = made;
  const { type } = recipe;
  if (!(await nativeMounts(type))) return lookWithTools(made, 'no native mount');
  const mount = { type, readOnly: true };
  const wish = { hash: true, hashLimitBytes: maxHashBytes };
  let first: ManifestEntry[];
  try {
    first = await nativeManifest(path, { ...wish, mount });
  } catch (error) {
    if (!(error instanceof FsBridgeError) || !/^E[A-Z]+$/.test(error.code)) throw error;
    return lookWithTools(made, `native mount: ${error.code}`);
  }
  const second = await withNativeMount(path, mount, (folder) => nativeManifest(folder, wish));
  expect(second).toEqual(first);
  expectWellFormed(first, made.filledBy === 'nothing' ? 1 : 2000);
  if (made.sourceFolder !== undefined) await expectSameFiles(first, made.sourceFolder);
  return `${first.length} entries`;
}

async function checkRecipe(recipe: ImageRecipe): Promise<string> {
  await using made = await makeImage(recipe);
  if (fsckKnows(recipe.type)) {
    const verdict = await fsckVerdict(made.path, recipe.type);
    expect(verdict.clean, verdict.output).toBe(true);
  }
  const seen = await lookTwice(made);
  const refusal = made.nativeRefusal === undefined ? '' : `, writable: ${made.nativeRefusal}`;
  const fsck = fsckKnows(recipe.type) ? 'fsck clean' : 'no fsck';
  return `filled by ${made.filledBy}, ${fsck}, ${seen}${refusal}`;
}

async function runRecipe(recipe: ImageRecipe, skip: (why: string) => void): Promise<void> {
  const started = performance.now();
  const row = (word: string, text: unknown): void => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
    table.push(`${word.padEnd(8)} ${recipe.name.padEnd(28)} ${seconds} s  ${text}`);
  };
  try {
    row('made', await checkRecipe(recipe));
  } catch (error) {
    const refused = error instanceof FsBridgeError && error.code === 'ERR_MKFS_REFUSED';
    row(refused ? 'skipped' : 'FAILED', refused ? error.why : `${error}`.split('\n')[0]);
    if (refused) skip(error.why);
    throw error;
  }
}

describeUnless(notRoot)('an image of the catalogue can be made, and is whole', () => {
  const inLane = lanes(2);

  afterAll(() => {
    console.log(table.sort().join('\n'));
  });

  test('names are unique', () => {
    expect(new Set(twinImages.map((recipe) => recipe.name)).size).toBe(twinImages.length);
  });

  for (const recipe of recipes) {
    test.concurrent(recipe.name, { timeout: recipeTimeoutMs }, (context) =>
      inLane(() => runRecipe(recipe, (why) => context.skip(why))),
    );
  }
});

describeUnless(notRoot)('the native side tells the truth', () => {
  const recipe = twinImages.find((one) => one.name === 'ext4-4k');
  if (recipe === undefined) throw new Error('the catalogue has lost ext4-4k');
  let folder = '';
  let made: MadeImage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fsbridge-truth-'));
    made = await makeImage(recipe);
  });

  afterAll(async () => {
    await made.dispose();
    // Not fs.rm: it stops at paths beyond PATH_MAX.
    await mustRun(['rm', '-rf', folder]);
  });

  test('the same recipe and seed make the same tree, another seed another', async () => {
    const wish = { hash: true, mount: { type: 'ext4' } };
    await using again = await makeImage(recipe);
    await using other = await makeImage(recipe, 2);
    const first = await nativeManifest(made.path, wish);
    expect(await nativeManifest(again.path, wish)).toEqual(first);
    expect(await nativeManifest(other.path, wish)).not.toEqual(first);
  }, 60_000);

  test('the tree has every type, odd names, ACLs and times before 1970', async () => {
    const entries = await nativeManifest(made.path, { mount: { type: 'ext4' } });
    const types = new Set(entries.map((entry) => entry.type));
    const all = ['block', 'char', 'directory', 'fifo', 'file', 'socket', 'symlink'];
    expect([...types].sort()).toEqual(all);
    expect(entries.some((entry) => entry.path64 !== undefined)).toBe(true);
    expect(entries.some((entry) => (entry.path?.length ?? 0) > 4096)).toBe(true);
    const names = new Set(entries.flatMap((entry) => Object.keys(entry.xattrs ?? {})));
    const acls = ['system.posix_acl_access', 'system.posix_acl_default', 'security.capability'];
    for (const name of [...acls, 'trusted.hidden', 'user.empty']) expect(names).toContain(name);
    const half = entries.find((entry) => entry.path === '/times/1969-minus-half-second');
    expect(half?.mtime).toBe('-1.500000000');
  });

  test('a manifest of an image changes no byte of it', async () => {
    const sum = async (): Promise<string> =>
      (await mustRun(['sha256sum', made.path])).stdout.toString('utf8');
    const before = await sum();
    await nativeManifest(made.path, { mount: { type: 'ext4', readOnly: false } });
    expect(await sum()).toBe(before);
  });

  test('one changed byte of a file is one changed line', async () => {
    const copy = join(folder, 'changed.img');
    await copyFile(made.path, copy);
    const wish = { hash: true, mount: { type: 'ext4' } };
    const before = await nativeManifest(copy, wish);
    await withNativeMount(copy, { type: 'ext4' }, async (root) => {
      const path = join(root, 'sizes/0004097');
      const file = await open(path, 'r+');
      const { atime, mtime } = await file.stat();
      await file.write(Buffer.from([0xff]), 0, 1, 2000);
      await file.close();
      await utimes(path, atime, mtime);
    });
    const after = await nativeManifest(copy, wish);
    const changed = after.filter((entry, at) => entry.sha256 !== before[at]?.sha256);
    expect(changed.map((entry) => entry.path)).toEqual(['/sizes/0004097']);
  });

  test('a damaged entry has its errno, and the walk continues', async () => {
    const damaged = join(folder, 'damaged-tree.img');
    await copyFile(made.path, damaged);
    const wish = { mount: { type: 'ext4' } };
    const before = await nativeManifest(damaged, wish);
    // No extent header in one inode: lstat fails. Garbage in a directory's block: readdir fails.
    const field = 'set_inode_field /times/1970 block[0] 0';
    await mustRun(['debugfs', '-w', '-R', field, damaged]);
    const listed = await mustRun(['debugfs', '-R', 'blocks /nest/f', damaged]);
    const block = Number(listed.stdout.toString('utf8').trim());
    const file = await open(damaged, 'r+');
    await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, block * 4096);
    await file.close();
    const after = await nativeManifest(damaged, wish);
    const failed = after.filter((entry) => entry.error !== undefined);
    expect(failed.map((entry) => [entry.path, entry.error])).toEqual([
      ['/nest/f', 'EBADMSG'],
      ['/times/1970', 'EUCLEAN'],
    ]);
    expect(failed[0]?.type).toBe('directory');
    expect(failed[1]).toEqual({ path: '/times/1970', error: 'EUCLEAN' });
    const below = before.filter((entry) => entry.path?.startsWith('/nest/f/'));
    expect(after.length).toBe(before.length - below.length);
  });

  test('a refused mount says its errno, and leaves nothing behind', async () => {
    const garbage = join(folder, 'garbage.img');
    await writeFile(garbage, Buffer.alloc(8 << 20, 0x5a));
    expect(await nativeMountErrno(garbage, { type: 'ext4' })).toBe('EINVAL');
    expect(await nativeMountErrno(garbage, { type: 'no-such-type' })).toBe('ENODEV');
    const refused = withNativeMount(garbage, { type: 'xfs' }, () => undefined);
    await expect(refused).rejects.toMatchObject({ code: 'EINVAL' });
    const left = await run(['losetup', '--associated', garbage]);
    expect(left.stdout.toString('utf8')).toBe('');
  });

  test('an error inside a mount unmounts and detaches all the same', async () => {
    const broken = withNativeMount(made.path, { type: 'ext4', readOnly: true }, () => {
      throw new Error('on purpose');
    });
    await expect(broken).rejects.toThrow('on purpose');
    const left = await run(['losetup', '--associated', made.path]);
    expect(left.stdout.toString('utf8')).toBe('');
  });

  test('a manifest stays out of other mounts, and goes deeper than 1,000 folders', async () => {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'mounted'), { recursive: true });
    const deep =
      'import os,sys\nos.chdir(sys.argv[1])\nfor n in range(1500): os.mkdir("d"*9); os.chdir("d"*9)';
    await mustRun(['python3', '-c', deep, tree]);
    const outside = await nativeManifest(tree);
    await mustRun(['mount', '-t', 'tmpfs', 'none', join(tree, 'mounted')]);
    try {
      expect(outside.length).toBe(1502);
      expect((await nativeManifest(tree)).length).toBe(1501);
    } finally {
      await mustRun(['umount', join(tree, 'mounted')]);
    }
  });

  test('fsck finds damage where there is some', async () => {
    const damaged = join(folder, 'damaged.img');
    for (const [type, offsetBytes] of [['ext4', 4096] as const, ['erofs', 1024] as const]) {
      const source = twinImages.find(
        (one) => one.name === (type === 'ext4' ? 'ext4-4k' : 'erofs-plain'),
      );
      if (source === undefined) throw new Error(`the catalogue has lost ${type}`);
      await using whole = await makeImage(source);
      await copyFile(whole.path, damaged);
      const file = await open(damaged, 'r+');
      await file.write(Buffer.alloc(512, 0xa5), 0, 512, offsetBytes);
      await file.close();
      expect((await fsckVerdict(damaged, type)).clean, type).toBe(false);
    }
  }, 60_000);
});

describeUnless(noCorpus)('the corpus', () => {
  test('unpacks to images that blkid and the names agree on', { timeout: 300_000 }, async () => {
    const images = listCorpus() ?? [];
    expect(images.length).toBeGreaterThan(400);
    expect(new Set(images.map((image) => image.name)).size).toBe(images.length);
    const counts = new Map<string, number>();
    for (const image of images) {
      const [first = 'unknown'] = await corpusTypes(image);
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    console.log('corpus:', Object.fromEntries(counts));
    for (const type of ['ext4', 'xfs', 'btrfs', 'vfat', 'udf', 'erofs']) {
      expect(counts.get(type) ?? 0, type).toBeGreaterThan(0);
    }
  });

  test('is unpacked once', async () => {
    const image = listCorpus()?.find((one) => one.name === 'e2fsprogs__f_lpf2');
    if (image === undefined) throw new Error('the corpus has lost f_lpf2');
    const path = await corpusImage(image);
    const started = performance.now();
    expect(await corpusImage(image)).toBe(path);
    expect(performance.now() - started).toBeLessThan(50);
    expect(await corpusTypes(image)).toContain('ext4');
  });
});
