/**
 * A file system that was not unmounted: fsbridge sees in it what Linux sees after the replay of the
 * journal, and the image stays as it was, journal and all.
 *
 * The machine's own kernel makes the mess: ext4 and XFS are shut down in the midst of their work,
 * without a last write of the log; btrfs is copied while its log tree waits for the commit.
 *
 * Needs root, for loop mounts.
 */
import { mkdir, mkdtemp, open, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cliManifest } from '../support/cli/cli-manifest.ts';
import type { ImageRecipe } from '../support/images/image-recipe.ts';
import { makeImage } from '../support/images/images.ts';
import { sparseDigest } from '../support/images/sparse-digest.ts';
import { twinImages } from '../support/images/twin-images.ts';
import { lanes } from '../support/lanes.ts';
import { compareManifests, expectSameManifest } from '../support/native/manifest-compare.ts';
import {
  type ManifestEntry,
  nativeManifest,
  withNativeMount,
} from '../support/native/native-mount.ts';
import { describeUnless, notRoot } from '../support/needs.ts';
import { mustRun } from '../support/run-program.ts';

const timeoutMs = 120_000;

interface Subject {
  readonly recipe: string;
  /** For the mount that is given up: no commit of its own while it is copied. */
  readonly options?: string;
  /** Leaves the journal where it is. */
  readonly noReplay: string;
  /** Shut down with FS_IOC_SHUTDOWN; without, it is copied while mounted. */
  readonly shutDown: boolean;
  /**
   * With fast commits the native kernel has to mount it writable: Linux 6.18 ends their replay with
   * EROFS otherwise. And names are put into a folder again, which then has the time of the replay
   * (fs/ext4/namei.c, add_dirent_to_buf).
   */
  readonly fastCommit?: true;
}

const ext = { options: 'commit=300', noReplay: 'norecovery', shutDown: true } as const;
const xfs = { noReplay: 'norecovery', shutDown: true } as const;
const btrfs = { options: 'commit=300', noReplay: 'rescue=nologreplay', shutDown: false } as const;

const subjects: readonly Subject[] = [
  { recipe: 'ext3-4k', ...ext },
  { recipe: 'ext4-4k', ...ext },
  { recipe: 'ext4-1k', ...ext, options: 'commit=300,data=journal' },
  {
    recipe: 'ext4-journal-async',
    ...ext,
    options: 'commit=300,journal_async_commit,data=writeback',
  },
  { recipe: 'ext4-fast-commit', ...ext, fastCommit: true },
  { recipe: 'ext4-orphan-file', ...ext },
  { recipe: 'xfs-default', ...xfs },
  { recipe: 'xfs-1k', ...xfs },
  { recipe: 'xfs-log-stripe', ...xfs },
  { recipe: 'btrfs-default', ...btrfs },
  { recipe: 'btrfs-zstd', ...btrfs, options: 'commit=300,compress-force=zstd' },
];

function recipeOf(subject: Subject): ImageRecipe {
  const recipe = twinImages.find(({ name }) => name === subject.recipe);
  if (recipe === undefined) throw new Error(`the catalogue has lost ${subject.recipe}`);
  return recipe;
}

/** Writes a file so that it outlives the power: data, inode, and the way to it. */
async function writeThrough(path: string, content: string | Buffer): Promise<void> {
  const file = await open(path, 'w');
  await file.writeFile(content);
  await file.sync();
  await file.close();
}

/** Changes of every kind, in the journal when this resolves; the last of them not even there. */
async function disturb(root: string): Promise<void> {
  const at = (name: string): string => join(root, name);
  await mustRun(['rm', '-r', at('many'), at('fragmented')]);
  await mustRun(['sync', '-f', root]);
  await mkdir(at('after'));
  for (let number = 0; number < 60; number++) {
    await writeThrough(at(`after/${number}`), Buffer.alloc(number * 997, number));
  }
  await rename(at('sizes/text-2M'), at('after/moved'));
  await truncate(at('after/moved'), 12_345);
  await unlink(at('sizes/0065536'));
  await mustRun(['chown', '77:88', at('after/3')]);
  await mustRun(['setfacl', '-m', 'u:1234:r--', at('after/4')]);
  await mustRun(['ln', at('after/5'), at('nest/linked')]);
  for (const name of ['moved', '3', '4', '5']) await mustRun(['sync', at(`after/${name}`)]);
  await writeThrough(at('after/last'), 'the last that was synced');
  await writeFile(at('after/unsynced'), 'there or not, as the replay says');
}

/** FS_IOC_SHUTDOWN with NOLOGFLUSH (include/uapi/linux/fs.h; fs/xfs/libxfs/xfs_fs.h). */
const SHUT_DOWN = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))
`;

/** Makes a mess of a copy of the recipe's image, and leaves it at `torn`. */
async function tear(subject: Subject, image: string, torn: string): Promise<void> {
  const { type } = recipeOf(subject);
  const mount = subject.options === undefined ? { type } : { type, options: subject.options };
  await withNativeMount(image, mount, async (root) => {
    // A file without a name: the replay ends with its blocks given back.
    const orphan = await open(join(root, 'orphan'), 'w');
    await orphan.writeFile(Buffer.alloc(300_000, 1));
    await orphan.sync();
    await unlink(join(root, 'orphan'));
    await disturb(root);
    if (subject.shutDown) await mustRun(['python3', '-c', SHUT_DOWN, root]);
    await mustRun(['cp', '--sparse=always', '--', image, torn]);
    await orphan.close();
  });
}

function withoutReplayTime(entry: ManifestEntry): ManifestEntry {
  if (entry.path !== '/after') return entry;
  const { mtime: _, ...rest } = entry;
  return rest;
}

async function compareAfterReplay(subject: Subject): Promise<void> {
  const recipe = recipeOf(subject);
  const { type } = recipe;
  const folder = await mkdtemp(join(tmpdir(), 'fsbridge-dirty-'));
  try {
    await using made = await makeImage(recipe);
    const torn = join(folder, 'torn.img');
    await tear(subject, made.path, torn);
    const before = await sparseDigest(torn);
    const mount = { type, readOnly: subject.fastCommit !== true };
    const replayed = await nativeManifest(torn, { hash: true, mount });
    expect(replayed.some(({ path }) => path === '/after/last')).toBe(true);
    const unreplayed = await nativeManifest(torn, { mount: { type, options: subject.noReplay } });
    const withoutHash = replayed.map(({ sha256: _, ...entry }) => entry);
    expect(compareManifests(unreplayed, withoutHash).length, 'a replay changes it').not.toBe(0);
    const ours = await cliManifest(torn, { hash: true });
    expect(ours.status, ours.stderr).toBe(0);
    expect(await sparseDigest(torn), 'the image was changed').toBe(before);
    const [mine, theirs] = [ours.entries, replayed].map((entries) =>
      subject.fastCommit === true ? entries.map(withoutReplayTime) : entries,
    );
    await expectSameManifest(`dirty-${subject.recipe}`, mine ?? [], theirs ?? []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describeUnless(notRoot)('a file system that was not unmounted is seen as after its replay', () => {
  const inLane = lanes(2);
  for (const subject of subjects) {
    test.concurrent(subject.recipe, { timeout: timeoutMs }, () =>
      inLane(() => compareAfterReplay(subject)),
    );
  }
});
