/**
 * The fsbridge command as a user sees it: its messages, its exit codes, and what it never changes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustCommand, runCommand, startCommand } from '../support/cli/command.ts';
import { cannotMount } from '../support/kernel-volume.ts';
import { describeUnless, testUnless } from '../support/needs.ts';

const missing = cannotMount();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-cli-'));
const image = path.join(folder, 'disk.img');

function makeExt4(file: string, ...options: string[]): void {
  fs.writeFileSync(file, '');
  fs.truncateSync(file, 16 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-F', ...options, file], { stdio: 'pipe' });
}

const hashOf = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** An error has two lines: what happened, with its code, and what to do. */
function expectError(stderr: string, first: RegExp): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^fsbridge: .+: .+ \([A-Z0-9_]+\)$/);
  expect(lines[0]).toMatch(first);
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(stderr).not.toMatch(/^\s+at /m);
}

beforeAll(() => {
  if (missing === undefined) makeExt4(image, '-L', 'cli-test');
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe('wrong usage ends with 2 and a message that shows the mistake:', () => {
  test.each([
    [['frobnicate'], /unknown command 'frobnicate'.*\(ERR_USAGE\)/],
    [['ls'], /ls: missing required argument 'source'/],
    [['ls', '--frob', 'x'], /ls: unknown option '--frob'/],
    [['ls', '--memory', '1M', 'x'], /--memory: .*ERR_MEMORY_SIZE/],
    [['ls', '--memory', 'much', 'x'], /"much" is not a size/],
    [['ls', '--rw', '--read-only', 'x'], /'--read-only' cannot be used with option '--rw'/],
    [['mkdir', '--mode', '999', 'x', '/a', '--rw'], /"999" is not a mode/],
    [['put', 'x', 'y', '/z'], /put: .*\(ERR_READ_ONLY\)/],
    [['rm', 'x', '/y'], /rm: .*\(ERR_READ_ONLY\)/],
  ])('fsbridge %j', async (args, first) => {
    const { code, stdout, stderr } = await runCommand(args);
    expectError(stderr, first);
    expect(code).toBe(2);
    expect(stdout.toString()).toBe('');
  });
});

test('every command has examples in its help', async () => {
  const help = (await mustCommand('--help')).toString();
  const names = [
    ...['probe', 'mount', 'umount', 'status', 'ls', 'cat', 'get', 'put', 'rm', 'mkdir', 'mv', 'ln'],
    ...['manifest', 'df'],
  ];
  for (const name of names) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
  const texts = await Promise.all(names.map((name) => mustCommand(name, '--help')));
  texts.forEach((text, index) => {
    expect(text.toString()).toContain(`Examples:\n  fsbridge ${names[index]} `);
  });
});

test('the version is the package’s, through a link and from any folder', async () => {
  const link = path.join(folder, 'linked');
  fs.symlinkSync(
    path.relative(folder, path.resolve(import.meta.dirname, '../../bin/fsbridge')),
    link,
  );
  const manifest = path.resolve(import.meta.dirname, '../../package.json');
  const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string };
  const { code, stdout } = await runCommand(['--version'], { program: link, cwd: os.tmpdir() });
  expect([code, stdout.toString()]).toEqual([0, `${version}\n`]);
});

test('a source that does not exist is a failure with the host’s code', async () => {
  const { code, stderr } = await runCommand(['ls', path.join(folder, 'nothing.img')]);
  expectError(stderr, /nothing\.img: .*\(ENOENT\)/);
  expect(code).toBe(1);
});

describeUnless(missing)('on a volume', () => {
  test('probe shows its facts', async () => {
    const [source] = JSON.parse((await mustCommand('probe', '--json', image)).toString());
    expect(source).toMatchObject({ source: image, sizeBytes: 16 * 1024 * 1024 });
    expect(source.volumes).toEqual([
      expect.objectContaining({ id: 'disk', type: 'ext4', label: 'cli-test', state: 'clean' }),
    ]);
    expect(source.volumes[0].usedBytes).toBeGreaterThan(0);
    expect((await mustCommand('probe', image)).toString()).toMatch(/disk +ext4 +cli-test /);
  });

  test('reading changes no byte of the source, even if it fails', async () => {
    const before = hashOf(image);
    await mustCommand('df', image);
    await mustCommand('manifest', '--hash', image);
    const { code, stderr } = await runCommand(['cat', image, '/nope']);
    expectError(stderr, /^fsbridge: \/nope: .*\(ENOENT\)$/);
    expect(code).toBe(1);
    expect(hashOf(image)).toBe(before);
  });

  test('rm asks for -r to remove a directory, and refuses the root', async () => {
    const directory = await runCommand(['rm', image, '/lost+found', '--rw']);
    expectError(directory.stderr, /\/lost\+found: is a directory \(EISDIR\)/);
    expect(directory.stderr).toContain('-r');
    const root = await runCommand(['rm', '-r', image, '/', '--rw']);
    expectError(root.stderr, /EBUSY/);
    expect([directory.code, root.code]).toEqual([1, 1]);
    expect((await runCommand(['rm', '-f', image, '/nope', '--rw'])).code).toBe(0);
  });

  test('a type that the kernel refuses or lacks is reported with its code', async () => {
    const refused = await runCommand(['ls', '--type', 'xfs', image]);
    expectError(refused.stderr, /cannot be mounted as xfs: .*\(EINVAL\)/);
    const unknown = await runCommand(['ls', '--type', 'nosuchfs', image]);
    expectError(unknown.stderr, /nosuchfs: .*\(ERR_UNKNOWN_TYPE\)/);
    expect(unknown.stderr).toMatch(/btrfs.* ext4.* xfs/);
    expect([refused.code, unknown.code]).toEqual([1, 1]);
  });

  test('the error for a volume that does not exist lists those that do', async () => {
    const { code, stderr } = await runCommand(['ls', '--volume', '7', image]);
    expectError(stderr, /has no volume 7; there is: disk \(ext4 "cli-test"\).*ERR_NO_SUCH_VOLUME/);
    expect(code).toBe(1);
  });

  test('noise is not a file system', async () => {
    const noise = path.join(folder, 'noise.img');
    fs.writeFileSync(noise, Buffer.alloc(1024 * 1024, 'noise'));
    const { code, stderr } = await runCommand(['ls', noise]);
    expectError(stderr, /ERR_NO_FILE_SYSTEM/);
    expect(code).toBe(1);
    expect((await mustCommand('probe', noise)).toString()).toMatch(/not recognised/);
  });

  test('a command ends without a message when its reader goes away', async () => {
    const child = startCommand(['manifest', '--hash', image]);
    let stderr = '';
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdout?.destroy();
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  });
});

testUnless(missing)(
  'cat of an image that becomes shorter ends with 1 and says so once',
  async () => {
    const tree = path.join(folder, 'long');
    fs.mkdirSync(tree);
    fs.writeFileSync(path.join(tree, 'file'), Buffer.alloc(12 * 1024 * 1024, 'fsbridge'));
    const shrinking = path.join(folder, 'shrinking.img');
    makeExt4(shrinking, '-d', tree);
    const child = startCommand(['cat', shrinking, '/file']);
    let stderr = '';
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('the command has no output');
    await once(stdout, 'readable');
    fs.truncateSync(shrinking, 1024 * 1024);
    stdout.resume();
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(
      stderr.split('the source became shorter: it had 16777216 bytes and has 1048576'),
    ).toHaveLength(2);
  },
);
