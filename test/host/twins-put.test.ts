/**
 * The twin test the other way round: `fsbridge put` copies a tree with everything Linux knows into
 * an empty file system, the file system's own checker finds nothing, and this machine's own kernel
 * sees there what it sees in the tree.
 *
 * Needs root: for the tree's owners and devices, and for loop mounts.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CopySummary } from '../../src/cli/copy/report.ts';
import { runCommand } from '../support/cli/command.ts';
import { fillStandard } from '../support/images/fill-standard.ts';
import { fsckVerdict } from '../support/images/fsck.ts';
import type { ImageRecipe } from '../support/images/image-recipe.ts';
import { makeImage } from '../support/images/images.ts';
import { twinImages } from '../support/images/twin-images.ts';
import { lanes } from '../support/lanes.ts';
import { expectSameManifest, pathBytes } from '../support/native/manifest-compare.ts';
import { type ManifestEntry, nativeManifest } from '../support/native/native-mount.ts';
import { describeUnless, notRoot } from '../support/needs.ts';
import { mustRun } from '../support/run-program.ts';

const timeoutMs = 120_000;

const names = [
  'ext2-1k',
  'ext2-4k',
  'ext3-1k',
  'ext3-4k',
  'ext4-1k',
  'ext4-4k',
  'ext4-bigalloc',
  'ext4-inline-data',
  'ext4-data-journal-by-default',
  'ext4-no-extents',
  'xfs-default',
  'xfs-1k',
  'xfs-rmapbt',
  'xfs-dir-64k',
  'btrfs-default',
  'btrfs-mixed',
  'btrfs-zstd',
];

function recipeOf(wanted: string): ImageRecipe {
  const recipe = twinImages.find(({ name }) => name === wanted);
  if (recipe === undefined) throw new Error(`the catalogue has lost ${wanted}`);
  return recipe;
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** The entry with another path, spelled as manifests spell it. */
function withPath(entry: ManifestEntry, bytes: Buffer): ManifestEntry {
  const { path: _path, path64: _path64, ...rest } = entry;
  try {
    return { path: strict.decode(bytes), ...rest };
  } catch {
    return { path64: bytes.toString('base64'), ...rest };
  }
}

/** `folder` and all below it, with paths as if it were the top. */
function below(entries: readonly ManifestEntry[], folder: string): ManifestEntry[] {
  const prefix = Buffer.from(`${folder}/`);
  return entries.flatMap((entry) => {
    const bytes = Buffer.concat([pathBytes(entry), Buffer.from('/')]);
    if (!bytes.subarray(0, prefix.length).equals(prefix)) return [];
    const rest = pathBytes(entry).subarray(folder.length);
    return [withPath(entry, rest.length === 0 ? Buffer.from('/') : rest)];
  });
}

/** XFS shows root an ACL a second time, as it lies on the disk (fs/xfs/xfs_xattr.c). */
function withoutAclTwins(entry: ManifestEntry): ManifestEntry {
  if (entry.xattrs === undefined) return entry;
  const kept = Object.entries(entry.xattrs).filter(([name]) => !/^trusted\.SGI_ACL_/.test(name));
  return { ...entry, xattrs: Object.fromEntries(kept) };
}

/** XFS has 18 bits for the minor number of a device (include/linux/kdev_t.h, sysv_valid_dev). */
const xfsMinorEnd = 2 ** 18;

/** The errno of the kernel's refusal, for what this file system has no room for. */
function refusal(recipe: ImageRecipe, entry: ManifestEntry): string | undefined {
  const minor = entry.rdev?.[1] ?? 0;
  return recipe.type === 'xfs' && minor >= xfsMinorEnd ? 'EINVAL' : undefined;
}

/** An inode of 128 bytes holds seconds of 32 bits (fs/ext4/super.c, s_time_gran and s_time_max). */
const smallInodes = /-I 128/;
const last32BitSecond = 2n ** 31n - 1n;

/** What the file system can hold of an entry of the tree, which lies on another one. */
function asHeldBy(recipe: ImageRecipe, entry: ManifestEntry): ManifestEntry {
  const { nlink: _nlink, mtime = '0', ...rest } = entry;
  const links = entry.nlink === undefined ? {} : { nlink: entry.nlink };
  // A btrfs directory has one link, whatever is in it.
  if (recipe.type === 'btrfs' && entry.type === 'directory') links.nlink = 1;
  if (!smallInodes.test(recipe.mkfs.join(' '))) return { ...rest, ...links, mtime };
  const seconds = BigInt(mtime.split('.')[0] ?? '0');
  const held = seconds > last32BitSecond ? last32BitSecond : seconds;
  return { ...rest, ...links, mtime: `${held}.000000000` };
}

describeUnless(notRoot)('what fsbridge puts into a file system is there for Linux', () => {
  const inLane = lanes(2);
  let folder = '';
  let tree = '';
  let expected: readonly ManifestEntry[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fsbridge-put-'));
    tree = join(folder, 'tree');
    await mustRun(['mkdir', tree]);
    // Paths and xattrs that fit in each of them.
    await fillStandard(tree, 5, ['--for-tools', '--xattr-room=800']);
    expected = await nativeManifest(tree, { hash: true });
  });

  afterAll(async () => {
    await mustRun(['rm', '-rf', folder]);
  });

  async function putAndCompare(recipe: ImageRecipe): Promise<void> {
    const { type, fillOptions } = recipe;
    await using made = await makeImage({ ...recipe, fill: 'none' });
    const options = fillOptions === undefined ? [] : ['--options', fillOptions];
    const put = await runCommand(['put', made.path, tree, '/copy', '--rw', '--json', ...options]);
    const refused = expected.filter((entry) => refusal(recipe, entry) !== undefined);
    expect(put.code, put.stderr).toBe(refused.length === 0 ? 0 : 1);
    const summary = JSON.parse(put.stdout.toString()) as CopySummary;
    const failures = refused.map((entry) => `/copy${entry.path} ${refusal(recipe, entry)}`);
    const told = summary.failures.map(({ path, code }) => `/${path} ${code}`);
    expect(told.sort()).toEqual(failures.sort());
    expect(summary.lost).toEqual([]);
    const verdict = await fsckVerdict(made.path, type);
    expect(verdict.clean, verdict.output).toBe(true);
    const seen = await nativeManifest(made.path, { hash: true, mount: { type } });
    const held = expected
      .filter((entry) => refusal(recipe, entry) === undefined)
      .map((entry) => asHeldBy(recipe, entry));
    await expectSameManifest(`put-${recipe.name}`, below(seen, '/copy').map(withoutAclTwins), held);
  }

  for (const name of names) {
    test.concurrent(name, { timeout: timeoutMs }, () =>
      inLane(() => putAndCompare(recipeOf(name))),
    );
  }
});
