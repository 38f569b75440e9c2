/**
 * Asks the file system's own checker, in a mode that changes nothing, whether an image is whole.
 *
 * Each checker has its own idea of an exit status, hence the table. SquashFS has no checker:
 * unpacking everything reads every block of it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBridgeError } from '../../../src/errors.ts';
import { run } from '../run-program.ts';

export interface FsckVerdict {
  readonly clean: boolean;
  readonly output: string;
}

interface Checker {
  readonly argv: (image: string, scratch: string) => readonly string[];
  /** Text that means damage although the exit status is 0. */
  readonly damageText?: RegExp;
}

const e2fsck: Checker = { argv: (image) => ['e2fsck', '-fn', image] };

const checkers: Readonly<Record<string, Checker>> = {
  ext2: e2fsck,
  ext3: e2fsck,
  ext4: e2fsck,
  xfs: { argv: (image) => ['xfs_repair', '-n', image] },
  btrfs: { argv: (image) => ['btrfs', 'check', '--readonly', '--check-data-csum', image] },
  f2fs: { argv: (image) => ['fsck.f2fs', '--dry-run', image], damageText: /\[Fail\]|ASSERT/ },
  erofs: { argv: (image) => ['fsck.erofs', '--extract', image] },
  squashfs: {
    argv: (image, scratch) =>
      ['unsquashfs', '-no-progress', '-strict-errors', '-d', join(scratch, 'out'), image] as const,
  },
  vfat: { argv: (image) => ['fsck.fat', '-n', image] },
  exfat: { argv: (image) => ['fsck.exfat', '-n', image] },
  jfs: { argv: (image) => ['fsck.jfs', '-n', '-f', image] },
  minix: { argv: (image) => ['fsck.minix', '-f', image] },
  cramfs: { argv: (image) => ['fsck.cramfs', image] },
  ntfs3: { argv: (image) => ['ntfsfix', '--no-action', image] },
};

/** Whether there is a checker for this type of file system. */
export function fsckKnows(type: string): boolean {
  return Object.hasOwn(checkers, type);
}

/**
 * The checker's verdict on an image that is not mounted. The image is not changed.
 * Throws FsBridgeError ERR_NO_FSCK for a type without a checker, ENOENT where it is not installed.
 */
export async function fsckVerdict(image: string, type: string): Promise<FsckVerdict> {
  const checker = checkers[type];
  if (checker === undefined) {
    const advice = 'Ask fsckKnows(type) first.';
    throw new FsBridgeError('ERR_NO_FSCK', image, `no checker is known for ${type}`, advice);
  }
  const scratch = await mkdtemp(join(tmpdir(), 'fsbridge-fsck-'));
  try {
    const result = await run(checker.argv(image, scratch));
    const output = `${result.stdout.toString('utf8')}${result.stderr}`;
    const damaged = checker.damageText?.test(output) ?? false;
    return { clean: result.status === 0 && !damaged, output };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
