/**
 * fsbridge mount, umount and status as a user runs them on Linux: the daemons, every way to end
 * them, and the content of the disk afterwards.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MountStatus } from '../../src/daemon/control/control-protocol.ts';
import { mustCommand, runCommand, startCommand } from '../support/cli/command.ts';
import { fsckVerdict } from '../support/images/fsck.ts';
import { cannotMount } from '../support/kernel-volume.ts';
import { describeUnless } from '../support/needs.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-mount-'));
const image = path.join(folder, 'disk.img');
const log = path.join(folder, 'mount.log');
let target: string;
let targets = 0;

const isRoot = process.getuid?.() === 0;
const missing =
  cannotMount() ??
  (fs.existsSync('/dev/fuse') ? undefined : 'no /dev/fuse') ??
  (isRoot ? undefined : 'umount(8) needs root');

const mountedAt = (place: string): boolean =>
  fs.readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${place} `);

const hashOf = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex');

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const startMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startMs > 30_000) throw new Error(`it did not happen: ${what}`);
    await sleep(20);
  }
}

/** The answers of `fsbridge status` about the mounts in this test's folder. */
async function statuses(): Promise<MountStatus[]> {
  const all = JSON.parse((await mustCommand('status', '--json')).toString()) as MountStatus[];
  return all.filter((one) => one.target.startsWith(folder));
}

async function pidOf(place: string): Promise<number> {
  const found = (await statuses()).find((one) => one.target === place);
  if (found === undefined) throw new Error(`no status of ${place}`);
  return found.pid;
}

const isAlive = (pid: number): boolean => fs.existsSync(`/proc/${pid}`);

async function mount(...options: string[]): Promise<void> {
  await mustCommand('mount', image, target, '--log', log, ...options);
}

/** A shell whose working directory is the mount, until it is killed. */
async function standIn(place: string): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', 'echo here; exec sleep 1000'], { cwd: place });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function expectClean(): Promise<void> {
  const { clean, output } = await fsckVerdict(image, 'ext4');
  expect(clean, output).toBe(true);
}

async function contentOf(name: string): Promise<string> {
  return (await mustCommand('cat', image, name)).toString();
}

describeUnless(missing)('a mount (on this Linux)', () => {
  beforeAll(() => {
    fs.writeFileSync(image, '');
    fs.truncateSync(image, 64 * 1048576);
  });
  beforeEach(() => {
    execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'mount-test', image], { stdio: 'pipe' });
    target = path.join(folder, `mnt${++targets}`);
    fs.mkdirSync(target);
    fs.rmSync(log, { force: true });
  });
  afterEach(async () => {
    for (const { target: place } of await statuses())
      await runCommand(['umount', '--force', place]);
    for (let i = 1; i <= targets; i++) {
      const place = path.join(folder, `mnt${i}`);
      if (mountedAt(place)) spawnSync('umount', ['-l', place]);
    }
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  describe('ends, and the disk is clean and holds the written data, by', () => {
    const ways: Readonly<Record<string, (pid: number) => Promise<unknown>>> = {
      'fsbridge umount': () => mustCommand('umount', target),
      'fsbridge umount, by its source': () => mustCommand('umount', image),
      'umount(8)': async () => execFileSync('umount', [target]),
      'fusermount3 -u': async () => execFileSync('fusermount3', ['-u', target]),
      'umount -l': async () => execFileSync('umount', ['-l', target]),
      SIGTERM: async (pid) => process.kill(pid, 'SIGTERM'),
      SIGINT: async (pid) => process.kill(pid, 'SIGINT'),
      SIGHUP: async (pid) => process.kill(pid, 'SIGHUP'),
    };
    test.each(Object.keys(ways))('%s', async (way) => {
      await mount('--rw');
      fs.writeFileSync(path.join(target, 'file'), 'content');
      fs.mkdirSync(path.join(target, 'folder'));
      const pid = await pidOf(target);
      await ways[way]?.(pid);
      // fsbridge umount returns when the source is closed; the others cannot know.
      if (!way.startsWith('fsbridge')) await until(() => !isAlive(pid), 'the end of the process');
      expect(mountedAt(target)).toBe(false);
      await expectClean();
      expect(await contentOf('/file')).toBe('content');
    });
  });

  test('for reading changes no byte of the source, and refuses to be written', async () => {
    const before = hashOf(image);
    await mount();
    expect(fs.readdirSync(target)).toEqual(['lost+found']);
    expect(() => fs.writeFileSync(path.join(target, 'x'), '')).toThrow(/EROFS/);
    await mustCommand('umount', target);
    expect(hashOf(image)).toBe(before);
  });

  test('gives up the terminal, the pipe and the folder of its caller', async () => {
    const from = path.join(folder, 'from');
    fs.mkdirSync(from, { recursive: true });
    const args = ['mount', '../disk.img', `../${path.basename(target)}`, '--log', '../mount.log'];
    // runCommand waits until no process holds the ends of its pipes.
    const { code, stderr } = await runCommand(args, { cwd: from });
    expect([code, stderr]).toEqual([0, '']);
    fs.rmdirSync(from);
    const [status] = await statuses();
    expect(status).toMatchObject({ source: image, target });
    const lines = fs.readFileSync(log, 'utf8').trim().split('\n');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ mount: target, source: image });
  });

  test('warns of options without effect on this system, and mounts', async () => {
    const args = ['mount', image, target, '--log', log, '--uid-map', '1=S-1-5-18', '--label', 'x'];
    const { code, stderr } = await runCommand(args);
    expect([code, stderr]).toEqual([
      0,
      'fsbridge: warning: --label has no effect on this system.\n' +
        'fsbridge: warning: --uid-map has no effect on this system.\n',
    ]);
    expect(mountedAt(target)).toBe(true);
  });

  test('that is in use names its users when it is unmounted, and stays', async () => {
    await mount('--rw');
    const user = await standIn(target);
    const { code, stderr } = await runCommand(['umount', target]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${target}: it is still in use by sleep (${user.pid}) (EBUSY)\n`);
    expect(fs.readdirSync(target)).toEqual(['lost+found']);
    user.kill('SIGKILL');
    await once(user, 'exit');
    await mustCommand('umount', target);
  });

  test('that is unmounted lazily ends with its last user', async () => {
    await mount('--rw');
    const pid = await pidOf(target);
    const user = await standIn(target);
    await mustCommand('umount', '--lazy', target);
    expect(mountedAt(target)).toBe(false);
    expect(isAlive(pid)).toBe(true);
    user.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the end of the process');
    await expectClean();
  });

  test.each(['--force', 'SIGTERM'])('that is in use ends nevertheless with %s', async (way) => {
    await mount('--rw');
    const pid = await pidOf(target);
    fs.writeFileSync(path.join(target, 'file'), 'content');
    const user = await standIn(target);
    if (way === '--force') await mustCommand('umount', '--force', target);
    else process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid), 'the end of the process');
    expect(mountedAt(target)).toBe(false);
    user.kill('SIGKILL');
    await expectClean();
    expect(await contentOf('/file')).toBe('content');
  });

  test('prints on a terminal where it is and how to end it', async () => {
    const bin = path.resolve(import.meta.dirname, '../../bin/fsbridge');
    const args = ['-qec', `'${bin}' mount '${image}' '${target}'`, '/dev/null'];
    const said = (await runCommand(args, { program: 'script' })).stdout.toString();
    expect(said).toContain(`${image} (ext4) is mounted at ${target} for reading`);
    expect(said).toContain(`\`fsbridge umount ${target}\` ends it`);
    await mustCommand('umount', target);
  });

  test('that is bound to a second place ends when it is unmounted from both', async () => {
    await mount('--rw');
    const pid = await pidOf(target);
    const second = `${target}-second`;
    fs.mkdirSync(second);
    execFileSync('mount', ['--bind', target, second]);
    fs.writeFileSync(path.join(second, 'second'), 'place');
    const { code, stderr } = await runCommand(['umount', target]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('also mounted at another place')]);
    expect(mountedAt(target)).toBe(false);
    expect(fs.readFileSync(path.join(second, 'second'), 'utf8')).toBe('place');
    execFileSync('umount', ['-i', second]);
    await until(() => !isAlive(pid), 'its process ends');
    await expectClean();
    expect(await contentOf('/second')).toBe('place');
  });

  test('that was killed can be removed and mounted again, and has the fsynced data', async () => {
    await mount('--rw');
    const fd = fs.openSync(path.join(target, 'file'), 'w');
    fs.writeSync(fd, 'fsynced');
    fs.fsyncSync(fd);
    const pid = await pidOf(target);
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'the end of the process');
    try {
      fs.closeSync(fd);
    } catch {
      // Its file system is gone.
    }
    const refused = await runCommand(['mount', image, target, '--rw']);
    expect(refused.stderr).toMatch(/there is a mount whose process has ended \(ENOTCONN\)/);
    expect(await statuses()).toEqual([]);
    await mustCommand('umount', target);
    expect(mountedAt(target)).toBe(false);
    await mount('--rw');
    expect(fs.readFileSync(path.join(target, 'file'), 'utf8')).toBe('fsynced');
    await mustCommand('umount', target);
    await expectClean();
  });

  test.each([
    ['at once', 0],
    // By then the mount has written out by itself, and met the error.
    ['after a pause', 4_000],
  ])('that cannot write all its data reports an error when it ends, %s', async (_when, pauseMs) => {
    // The image is larger than the file system around it.
    const small = path.join(folder, 'small');
    fs.mkdirSync(small, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', small]);
    try {
      const full = path.join(small, 'disk.img');
      execFileSync('cp', ['--sparse=always', image, full]);
      await mustCommand('mount', full, target, '--rw', '--log', log);
      const pid = await pidOf(target);
      fs.writeFileSync(path.join(target, 'file'), randomBytes(30 * 1048576));
      await sleep(pauseMs);
      const { code, stderr } = await runCommand(['umount', target]);
      expect(stderr).toMatch(/syncfs: (?:no space left|input\/output error).* \((?:ENOSPC|EIO)\)/);
      expect(code).toBe(1);
      await until(() => !isAlive(pid), 'the end of the process');
      expect(fs.readFileSync(log, 'utf8')).toMatch(/"level":50,.*"code":"(?:ENOSPC|EIO)"/);
    } finally {
      spawnSync('umount', ['-l', small]);
    }
  });

  test('reports its identity, requests, caches, disk, memory and the kernel’s log', async () => {
    await mount('--rw');
    const fd = fs.openSync(path.join(target, 'file'), 'w');
    fs.writeSync(fd, 'x'.repeat(100_000));
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    const [status] = await statuses();
    expect(status).toMatchObject({
      source: image,
      target,
      transport: 'fuse',
      volume: { id: 'disk', type: 'ext4', label: 'mount-test' },
      readOnly: false,
      failure: null,
      logFile: log,
    });
    expect(status?.requests.find(({ operation }) => operation === 'WRITE')?.count).toBeGreaterThan(
      0,
    );
    for (const { count, p50Us, p99Us, maxUs } of status?.requests ?? []) {
      expect(count).toBeGreaterThan(0);
      expect(p50Us).toBeLessThanOrEqual(p99Us);
      expect(p99Us).toBeLessThanOrEqual(maxUs);
    }
    expect(status?.blockIo.bytesWritten).toBeGreaterThan(100_000);
    expect(status?.memory.kernelBytes).toBe(256 * 1048576);
    expect(status?.memory.cachedBytes).toBeGreaterThan(0);
    expect(status?.kernelLog.at(-1)).toMatch(/EXT4-fs \(disk0\): mounted/);
    const text = (await mustCommand('status')).toString();
    expect(text).toContain(`${target}: ${image}, volume disk (ext4 "mount-test"), read and write`);
    expect(text).toMatch(/^ {2}WRITE +\d/m);
  });

  test('is one of several, each with a process of its own; one source has one writer', async () => {
    await mount('--rw');
    const other = path.join(folder, 'other.img');
    fs.copyFileSync(image, other);
    const second = path.join(folder, `mnt${++targets}`);
    fs.mkdirSync(second);
    const twice = await runCommand(['mount', image, second, '--rw']);
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringMatching(/\(ERR_SOURCE_LOCKED\)/)]);
    await mustCommand('mount', other, second, '--log', log);
    const pids = new Set((await statuses()).map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    await mustCommand('umount', target, second);
    expect(await statuses()).toEqual([]);
    fs.rmSync(other);
  });

  test('in the foreground prints what happens, and ends with Ctrl-C', async () => {
    const child = startCommand(['mount', image, target, '--foreground']);
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await until(() => mountedAt(target) && said.includes('Ctrl-C'), 'the mount');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(said).toBe(
      `fsbridge: ${image} (ext4) is mounted at ${target} for reading; Ctrl-C unmounts it\n` +
        `fsbridge: ${image} is unmounted from ${target}\n`,
    );
    expect(mountedAt(target)).toBe(false);
  });

  test('writes a trace that Perfetto opens', async () => {
    const file = path.join(folder, 'trace.json');
    await mount('--trace', file);
    fs.readdirSync(target);
    await mustCommand('umount', target);
    const events = JSON.parse(fs.readFileSync(file, 'utf8')) as { cat?: string; name: string }[];
    const layers = new Set(events.map(({ cat }) => cat));
    expect([...layers]).toEqual(expect.arrayContaining(['fuse', 'disk']));
  });

  describe('through mount(8)', () => {
    // A name of its own, so that the machine's own helpers stay untouched.
    const type = `fsbridgetest${process.pid}`;
    const helper = `/sbin/mount.${type}`;
    beforeAll(() => {
      fs.symlinkSync(path.resolve(import.meta.dirname, '../../bin/mount.fuse.fsbridge'), helper);
    });
    afterAll(() => fs.rmSync(helper));

    const optionsOf = (place: string): string => {
      const lines = fs.readFileSync('/proc/self/mounts', 'utf8').split('\n');
      return lines.map((line) => line.split(' ')).find((line) => line[1] === place)?.[3] ?? '';
    };

    test.each([
      ['no options', [], 'ro'],
      ['-o rw', ['-o', 'rw'], 'rw'],
      ['-o rw,volume=disk,noexec', ['-o', 'rw,volume=disk,noexec'], 'rw'],
      ['-o rw,dev,suid', ['-o', 'rw,dev,suid'], 'rw'],
      ['-w', ['-w'], 'rw'],
      ['-r', ['-r'], 'ro'],
      ['-o volume=mount-test', ['-o', 'volume=mount-test'], 'ro'],
      ['-o write', ['-o', 'write'], 'rw'],
    ])('with %s', async (_, options, expected) => {
      execFileSync('mount', ['-t', type, ...options, image, target], { stdio: 'pipe' });
      expect(optionsOf(target).split(',')[0]).toBe(expected);
      expect(optionsOf(target).includes('noexec')).toBe(options.join().includes('noexec'));
      for (const flag of ['dev', 'suid']) {
        const isSaid = options.join().includes(`,${flag}`);
        expect(optionsOf(target).includes(`no${flag}`)).toBe(!isSaid);
      }
      await mustCommand('umount', target);
    });

    test.each([
      ['rw,noauto', 'rw'],
      ['noauto,nofail', 'ro'],
    ])('by a line of fstab with %s', async (options, expected) => {
      const table = path.join(folder, 'fstab');
      fs.writeFileSync(table, `${image} ${target} ${type} ${options} 0 0\n`);
      execFileSync('mount', ['-T', table, target], { stdio: 'pipe' });
      expect(optionsOf(target).split(',')[0]).toBe(expected);
      await mustCommand('umount', target);
      await expectClean();
    });

    test('a remount changes the flags, and a remount for reading writes all data out', async () => {
      const remount = (options: string): number | null =>
        spawnSync('mount', ['-t', type, '-o', `remount,${options}`, image, target]).status;
      execFileSync('mount', ['-t', type, '-o', 'rw', image, target], { stdio: 'pipe' });
      fs.writeFileSync(path.join(target, 'remounted'), 'x'.repeat(100_000));
      expect(remount('ro,noexec')).toBe(0);
      expect(optionsOf(target)).toMatch(/^ro,nosuid,nodev,noexec,/);
      expect(() => fs.writeFileSync(path.join(target, 'remounted'), '')).toThrow(/EROFS/);
      await expectClean();
      expect(remount('rw,exec')).toBe(0);
      expect(optionsOf(target)).toMatch(/^rw,nosuid,nodev,relatime,/);
      fs.unlinkSync(path.join(target, 'remounted'));
      await mustCommand('umount', target);
      execFileSync('mount', ['-t', type, '-o', 'ro', image, target], { stdio: 'pipe' });
      expect(remount('rw')).toBe(32);
      expect(optionsOf(target)).toMatch(/^ro,/);
      await mustCommand('umount', target);
      expect(remount('ro')).toBe(32);
    });

    test('a second place shows the same volume, and each is unmounted by itself', async () => {
      const second = `${target}-again`;
      fs.mkdirSync(second);
      execFileSync('mount', ['-t', type, '-o', 'rw', image, target], { stdio: 'pipe' });
      const pid = await pidOf(target);
      execFileSync('mount', ['-t', type, '-o', 'rw,noexec', image, second], { stdio: 'pipe' });
      expect(optionsOf(second)).toMatch(/^rw,nosuid,nodev,noexec,/);
      fs.writeFileSync(path.join(target, 'first'), 'place');
      fs.renameSync(path.join(second, 'first'), path.join(second, 'again'));
      expect(fs.readFileSync(path.join(target, 'again'), 'utf8')).toBe('place');
      execFileSync('umount', ['-i', target]);
      expect(fs.readFileSync(path.join(second, 'again'), 'utf8')).toBe('place');
      await mustCommand('umount', second);
      await until(() => !isAlive(pid), 'its process ends');
      await expectClean();
      expect(await contentOf('/again')).toBe('place');
    });

    test('a failure ends mount(8) with its exit code for failures', () => {
      const { status, stderr } = spawnSync('mount', ['-t', type, `${image}-not`, target]);
      expect(status).toBe(32);
      expect(stderr.toString()).toMatch(/there is no such file \(ENOENT\)/);
    });
  });

  describe('that fails gives a reason and an exit code, and leaves nothing behind:', () => {
    const file = path.join(folder, 'a file');
    const full = path.join(folder, 'full');
    beforeAll(() => {
      fs.writeFileSync(file, '');
      fs.mkdirSync(path.join(full, 'x'), { recursive: true });
    });

    test.each([
      [() => [image, path.join(folder, 'no')], /there is no such directory \(ENOENT\)/, 1],
      [() => [image, file], /it is not a directory \(ENOTDIR\)/, 1],
      [() => [image, full], /the directory is not empty.* \(ENOTEMPTY\)/, 1],
      [() => [image, '/proc'], /is mounted there already \(ERR_TARGET_IN_USE\)/, 1],
      [() => [`${image}-not`, target], /there is no such file \(ENOENT\)/, 1],
      [() => [file, target], /the file is empty \(ERR_SOURCE_EMPTY\)/, 1],
      [() => [image, target, '--volume', '7'], /\(ERR_NO_SUCH_VOLUME\)/, 1],
      [() => [image, target, '--type', 'foo'], /\(ERR_UNKNOWN_TYPE\)/, 1],
      [() => [image], /mount: missing required argument 'target'/, 2],
      [() => [image, target, '--permissions', 'x'], /permissions.*is invalid/, 2],
      [() => [image, target, '--uid-map', 'x'], /"x" is not a mapping \(ERR_USAGE\)/, 2],
      [() => [image, target, '--host-options', 'x'], /"x" is no flag of a mount/, 2],
      [() => [image, target, '--options', 'rw'], /"rw" does not allow writing \(ERR_USAGE\)/, 2],
      [() => [image, target, '--memory', '1M'], /\(ERR_MEMORY_SIZE\)/, 2],
      [() => [image, target, '--log', '/no/x'], /the log cannot be written there \(ENOENT\)/, 1],
      [() => [image, target, '--trace', '/no/x'], /the trace cannot be written.* \(ENOENT\)/, 1],
    ])('%#: %s', async (args, why, expected) => {
      const { code, stdout, stderr } = await runCommand(['mount', ...args()]);
      expect(stderr).toMatch(why);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect([code, stdout.toString()]).toEqual([expected, '']);
      expect(await statuses()).toEqual([]);
    });
  });

  test('a place without a mount cannot be unmounted', async () => {
    const { code, stderr } = await runCommand(['umount', target]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${target}: fsbridge has nothing mounted there (ERR_NOT_MOUNTED)`);
  });
});
