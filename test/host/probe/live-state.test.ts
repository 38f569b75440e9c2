/**
 * How the native kernel leaves a file system: an image that is copied while it is mounted is dirty,
 * and the image is clean after it was unmounted.
 */

import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detectFile } from '../../support/images/readers.ts';
import { describeUnless, notRoot } from '../../support/needs.ts';
import { mustRun, run } from '../../support/run-program.ts';

const mib = 1024 * 1024;
const timeoutMs = 300_000;

interface Live {
  readonly name: string;
  readonly mkfs: readonly string[];
  /** How many times to fill and empty a folder, so that an XFS log comes round. */
  readonly rounds: number;
}

const subjects: readonly Live[] = [
  { name: 'ext2', mkfs: ['mkfs.ext2', '-q'], rounds: 1 },
  { name: 'ext3', mkfs: ['mkfs.ext3', '-q'], rounds: 1 },
  { name: 'ext4', mkfs: ['mkfs.ext4', '-q'], rounds: 1 },
  { name: 'ext4 with an orphan file', mkfs: ['mkfs.ext4', '-q', '-O', 'orphan_file'], rounds: 1 },
  { name: 'xfs', mkfs: ['mkfs.xfs', '-q'], rounds: 1 },
  {
    name: 'xfs whose log came round',
    // Logs below 64 MiB are for tests only, says mkfs.xfs.
    mkfs: ['mkfs.xfs', '-q', '--unsupported', '-l', 'size=10m'],
    rounds: 40,
  },
  { name: 'xfs with a striped log', mkfs: ['mkfs.xfs', '-q', '-l', 'su=32k'], rounds: 1 },
  { name: 'btrfs', mkfs: ['mkfs.btrfs', '-q'], rounds: 1 },
];

/** Files, folders and one fsync: it makes btrfs write a log tree. */
async function writeSomething(folder: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const busy = join(folder, 'busy');
    await mkdir(busy);
    for (let i = 0; i < 200; i++) {
      await writeFile(join(busy, `file-${i}`), 'x', { flush: rounds > 1 });
    }
    await rm(busy, { recursive: true });
    await mustRun(['sync', '-f', folder]);
  }
  await writeFile(join(folder, 'last'), 'one');
  await mustRun(['sync', join(folder, 'last')]);
}

/**
 * The image as it is while mounted and as it is afterwards; undefined where mounting is
 * impossible.
 */
async function liveAndLeft(folder: string, live: Live) {
  const image = join(folder, 'image');
  const point = join(folder, 'mounted');
  await mkdir(point);
  await writeFile(image, '');
  await truncate(image, 400 * mib);
  await mustRun([...live.mkfs, image]);
  const mounted = await run(['mount', '-o', 'loop', image, point]);
  if (mounted.status !== 0) return undefined;
  try {
    await writeSomething(point, live.rounds);
    await mustRun(['sync', image]);
    await copyFile(image, join(folder, 'copy'));
  } finally {
    await mustRun(['umount', point]);
  }
  return { live: await detectFile(join(folder, 'copy')), left: await detectFile(image) };
}

describeUnless(notRoot)('a file system that Linux writes to', () => {
  test.for(subjects)(
    'is dirty while mounted and clean afterwards: $name',
    { timeout: timeoutMs },
    async (live, { skip }) => {
      const folder = await mkdtemp(join(tmpdir(), 'fsbridge-live-'));
      try {
        const states = await liveAndLeft(folder, live);
        if (states === undefined) skip('it cannot be mounted on this machine');
        expect(states?.live).toMatchObject({ state: 'dirty' });
        expect(states?.left).toMatchObject({ state: 'clean' });
        expect(states?.left?.stateReason).toBeUndefined();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
