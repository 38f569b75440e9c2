/**
 * Real programs on the mount: copies and backups come back the same, repositories are whole, and
 * what a load generator verifies is right; then the file system's own checker.
 *
 * SOAK=number makes the generators run that many times longer.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { fillStandard } from '../../support/images/fill-standard.ts';
import { lanes } from '../../support/lanes.ts';
import { fuseTypes, noFuse, onMount, onPath, soak } from '../../support/native/fuse-scene.ts';
import { expectSameManifest, pathText } from '../../support/native/manifest-compare.ts';
import { type ManifestEntry, nativeManifest } from '../../support/native/native-mount.ts';
import { describeUnless, testUnless } from '../../support/needs.ts';
import { mustRun, run } from '../../support/run-program.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs a shell line with pipes. The failure of any program in it fails the test. */
function shell(line: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return mustRun(['env', ...settings, 'bash', '-euo', 'pipefail', '-c', line]);
}

async function manifest(folder: string): Promise<ManifestEntry[]> {
  return nativeManifest(folder, { hash: true });
}

type Keeps = (entry: ManifestEntry) => boolean;
const everything: Keeps = () => true;
/** tar keeps no sockets. */
const tarKeeps: Keeps = ({ type }) => type !== 'socket';
/** Neither keeps sockets, the folder itself, or times beyond 64 bits of nanoseconds. */
const lastSecond = 9_223_372_036;
const backupKeeps: Keeps = ({ path, type, mtime }) =>
  path !== '/' && type !== 'socket' && Number(mtime) < lastSecond;
/** borg 1.2 keeps the times between 1970 and 2038 (minus two days). */
const borgKeeps: Keeps = (entry) =>
  backupKeeps(entry) && Number(entry.mtime) >= 0 && Number(entry.mtime) < 2_147_310_847;
/** restic keeps targets of links as JSON's text, and no xattrs of links. */
const resticKeeps: Keeps = (entry) =>
  backupKeeps(entry) &&
  entry.target64 === undefined &&
  !(entry.type === 'symlink' && (entry.xattrs !== undefined || /\ufffd/.test(entry.target ?? '')));

/** A program that copies must keep all that it says it keeps. */
async function expectSameTree(
  name: string,
  folder: string,
  source: string,
  keeps: Keeps = everything,
): Promise<void> {
  const theirs = (await manifest(source)).filter(keeps);
  const kept = new Set(theirs.map(pathText));
  const ours = (await manifest(folder)).filter((entry) => kept.has(pathText(entry)));
  await expectSameManifest(name, ours, theirs);
}

async function fill(at: string): Promise<string> {
  const tree = join(at, 'tree');
  await mkdir(tree);
  // Paths beyond PATH_MAX are left out: tar, borg and git cannot name them.
  await fillStandard(tree, 1, ['--for-tools']);
  return tree;
}

async function copies(at: string, scratch: string): Promise<void> {
  const tree = await fill(at);
  const rsync = ['rsync', '-aHAX', '--numeric-ids'];
  await mustRun([...rsync, `${tree}/`, join(at, 'rsync')]);
  const again = await mustRun([...rsync, '-nic', '--delete', `${tree}/`, join(at, 'rsync/')]);
  expect(again.stdout.toString()).toBe('');
  await expectSameTree('rsync', join(at, 'rsync'), tree);
  await mustRun(['cp', '-a', tree, join(at, 'cp')]);
  await expectSameTree('cp', join(at, 'cp'), tree);
  const archive = join(scratch, 'tree.tar');
  const tar = ['tar', '--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner'];
  await mustRun([...tar, '--format=pax', '-C', tree, '-cf', archive, '.']);
  await mkdir(join(at, 'tar'));
  await mustRun([...tar, '-p', '-C', join(at, 'tar'), '-xf', archive]);
  await expectSameTree('tar', join(at, 'tar'), tree, tarKeeps);
  await mustRun([...tar, '--compare', '-C', join(at, 'tar'), '-f', archive]);
}

async function backups(at: string, scratch: string): Promise<void> {
  const tree = await fill(at);
  const env = {
    HOME: scratch,
    RESTIC_PASSWORD: 'secret',
    RESTIC_REPOSITORY: join(at, 'restic-repository'),
    BORG_REPO: join(at, 'borg-repository'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
  await shell(`cd ${tree} && restic init -q && restic backup -q . && restic check -q`, env);
  await shell(`restic restore latest -q --target ${join(at, 'restic')}`, env);
  await expectSameTree('restic', join(at, 'restic'), tree, resticKeeps);
  await shell(`cd ${tree} && borg init -e none && borg create ::one . && borg check`, env);
  await mkdir(join(at, 'borg'));
  await shell(`cd ${join(at, 'borg')} && borg extract ::one`, env);
  await expectSameTree('borg', join(at, 'borg'), tree, borgKeeps);
}

async function repositories(at: string, scratch: string): Promise<void> {
  const origin = join(scratch, 'origin');
  const git = (folder: string, ...args: string[]): Promise<{ stdout: Buffer }> =>
    mustRun(['git', '-c', 'user.name=t', '-c', 'user.email=t@t', '-C', folder, ...args]);
  await mkdir(origin);
  await git(origin, 'init', '-q');
  await mustRun(['cp', '-r', join(project, 'src'), join(project, 'test'), origin]);
  await git(origin, 'add', '-A');
  await git(origin, 'commit', '-q', '-m', 'all');
  const clone = join(at, 'clone');
  await mustRun(['git', 'clone', '-q', '--no-local', origin, clone]);
  const work = async (): Promise<void> => {
    await git(clone, 'fsck', '--full', '--strict');
    expect((await git(clone, 'status', '--porcelain')).stdout.toString()).toBe('');
  };
  await work();
  await git(clone, 'mv', 'src/errors.ts', 'src/faults.ts');
  await rm(join(clone, 'test'), { recursive: true });
  await git(clone, 'add', '-A');
  await git(clone, 'commit', '-q', '-m', 'changes');
  await git(clone, 'gc', '-q', '--prune=now');
  await work();
  await git(clone, 'checkout', '-q', 'HEAD~1');
  await work();
  await git(clone, 'worktree', 'add', '-q', join(at, 'other'), 'HEAD');
  await mustRun(['diff', '-r', '--exclude=.git', origin, join(at, 'other')]);
}

/** fio's own checksums in each block, for each way that programs write. */
async function verifiedWrites(at: string): Promise<void> {
  const common = ['--size=24M', '--verify=crc32c', '--verify_fatal=1', '--do_verify=1'];
  // Without this fio leaves a file in its working directory.
  common.push('--verify_state_save=0');
  const jobs: readonly (readonly string[])[] = [
    ['--ioengine=psync', '--rw=randwrite', '--bsrange=512-64k', '--fsync=64'],
    ['--ioengine=libaio', '--iodepth=16', '--direct=1', '--rw=randwrite', '--bs=4k'],
    ['--ioengine=mmap', '--rw=randwrite', '--bs=4k'],
    ['--ioengine=io_uring', '--iodepth=16', '--rw=randrw', '--bs=8k'],
    ['--ioengine=libaio', '--iodepth=8', '--direct=1', '--rw=write', '--bs=256k', '--numjobs=2'],
  ];
  for (const [index, job] of jobs.entries()) {
    const name = `--name=job${index}`;
    const result = await run(['fio', name, `--directory=${at}`, '--minimal', ...common, ...job]);
    const context = `${job.join(' ')}\n${result.stdout}${result.stderr}`;
    expect(result.status, context).toBe(0);
    expect(result.stderr, context).not.toMatch(/verify|error/i);
  }
}

/** stress-ng's file stressors that check themselves with --verify, one after the other. */
const stressors = [
  ...[
    'access',
    'acl',
    'chattr',
    'chdir',
    'chmod',
    'chown',
    'copy-file',
    'dentry',
    'dir',
    'dirdeep',
  ],
  ...[
    'dirmany',
    'dup',
    'fallocate',
    'fcntl',
    'fiemap',
    'file-ioctl',
    'filename',
    'flock',
    'fpunch',
  ],
  ...['fsize', 'fstat', 'getdent', 'hdd', 'inotify', 'io', 'iomix', 'lease', 'link', 'locka'],
  ...['lockf', 'lockofd', 'metamix', 'mknod', 'mmapaddr', 'mmapfiles', 'open', 'readahead'],
  ...['rename', 'seek', 'sendfile', 'symlink', 'sync-file', 'touch', 'unlink', 'utime', 'xattr'],
];

async function stress(at: string): Promise<void> {
  const known = (await run(['stress-ng', '--stressors'])).stdout.toString().split(/\s+/);
  const wanted = stressors.filter((name) => known.includes(name));
  expect(wanted.length).toBeGreaterThan(30);
  const failures: string[] = [];
  const inLane = lanes(4);
  const bounds = ['hdd', 'iomix', 'fallocate', 'readahead'].flatMap((of) => [
    `--${of}-bytes`,
    '8M',
  ]);
  const one = async (name: string): Promise<void> => {
    const limits = ['--timeout', `${soak}`, '--verify', '--temp-path', at, ...bounds];
    const argv = ['stress-ng', `--${name}`, '2', ...limits];
    const result = await run(['timeout', '-k', '5', `${60 * soak}`, ...argv]);
    // 3 is "not implemented or no resources", 4 the same of the kernel.
    if (![0, 3, 4].includes(result.status)) {
      failures.push(`${name} ended with ${result.status}: ${result.stdout}${result.stderr}`);
    }
  };
  await Promise.all(wanted.map((name) => inLane(() => one(name))));
  expect(failures).toEqual([]);
}

/** Compiles a program on the mount, and runs it from there. */
async function builds(at: string): Promise<void> {
  const source = join(at, 'program.c');
  await writeFile(source, '#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n');
  await shell(`cd ${at} && cc -c program.c && ar rcs lib.a program.o && cc -o program lib.a`);
  const built = await mustRun([join(at, 'program')]);
  expect(built.stdout.toString()).toBe('built\n');
  const node = join(at, 'node');
  await copyFile(process.execPath, node);
  await mustRun(['chmod', '755', node]);
  expect((await mustRun([node, '--eval', 'console.log(6 * 7)'])).stdout.toString()).toBe('42\n');
  expect((await readFile(node)).equals(await readFile(process.execPath))).toBe(true);
}

type Deed = (at: string, scratch: string) => Promise<void>;
/** The tests, and the programs that each needs. */
const deeds: Readonly<Record<string, readonly [Deed, readonly string[]]>> = {
  'rsync, cp and tar': [copies, ['rsync']],
  'restic and borg': [backups, ['restic', 'borg']],
  git: [repositories, ['git']],
  'fio with checksums': [verifiedWrites, ['fio']],
  'stress-ng': [stress, ['stress-ng']],
  'a compiler and a large program': [builds, ['cc', 'ar']],
};

describeUnless(noFuse)('real programs find no fault with the mount:', () => {
  for (const type of fuseTypes) {
    for (const [name, [deed, programs]] of Object.entries(deeds)) {
      const missing = programs.filter((program) => !onPath(program));
      const why = missing.length === 0 ? undefined : `${missing.join(', ')}: not installed`;
      testUnless(why)(`${name}, on ${type}`, () =>
        onMount(type, ({ at, scratch }) => deed(at, scratch), { sizeMib: 1500 }),
      );
    }
  }
});
