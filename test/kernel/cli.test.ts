/**
 * The fsbridge command on real images: it copies everything, the real fsck finds its work clean,
 * and it shows the same as the machine's own kernel.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mustCommand, runCommand, startCommand } from '../support/cli/command.ts';
import { makeImage } from '../support/images/images.ts';
import { cannotMount } from '../support/kernel-volume.ts';
import { isRoot, nativeManifest, withNativeMount } from '../support/native/native-mount.ts';
import { describeUnless } from '../support/needs.ts';

const mib = 1024 * 1024;
const missing = cannotMount();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-cli-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

function makeFile(name: string, sizeBytes: number): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, '');
  fs.truncateSync(file, sizeBytes);
  return file;
}

function makeExt4(name: string, sizeMib: number, ...options: string[]): string {
  const file = makeFile(name, sizeMib * mib);
  execFileSync('mkfs.ext4', ['-q', '-F', ...options, file], { stdio: 'pipe' });
  return file;
}

function expectClean(image: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
  expect(stdout).toMatch(/Pass 5/);
  expect(status).toBe(0);
}

async function manifestOf(...args: readonly string[]): Promise<Record<string, unknown>[]> {
  const text = (await mustCommand('manifest', ...args)).toString().trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

const hashOf = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex');

describeUnless(missing)('a volume', () => {
  test('a file is put in, shown in every way, and removed', async () => {
    const own = makeExt4('life.img', 16);
    const notes = path.join(folder, 'notes.txt');
    fs.writeFileSync(notes, 'remember\n');
    fs.utimesSync(notes, 1e9, 1e9);
    fs.chmodSync(notes, 0o640);
    await mustCommand('mkdir', '-p', '--mode', '1750', own, '/home/me', '--rw');
    await mustCommand('put', own, notes, '/home/me', '--rw');
    await mustCommand('ln', own, '/home/me/notes.txt', '/home/again', '--rw');
    await mustCommand('ln', '-s', own, 'me/notes.txt', '/home/link', '--rw');
    await mustCommand('mv', own, '/home/me/notes.txt', '/home/me/old', '--rw');
    expect((await mustCommand('cat', own, '/home/me/old')).toString()).toBe('remember\n');
    const list = (await mustCommand('ls', '-lR', own, '/home')).toString();
    expect(list).toMatch(/^-rw-r----- +2 .* 9 {2}2001-09-09 01:46 again$/m);
    expect(list).toMatch(/^lrwxrwxrwx .* link -> me\/notes\.txt$/m);
    expect(list).toMatch(/^drwxr-x--T .* me$/m);
    expect(list).toMatch(/^\/home\/me:\n.* old$/m);
    const out = path.join(folder, 'out');
    const summary = await mustCommand('get', '--json', own, '/home/again', out);
    expect(JSON.parse(summary.toString())).toMatchObject({
      entries: { file: 1 },
      bytes: 9,
      failed: 0,
    });
    expect(fs.readFileSync(out, 'utf8')).toBe('remember\n');
    expect(fs.statSync(out)).toMatchObject({ mtimeMs: 1e12 });
    await mustCommand('rm', '-r', own, '/home', '--rw');
    expect((await mustCommand('ls', own)).toString()).toBe('lost+found\n');
    expectClean(own);
  });

  test('a file system without links gets the files, and put names what it lacks', async ({
    skip,
  }) => {
    if (!has('mkfs.vfat')) skip('mkfs.vfat is not installed here');
    const fat = makeFile('fat.img', 16 * mib);
    execFileSync('mkfs.vfat', [fat], { stdio: 'pipe' });
    const tree = path.join(folder, 'linked-tree');
    fs.mkdirSync(tree);
    fs.writeFileSync(path.join(tree, 'one'), 'content');
    fs.linkSync(path.join(tree, 'one'), path.join(tree, 'two'));
    fs.symlinkSync('one', path.join(tree, 'link'));
    const { code, stdout, stderr } = await runCommand(['put', '--json', fat, tree, '/', '--rw']);
    const summary = JSON.parse(stdout.toString());
    expect(code).toBe(1);
    expect(summary.failures).toEqual([{ path: 'linked-tree/link', code: 'EPERM' }]);
    expect(stderr).toMatch(/linked-tree\/link: the file system .* no symbolic links \(EPERM\)/);
    expect(summary.lost).toContainEqual(
      expect.objectContaining({ what: 'hard link', code: 'EPERM', entries: 1 }),
    );
    for (const name of ['one', 'two']) {
      expect((await mustCommand('cat', fat, `/linked-tree/${name}`)).toString()).toBe('content');
    }
  });

  test('Ctrl-C ends a command whose reader has stopped, and unmounts the volume', async () => {
    const own = makeExt4('interrupted.img', 16);
    const hole = makeFile('hole', 1024 * mib);
    await mustCommand('put', own, hole, '/', '--rw');
    const child = startCommand(['cat', own, '/hole', '--rw']);
    await once(child.stdout as NodeJS.ReadableStream, 'readable');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expectClean(own);
    const [source] = JSON.parse((await mustCommand('probe', '--json', own)).toString());
    expect(source.volumes[0].state).toBe('clean');
  });

  test('a signal while it writes leaves a clean file system', async () => {
    const own = makeExt4('halfway.img', 64);
    const many = path.join(folder, 'many');
    fs.mkdirSync(many);
    for (let index = 0; index < 20_000; index++) fs.writeFileSync(path.join(many, `${index}`), 'x');
    const child = startCommand(['put', own, many, '/', '--rw', '--verbose']);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      // The kernel's log shows the mount; the copy begins right after it.
      if (!/mounted filesystem/.test(said)) {
        said += data.toString();
        if (/mounted filesystem/.test(said)) setTimeout(() => child.kill('SIGTERM'), 300);
      }
    });
    const [code] = await once(child, 'exit');
    expect(code).toBe(143);
    expectClean(own);
    fs.rmSync(many, { recursive: true });
  });

  test('on a partition is found by its name, and the other partitions stay as they are', async ({
    skip,
  }) => {
    if (!has('sgdisk')) skip('sgdisk is not installed here');
    const disk = makeFile('disk.img', 48 * mib);
    const table = [
      '-n',
      '1:1M:+16M',
      '-n',
      '2:20M:+16M',
      '-c',
      '2:system',
      '-n',
      '3:40M:+4M',
      disk,
    ];
    execFileSync('sgdisk', table, { stdio: 'pipe' });
    const parts = [makeExt4('one.img', 16, '-L', 'one'), makeExt4('two.img', 16, '-L', 'two')];
    const handle = fs.openSync(disk, 'r+');
    parts.forEach((part, index) => {
      fs.writeSync(handle, fs.readFileSync(part), 0, 16 * mib, (index === 0 ? 1 : 20) * mib);
    });
    fs.closeSync(handle);
    const ambiguous = await runCommand(['ls', disk]);
    expect(ambiguous.stderr).toMatch(/1 \(ext4 "one"\), 2 \(ext4 "two"\) \(ERR_VOLUME_AMBIGUOUS\)/);
    for (const name of ['2', 'two', 'system']) {
      await mustCommand('mkdir', '--volume', name, disk, `/by-${name}`, '--rw');
    }
    const names = (await mustCommand('ls', '--volume', 'two', disk)).toString().split('\n');
    expect(names).toEqual(['by-2', 'by-system', 'by-two', 'lost+found', '']);
    expect((await mustCommand('ls', '--volume', '1', disk)).toString()).toBe('lost+found\n');
    const first = fs.readFileSync(disk).subarray(mib, 17 * mib);
    expect(first.equals(fs.readFileSync(parts[0] as string))).toBe(true);
    const third = await runCommand(['ls', '--volume', '3', disk]);
    expect(third.stderr).toMatch(/ERR_NO_FILE_SYSTEM/);
  });

  test('of btrfs on two disks is mounted when both are given', async ({ skip }) => {
    if (!has('mkfs.btrfs')) skip('mkfs.btrfs is not installed here');
    const disks = [makeFile('first.img', 128 * mib), makeFile('second.img', 128 * mib)];
    const [first, second] = disks as [string, string];
    const raid = ['-q', '-f', '-d', 'raid1', '-m', 'raid1'];
    execFileSync('mkfs.btrfs', [...raid, ...disks], { stdio: 'pipe' });
    const alone = await runCommand(['ls', first]);
    expect(alone.code).toBe(1);
    expect(alone.stderr).toMatch(/It lies on 2 disks: name the others with --device/);
    await mustCommand('mkdir', first, '/here', '--device', second, '--rw');
    expect((await mustCommand('ls', second, '--device', first)).toString()).toBe('here\n');
    execFileSync('btrfs', ['check', '--readonly', first], { stdio: 'pipe' });
  });
});

const notRoot = isRoot ? missing : 'mounting natively, and owners and devices, need root';

describeUnless(notRoot)('a rich tree', () => {
  const recipe = {
    name: 'rich',
    type: 'ext4',
    sizeBytes: 256 * mib,
    mkfs: ['mkfs.ext4', '-q', '-F'],
    fill: 'standard',
  } as const;

  test('looks the same as in the machine’s own kernel', async () => {
    await using image = await makeImage(recipe, 7);
    const expected = await nativeManifest(image.path, { hash: true, mount: { type: 'ext4' } });
    const seen = await manifestOf('--hash', image.path);
    expect(seen.length).toBeGreaterThan(3000);
    expect(seen).toEqual(expected);
  });

  test('is copied to the host and into another volume without a difference', async () => {
    await using image = await makeImage(recipe, 8);
    const before = hashOf(image.path);
    const original = await manifestOf('--hash', image.path);
    const out = path.join(folder, 'rich');
    await mustCommand('get', image.path, '/', out);
    expect(await nativeManifest(out, { hash: true })).toEqual(original);
    const copy = makeExt4('rich-copy.img', 256);
    await mustCommand('put', copy, `${out}/.`, '/', '--rw');
    expectClean(copy);
    expect(await manifestOf('--hash', copy)).toEqual(original);
    expect(hashOf(image.path)).toBe(before);
    const allocated = fs.statSync(copy).blocks * 512;
    expect(allocated).toBeLessThan(fs.statSync(image.path).blocks * 512 * 1.5);
    await mustCommand('rm', '-r', copy, ...topNames(original), '--rw');
    expectClean(copy);
    expect((await mustCommand('ls', copy)).toString()).toBe('');
  });

  test('put twice replaces the first copy and leaves nothing behind', async () => {
    await using image = await makeImage(recipe, 9);
    const out = path.join(folder, 'twice');
    await mustCommand('get', image.path, '/', out);
    const copy = makeExt4('twice.img', 256);
    await mustCommand('put', copy, `${out}/.`, '/', '--rw');
    const once = await manifestOf('--hash', copy);
    await mustCommand('put', copy, `${out}/.`, '/', '--rw');
    expect(await manifestOf('--hash', copy)).toEqual(once);
    expectClean(copy);
  });

  test('in a volume that was not unmounted is whole, and the image stays the same', async () => {
    const image = makeExt4('live.img', 64);
    const torn = path.join(folder, 'torn.img');
    await withNativeMount(image, { type: 'ext4' }, (mounted) => {
      fs.mkdirSync(path.join(mounted, 'kept'));
      fs.writeFileSync(path.join(mounted, 'kept', 'file'), 'in the journal');
      execFileSync('sync', ['-f', mounted]);
      fs.copyFileSync(image, torn);
    });
    const before = hashOf(torn);
    const [source] = JSON.parse((await mustCommand('probe', '--json', torn)).toString());
    expect(source.volumes[0].state).toBe('dirty');
    expect((await mustCommand('cat', torn, '/kept/file')).toString()).toBe('in the journal');
    expect(hashOf(torn)).toBe(before);
    await mustCommand('ls', '--rw', torn);
    expectClean(torn);
    expect((await mustCommand('cat', torn, '/kept/file')).toString()).toBe('in the journal');
  });
});

/** The entries of the root, as arguments; the fill gives them plain names. */
function topNames(lines: readonly Record<string, unknown>[]): string[] {
  return lines.flatMap(({ path: name }) =>
    typeof name === 'string' && /^\/[^/]+$/.test(name) ? [name] : [],
  );
}
