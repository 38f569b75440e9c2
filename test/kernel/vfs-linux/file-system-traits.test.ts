/**
 * The table of what file systems keep, held against their drivers: each trait is tried on a volume,
 * which is mounted again before it is looked at.
 */
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import { isErrno } from '../../../src/vfs-linux/errno.ts';
import { type FileSystemTraits, traitsOf } from '../../../src/vfs-linux/file-system-traits.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless, notInstalled, testUnless } from '../../support/needs.ts';

type Row = readonly [type: string, mkfs: readonly [string, ...string[]], megabytes: number];

/** Written through the driver. */
const written: readonly Row[] = [
  ['ext2', ['mkfs.ext2', '-qF'], 64],
  ['ext3', ['mkfs.ext3', '-qF'], 64],
  ['ext4', ['mkfs.ext4', '-qF'], 64],
  ['ext4', ['mkfs.ext4', '-qF', '-I', '128'], 64],
  ['xfs', ['mkfs.xfs', '-qf'], 320],
  ['btrfs', ['mkfs.btrfs', '-qf'], 160],
  ['f2fs', ['mkfs.f2fs', '-q', '-f'], 64],
  ['nilfs2', ['mkfs.nilfs2', '-q', '-f'], 160],
  ['jfs', ['mkfs.jfs', '-q'], 64],
  ['minix', ['mkfs.minix', '-3'], 32],
  ['udf', ['mkudffs', '--utf8'], 32],
  ['vfat', ['mkfs.vfat', '-F', '32'], 64],
  ['msdos', ['mkfs.vfat', '-F', '16'], 32],
  ['exfat', ['mkfs.exfat'], 32],
  ['ntfs3', ['mkfs.ntfs', '-F', '-Q', '-q'], 32],
  ['hfs', ['hformat'], 32],
  ['hfsplus', ['mkfs.hfsplus'], 32],
];

const imageArgument = '{image}';
/** Made by their own program from a folder of this machine. */
const packed: readonly Row[] = [
  ['squashfs', ['mksquashfs', '.', imageArgument, '-noappend', '-quiet', '-no-progress'], 0],
  ['erofs', ['mkfs.erofs', '--quiet', imageArgument, '.'], 0],
  ['iso9660', ['genisoimage', '-quiet', '-R', '-o', imageArgument, '.'], 0],
  ['cramfs', ['mkfs.cramfs', '.', imageArgument], 0],
  ['romfs', ['genromfs', '-d', '.', '-f', imageArgument], 0],
];

const missing = ([, [program]]: Row): string | undefined => notInstalled(program);
const title = ([type, mkfs]: Row): string => `${type} (${mkfs.join(' ')})`;

/** Only root may give the packed file to another user. */
const isRoot = process.getuid?.() === 0;
const holeBytes = 4 * 1048576;
const wanted = { uid: 1234, gid: 99, mode: 0o640 };
/** One second after an even one, and all digits of a nanosecond. */
const time = { sec: 1_000_000_001, nsec: 123_456_789 };
/** acl(5) in xattr(7)'s form: rw for the owner, r for user 1234, r for the group and the mask. */
const acl = Buffer.from(
  '0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000000ffffffff',
  'hex',
);

let kernel: Kernel;
let folder: string;

/** What a driver was seen to do, in the table's form. */
type Seen = { -readonly [trait in keyof FileSystemTraits]?: FileSystemTraits[trait] };

async function mountImage(
  row: Row,
  image: string,
  readOnly: boolean,
): Promise<() => Promise<Volume>> {
  const disk = await kernel.attach(new MemoryDevice(await readFile(image)));
  return () => kernel.mount({ device: disk.name, types: [row[0]], readOnly, options: '' });
}

async function listRoot({ calls, root }: Volume): Promise<string[]> {
  const fd = await calls.openat2(root, '.', abi.O_RDONLY | abi.O_DIRECTORY);
  const names: string[] = [];
  for (;;) {
    const entries = await calls.getdents64(fd);
    if (isErrno(entries) || entries.length === 0) break;
    names.push(...entries.map(({ name }) => Buffer.from(name).toString()));
  }
  await calls.close(fd);
  return names;
}

/** The coarsest of the known steps that `seen`, stored from `time`, is a whole number of. */
function resolutionOf(seen: { readonly sec: number; readonly nsec: number }): number {
  if (seen.sec % 2 === 0) return 2_000_000_000;
  const steps = [1_000_000_000, 10_000_000, 1000, 100];
  return steps.find((step) => seen.nsec % step === 0) ?? 1;
}

/** What is to be seen after the volume was mounted again; the handle was made before that. */
async function lookAgain(volume: Volume, handle: Buffer | undefined): Promise<Seen> {
  const { calls, root } = volume;
  const statx = await calls.statx(root, 'File');
  if (isErrno(statx)) throw new Error(`statx: ${statx}`);
  const reopened = handle === undefined ? -1 : await calls.openByHandleAt(root, handle, abi.O_PATH);
  if (reopened >= 0) await calls.close(reopened);
  const folds = !isErrno(await calls.statx(root, 'FILE'));
  const names = await listRoot(volume);
  const keepsSpelling = names.includes('File');
  return {
    modes: (statx.mode & 0o7777) === wanted.mode,
    symlinks: names.some((name) => name.toLowerCase() === 'soft'),
    caseRule: folds ? (keepsSpelling ? 'preserved' : 'folded') : 'sensitive',
    timeResolutionNs: resolutionOf(statx.mtime),
    lastingHandles: reopened >= 0,
    owners: statx.uid === wanted.uid && statx.gid === wanted.gid,
  };
}

async function handleOf({ calls, root }: Volume): Promise<Buffer | undefined> {
  const handle = await calls.nameToHandleAt(root, 'File');
  return isErrno(handle) ? undefined : handle;
}

async function tryEverything(volume: Volume): Promise<{ seen: Seen; handle: Buffer | undefined }> {
  const { calls, root } = volume;
  const before = await volume.statfs();
  const fd = await calls.openat2(root, 'File', abi.O_CREAT | abi.O_RDWR, 0o644);
  expect(fd).toBeGreaterThanOrEqual(0);
  await calls.pwrite(fd, Buffer.from('x'), holeBytes);
  await calls.fsync(fd);
  await volume.syncfs();
  const after = await volume.statfs();
  await calls.close(fd);
  const itself = at(root, 'File', abi.AT_SYMLINK_NOFOLLOW);
  const xattr = await calls.setxattrat(itself, 'user.x', Buffer.from('value'));
  const access = await calls.setxattrat(itself, 'system.posix_acl_access', acl);
  await calls.removexattrat(itself, 'system.posix_acl_access');
  await calls.symlinkat('File', root, 'soft');
  const seen: Seen = {
    sparseFiles: (before.bfree - after.bfree) * before.frsize < holeBytes / 2,
    userXattrs: xattr >= 0,
    acls: access >= 0,
    hardLinks: (await calls.linkat(at(root, 'File'), at(root, 'hard'), 0)) >= 0,
  };
  await calls.fchownat(root, 'File', { uid: wanted.uid, gid: wanted.gid }, itself.atFlags);
  await calls.fchmodat2(root, 'File', wanted.mode, 0);
  await calls.utimensat(root, 'File', { atime: time, mtime: time }, itself.atFlags);
  return { seen, handle: await handleOf(volume) };
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fsbridge-traits-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describeUnless(cannotMount())('what a driver keeps is what the table says', () => {
  beforeAll(async () => {
    kernel = await Kernel.boot();
  });
  afterAll(async () => {
    await kernel.close();
  });

  for (const row of written) {
    testUnless(missing(row))(title(row), async () => {
      const [type, [program, ...options], megabytes] = row;
      const image = path.join(folder, 'image');
      await writeFile(image, '');
      await truncate(image, megabytes * 1048576);
      execFileSync(program, [...options, image], { stdio: 'pipe' });
      const mount = await mountImage(row, image, false);
      const first = await mount();
      const { seen, handle } = await tryEverything(first);
      await first.close();
      await using again = await mount();
      const rootStatx = await again.calls.fstatx(again.root);
      const traits = traitsOf(type, isErrno(rootStatx) ? undefined : rootStatx);
      expect({ ...traits, ...seen, ...(await lookAgain(again, handle)) }).toEqual(traits);
    });
  }

  for (const row of packed) {
    testUnless(missing(row))(title(row), async () => {
      const [type, [program, ...options]] = row;
      const source = await mkdtemp(path.join(folder, 'source-'));
      const file = path.join(source, 'File');
      await writeFile(file, 'content', { mode: wanted.mode });
      if (isRoot) fs.chownSync(file, wanted.uid, wanted.gid);
      fs.symlinkSync('File', path.join(source, 'soft'));
      fs.utimesSync(file, time.sec, time.sec);
      const image = path.join(folder, `${type}.image`);
      const args = options.map((option) => (option === imageArgument ? image : option));
      execFileSync(program, args, { stdio: 'pipe', cwd: source });
      const mount = await mountImage(row, image, true);
      const first = await mount();
      const handle = await handleOf(first);
      await first.close();
      await using again = await mount();
      const traits = traitsOf(type);
      // What mkfs stores of a time is its own matter, and no program here says what it keeps.
      const { timeResolutionNs: _, owners, ...seen } = await lookAgain(again, handle);
      expect({ ...traits, ...seen }).toEqual(traits);
      if (isRoot) expect(owners).toBe(traits.owners);
    });
  }
});
