/**
 * The same random operations on a VolumeFs and on node:fs/promises in a folder of the host must
 * have the same results, the same errors, and leave the same tree.
 *
 * FSBRIDGE_SEED repeats a run, and is printed; FSBRIDGE_RUNS asks for more than 60 sequences.
 */
import { Buffer } from 'node:buffer';
import type { CopyOptions } from 'node:fs';
import host from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VolumeFs } from '../../../src/node-fs/volume-fs.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const reason = process.platform === 'linux' ? cannotMount() : 'the host is not Linux';
const seed = Number(process.env['FSBRIDGE_SEED'] ?? Date.now() % 0x7fffffff);

/** One of the two, with its folder, and a folder around that for links to "../a". */
interface World {
  readonly fs: typeof host | VolumeFs;
  readonly around: string;
  readonly folder: string;
}

interface Operation {
  readonly text: string;
  run(world: World): Promise<unknown>;
}

/** The functions of both that this test calls. */
type Common = typeof host;

function operation(
  name: string,
  args: readonly unknown[],
  run: (fs: Common, at: (name: string) => string) => Promise<unknown>,
): Operation {
  return {
    text: `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
    run: ({ fs, folder }) => run(fs as unknown as Common, (file) => `${folder}/${file}`),
  };
}

const names = ['a', 'b', 'c', 'ä', 'a/b', 'a/c', 'b/a', 'b/a/c', 'a/b/c', 'a/', 'c/../b', './a/.'];
const name = fc.constantFrom(...names);
const target = fc.constantFrom('a', 'b', 'c', 'nowhere', '../a', 'a/b', './c', 'ä');
const data = fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom('x'.repeat(5000), ''));
const flag = fc.constantFrom('w', 'wx', 'a', 'ax', 'r+', 'w+', 'a+', 'r', 'as');
const openFlag = fc.constantFrom('r', 'r+', 'w+', 'wx+', 'a+', 'a', 'w');
const mode = fc.constantFrom(0o700, 0o755, 0o777, '750');
const yes = fc.boolean();
const size = fc.constantFrom(0, 1, 7, 4096, 10_000, -3);
const time = fc.constantFrom<number | string | Date>(
  0,
  1e9,
  1234567890.5,
  '12',
  new Date(1.7e12 + 3),
);

const pathOperations = fc.oneof(
  fc
    .tuple(name, data, flag)
    .map((a) =>
      operation('writeFile', a, (fs, at) => fs.writeFile(at(a[0]), a[1], { flag: a[2] })),
    ),
  fc
    .tuple(name, data)
    .map((a) => operation('appendFile', a, (fs, at) => fs.appendFile(at(a[0]), a[1]))),
  name.map((a) => operation('readFile', [a], (fs, at) => fs.readFile(at(a), 'utf8'))),
  fc
    .tuple(name, yes, mode)
    .map((a) =>
      operation('mkdir', a, (fs, at) => fs.mkdir(at(a[0]), { recursive: a[1], mode: a[2] })),
    ),
  name.map((a) => operation('rmdir', [a], (fs, at) => fs.rmdir(at(a)))),
  name.map((a) => operation('unlink', [a], (fs, at) => fs.unlink(at(a)))),
  fc
    .tuple(name, yes, yes)
    .map((a) => operation('rm', a, (fs, at) => fs.rm(at(a[0]), { recursive: a[1], force: a[2] }))),
  fc
    .tuple(name, name)
    .map((a) => operation('rename', a, (fs, at) => fs.rename(at(a[0]), at(a[1])))),
  fc.tuple(name, name).map((a) => operation('link', a, (fs, at) => fs.link(at(a[0]), at(a[1])))),
  fc
    .tuple(target, name)
    .map((a) => operation('symlink', a, (fs, at) => fs.symlink(a[0], at(a[1])))),
  name.map((a) => operation('readlink', [a], (fs, at) => fs.readlink(at(a)))),
  name.map((a) => operation('realpath', [a], (fs, at) => fs.realpath(at(a)))),
  fc
    .tuple(name, size)
    .map((a) => operation('truncate', a, (fs, at) => fs.truncate(at(a[0]), a[1]))),
  fc.tuple(name, mode).map((a) => operation('chmod', a, (fs, at) => fs.chmod(at(a[0]), a[1]))),
  fc
    .tuple(name, fc.constantFrom(0, 1, 2, 4))
    .map((a) => operation('access', a, (fs, at) => fs.access(at(a[0]), a[1]))),
  name.map((a) => operation('stat', [a], async (fs, at) => shown(await fs.stat(at(a))))),
  name.map((a) => operation('lstat', [a], async (fs, at) => shown(await fs.lstat(at(a))))),
  fc.tuple(name, time, time, yes).map((a) =>
    operation('utimes', a, async (fs, at) => {
      await (a[3] ? fs.lutimes : fs.utimes).call(fs, at(a[0]), a[1], a[2]);
      // Node converts times to a double, which is some nanoseconds off.
      const { atime, mtime } = await fs.lstat(at(a[0]));
      return a[3] ? { atime, mtime } : undefined;
    }),
  ),
);

/** fs.cp, limited to cases with one right outcome. */
async function copied(
  fs: Common,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<unknown> {
  const parent = path.dirname(path.resolve(to));
  const real = await fs.realpath(parent).catch(() => parent);
  // Through a link Node copies a tree into itself.
  if (real !== parent) return undefined;
  const existing = await fs.lstat(to).catch(() => undefined);
  try {
    return await fs.cp(from, to, options);
  } catch (error) {
    // Both sides are examined at the same time, and either's failure may be thrown.
    if ((error as NodeJS.ErrnoException).syscall === 'lstat') return 'cannot look at one of them';
    if (existing?.isDirectory() !== true) throw error;
    // How much was copied before the failure depends on the order in a directory.
    await fs.rm(to, { recursive: true, force: true });
    return 'failed';
  }
}

const treeOperations = fc.oneof(
  fc.tuple(name, name, fc.constantFrom(0, 1, 2)).map((a) =>
    operation('copyFile', a, async (fs, at) => {
      // Node removes the target before it throws EISDIR, which VolumeFs does not.
      if ((await fs.stat(at(a[0]))).isDirectory()) return undefined;
      return fs.copyFile(at(a[0]), at(a[1]), a[2]);
    }),
  ),
  fc
    .tuple(
      name,
      name,
      fc.record({ recursive: yes, force: yes, errorOnExist: yes, verbatimSymlinks: yes }),
    )
    .map((a) => operation('cp', a, (fs, at) => copied(fs, at(a[0]), at(a[1]), a[2]))),
  name.map((a) => operation('readdir', [a], (fs, at) => fs.readdir(at(a)))),
  name.map((a) =>
    operation('readdir with types', [a], async (fs, at) =>
      (await fs.readdir(at(a), { withFileTypes: true })).map((entry) => [
        entry.name,
        entry.parentPath,
        kind(entry),
      ]),
    ),
  ),
  name.map((a) =>
    operation('opendir', [a], async (fs, at) => {
      const found: string[] = [];
      for await (const entry of await fs.opendir(at(a))) found.push(String(entry.name));
      return found.sort();
    }),
  ),
);

const handleOperations = fc.tuple(name, openFlag, fc.array(fc.nat(8), { maxLength: 6 })).map((a) =>
  operation('open', a, async (fs, at) => {
    await using handle = await fs.open(at(a[0]), a[1]);
    const results: unknown[] = [];
    for (const step of a[2]) results.push(await outcome(onHandle(handle, step)));
    return results;
  }),
);

async function onHandle(handle: host.FileHandle, step: number): Promise<unknown> {
  switch (step) {
    case 0:
      return (await handle.write('some text')).bytesWritten;
    case 1:
      return (await handle.write(Buffer.from('0123456789'), 2, 5, 3)).bytesWritten;
    case 2: {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(10), 1, 6, null);
      return [bytesRead, buffer.toString('hex')];
    }
    case 3: {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(10), { position: 2 });
      return [bytesRead, buffer.toString('hex')];
    }
    case 4:
      return handle.readFile('utf8');
    case 5:
      return handle.truncate(4);
    case 6:
      return (await handle.writev([Buffer.from('ab'), Buffer.from('cde')])).bytesWritten;
    case 7: {
      const buffers = [Buffer.alloc(3), Buffer.alloc(4)];
      const { bytesRead } = await handle.readv(buffers, 1);
      return [bytesRead, Buffer.concat(buffers).toString('hex')];
    }
    default:
      return shown(await handle.stat());
  }
}

function kind(entry: KindOnly): string {
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'link';
  return entry.isFile() ? 'file' : 'other';
}

interface KindOnly {
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFile(): boolean;
}

/** What is the same on every file system. */
function shown(stats: KindOnly & { mode: number; nlink: number; size: number }): unknown {
  const { mode, nlink, size } = stats;
  // The text of a link that cp made contains its world's path.
  return kind(stats) === 'file' ? { mode, nlink, size } : { mode };
}

/** The result, or the parts of an error that must be the same. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await promise };
  } catch (error) {
    const { code, syscall, path: where, dest } = error as NodeJS.ErrnoException & { dest?: string };
    if (code === undefined) throw error;
    return { code: code.replace('EOPNOTSUPP', 'ENOTSUP'), syscall, where, dest };
  }
}

/** The same outcome with the world's folder taken out of every string. */
function withoutFolder(value: unknown, folder: string): unknown {
  const replaced = (_key: string, part: unknown): unknown => {
    if (typeof part === 'bigint') return `${part}n`;
    return typeof part === 'string' ? part.replaceAll(folder, '') : part;
  };
  return JSON.parse(JSON.stringify({ value }, replaced));
}

/** Everything in the world: type, permissions, content. */
async function snapshot({ fs, around: folder }: World): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const common = fs as unknown as Common;
  const queue = [''];
  for (const below of queue) {
    for (const entry of await common.readdir(`${folder}/${below}`)) {
      const inside = `${below}/${entry}`;
      const full = folder + inside;
      const stats = await common.lstat(full);
      const type = kind(stats);
      if (type === 'directory') queue.push(inside);
      const content =
        type === 'file'
          ? await common.readFile(full, 'utf8')
          : type === 'link'
            ? (await common.readlink(full)).replaceAll(folder, '')
            : undefined;
      found[inside] = { type, stats: type === 'link' ? undefined : shown(stats), content };
    }
  }
  return found;
}

describeUnless(reason)('a VolumeFs compared with node:fs (ext4)', () => {
  let mounted: FreshVolume;
  let folder: string;
  let runs = 0;
  beforeAll(async () => {
    mounted = await mountFresh('ext4');
    mounted.fs.umask = process.umask();
    folder = await host.realpath(await host.mkdtemp(path.join(os.tmpdir(), 'fsbridge-like-')));
    console.log(`like-node: FSBRIDGE_SEED=${seed}`);
  }, 30_000);
  afterAll(async () => {
    await host.rm(folder, { recursive: true, force: true });
    await mounted?.close();
  });

  async function worlds(): Promise<[World, World]> {
    const run = `run${runs++}`;
    const pair: [World, World] = [
      { fs: mounted.fs, around: `/${run}`, folder: `/${run}/in` },
      { fs: host, around: `${folder}/${run}`, folder: `${folder}/${run}/in` },
    ];
    for (const { fs, folder: inside } of pair) {
      await fs.mkdir(`${inside}/a/b`, { recursive: true });
      await fs.writeFile(`${inside}/a/c`, 'one');
      await fs.writeFile(`${inside}/c`, 'two');
    }
    return pair;
  }

  test('answers and fails as Node does, and leaves the same tree', async () => {
    const operations = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: pathOperations },
        { weight: 3, arbitrary: treeOperations },
        { weight: 2, arbitrary: handleOperations },
      ),
      { minLength: 1, maxLength: 40, size: 'max' },
    );
    const property = fc.asyncProperty(operations, async (sequence) => {
      const [ours, theirs] = await worlds();
      const done: string[] = [];
      for (const { text, run } of sequence) {
        done.push(text);
        const answer = withoutFolder(await outcome(run(ours)), ours.around);
        const expected = withoutFolder(await outcome(run(theirs)), theirs.around);
        expect(answer, `after ${done.join('\n')}`).toEqual(expected);
      }
      expect(await snapshot(ours), `after ${done.join('\n')}`).toEqual(await snapshot(theirs));
      for (const world of [ours, theirs]) {
        await world.fs.rm(world.around, { recursive: true, force: true });
      }
    });
    await fc.assert(property, {
      seed,
      numRuns: Number(process.env['FSBRIDGE_RUNS'] ?? 60),
      interruptAfterTimeLimit: 60_000,
    });
  }, 120_000);
});
