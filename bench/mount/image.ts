/**
 * The image that is mounted: a tree of many small files, a source tree under git, and files of
 * data. Made once through the host's kernel, and copied for each mount.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../cleanup.ts';
import { type FsType, mkfs } from '../image.ts';
import { buffers } from '../subjects/subject.ts';
import { Mount } from './mounts.ts';

const mib = 1048576;
/** 100,000 files and 50,000 more need ext4's inodes: one for 16 KiB. */
const imageBytes = 6144 * mib;

export interface MountSizes {
  readonly treeFiles: number;
  readonly createFiles: number;
  readonly warmBytes: number;
  readonly coldBytes: number;
  /** Size of the file that fio reads and writes at random offsets. */
  readonly randomBytes: number;
  readonly fioSeconds: number;
  readonly dbenchSeconds: number;
  /** Copies of the project's sources, of some 1,200 files, in the source tree. */
  readonly sources: number;
  readonly rounds: number;
}

export const fullMountSizes: MountSizes = {
  ...{ treeFiles: 100_000, createFiles: 50_000, sources: 4, rounds: 3 },
  ...{ warmBytes: 128 * mib, coldBytes: 512 * mib, randomBytes: 128 * mib },
  ...{ fioSeconds: 4, dbenchSeconds: 10 },
};

export const quickMountSizes: MountSizes = {
  ...{ treeFiles: 10_000, createFiles: 5000, sources: 1, rounds: 1 },
  ...{ warmBytes: 64 * mib, coldBytes: 128 * mib, randomBytes: 64 * mib },
  ...{ fioSeconds: 1, dbenchSeconds: 2 },
};

const project: string = path.resolve(import.meta.dirname, '../..');
const sourceParts = ['src', 'test', 'node_modules/koffi', 'node_modules/typescript'] as const;
const filesInFolder = 100;

/** Paths of the tree's files, below the mount. */
export function treePaths(files: number): string[] {
  return Array.from({ length: files }, (_, index) => {
    const folder = Math.floor(index / filesInFolder);
    return `tree/${Math.floor(folder / 100)}/${folder % 100}/file-${index % filesInFolder}.txt`;
  });
}

/** A source tree as a folder `source`, and its archive, in a folder of the host. */
export function makeSources(folder: string, sizes: MountSizes): void {
  const source = path.join(folder, 'source');
  for (let copy = 0; copy < sizes.sources; copy++) {
    fs.mkdirSync(path.join(source, `${copy}`), { recursive: true });
    for (const part of sourceParts) {
      run('cp', '-r', path.join(project, part), path.join(source, `${copy}`));
    }
  }
  run('tar', '-C', folder, '-cf', path.join(folder, 'source.tar'), 'source');
}

function writeFile(file: string, lengthBytes: number): void {
  const [buffer] = buffers(1, mib) as [Buffer];
  const fd = fs.openSync(file, 'w');
  for (let at = 0; at < lengthBytes; at += mib) fs.writeSync(fd, buffer, 0, mib);
  fs.closeSync(fd);
}

function fill(at: string, folder: string, sizes: MountSizes): void {
  let last = '';
  for (const [index, file] of treePaths(sizes.treeFiles).entries()) {
    const parent = path.join(at, path.dirname(file));
    if (parent !== last) fs.mkdirSync(parent, { recursive: true });
    last = parent;
    // Most files are small: a tenth of them have some text, the others are empty.
    fs.writeFileSync(path.join(at, file), index % 10 === 0 ? `${file}\n`.repeat(40) : '');
  }
  writeFile(path.join(at, 'warm.bin'), sizes.warmBytes);
  writeFile(path.join(at, 'cold.bin'), sizes.coldBytes);
  writeFile(path.join(at, 'random.bin'), sizes.randomBytes);
  run('cp', '-r', path.join(folder, 'source'), path.join(at, 'git'));
  const git = (...args: string[]): void => {
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench'];
    // Each mount has another path, and may have other inode numbers for the same files.
    run('git', ...who, '-c', 'core.checkStat=minimal', '-C', path.join(at, 'git'), ...args);
  };
  git('init', '-q');
  git('config', 'core.checkStat', 'minimal');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
}

/** Makes the image. Throws if the host cannot. */
export function makeMountImage(
  file: string,
  type: FsType,
  folder: string,
  sizes: MountSizes,
): void {
  fs.closeSync(fs.openSync(file, 'w'));
  fs.truncateSync(file, imageBytes);
  const [program, ...options] = mkfs[type] as [string, ...string[]];
  run(program, ...options, file);
  const mount = new Mount('native', file, `${file}.mount`);
  mount.mount();
  try {
    fill(mount.folder, folder, sizes);
  } finally {
    mount.unmount();
  }
}

/** Copies the image, holes included. */
export function copyMountImage(from: string, to: string): void {
  run('cp', '--sparse=always', from, to);
  execFileSync('sync', [to]);
}
