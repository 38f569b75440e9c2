/**
 * The measured image: made with the host's mkfs, filled once, and copied for each subject, so that
 * every subject finds the same blocks in the same places.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { run } from './cleanup.ts';
import type { Subject } from './subjects/subject.ts';

export type FsType = 'ext4' | 'xfs' | 'btrfs';
export const fsTypes: readonly FsType[] = ['ext4', 'xfs', 'btrfs'];

const mib = 1048576;

/** The amount of each kind of data on the image. */
export interface Sizes {
  /**
   * Bytes of the file that is read repeatedly. They fit in the page cache of a kernel with 256 MiB.
   */
  readonly warmBytes: number;
  /** Read from the disk. */
  readonly coldBytes: number;
  readonly writeBytes: number;
  /** Files in the one large directory. */
  readonly manyFiles: number;
  /** Folders of the tree, and files in each. */
  readonly folders: number;
}

export const fullSizes: Sizes = {
  warmBytes: 128 * mib,
  coldBytes: 512 * mib,
  writeBytes: 64 * mib,
  manyFiles: 20_000,
  folders: 32,
};

export const quickSizes: Sizes = {
  ...fullSizes,
  warmBytes: 64 * mib,
  coldBytes: 128 * mib,
  writeBytes: 32 * mib,
};

export const paths = {
  warm: '/warm.bin',
  cold: '/cold.bin',
  write: '/write.bin',
  many: '/many',
  changes: '/changes',
} as const;

const imageBytes = 2048 * mib;

/** The mkfs command of each type, with the tool's defaults. */
export const mkfs: Record<FsType, readonly string[]> = {
  ext4: ['mkfs.ext4', '-q', '-F'],
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
};

/** Makes an empty file system with the tool's defaults. Throws if the tool is not installed. */
export function makeImage(file: string, type: FsType): void {
  fs.closeSync(fs.openSync(file, 'w'));
  fs.truncateSync(file, imageBytes);
  const [program, ...options] = mkfs[type] as [string, ...string[]];
  try {
    run(program, ...options, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${program} is not installed; the image is made with it.`, { cause: error });
  }
}

/** The files of the tree: 32 in each folder. */
export function treeFiles(sizes: Sizes): string[] {
  return Array.from({ length: sizes.folders * 32 }, (_, index) => {
    return `/tree/${index >> 5}/file-${index & 31}.txt`;
  });
}

/** Fills the file system with all files that the cases use. */
export async function fill(subject: Subject, sizes: Sizes): Promise<void> {
  await subject.writeSequential(paths.warm, sizes.warmBytes, mib);
  await subject.writeSequential(paths.write, sizes.writeBytes, mib);
  await subject.writeSequential(paths.cold, sizes.coldBytes, mib);
  await subject.mkdir(paths.changes);
  await subject.mkdir(paths.many);
  const names = Array.from({ length: sizes.manyFiles }, (_, i) => `${paths.many}/entry-${i}.txt`);
  await subject.create(names, 1);
  await subject.mkdir('/tree');
  for (let folder = 0; folder < sizes.folders; folder++) await subject.mkdir(`/tree/${folder}`);
  await subject.create(treeFiles(sizes), 1);
  await subject.settle();
}

/** Copies an image, holes included, and waits until the copy is on the disk. */
export function copyImage(from: string, to: string): void {
  run('cp', from, to);
  execFileSync('sync', [to]);
}
