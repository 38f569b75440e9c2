/**
 * The cases of the mount: the work of ordinary programs. Each case returns its own number, because
 * fio and dbench measure themselves and every other program is timed from outside.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../cleanup.ts';
import { buffers } from '../subjects/subject.ts';
import { type MountSizes, treePaths } from './image.ts';
import { hasProgram, type Mount } from './mounts.ts';

const mib = 1048576;

/** The folders and sizes that a case works with. */
export interface Place {
  readonly mount: Mount;
  /** The mount's folder. */
  readonly at: string;
  /** A folder of the host with source.tar. */
  readonly folder: string;
  readonly sizes: MountSizes;
}

export interface MountCase {
  readonly name: string;
  readonly unit: 'MiB/s' | 'per s' | 'ms' | 's' | 'MiB';
  /** The aim: fsbridge's speed as a part of native's. */
  readonly aim?: number;
  /** The aim against fuse2fs: how many times faster than it. */
  readonly aheadOfFuse2fs?: number;
  /** The upper limit, in the case's unit. */
  readonly maximum?: number;
  /** Whether nothing is cached before each round. */
  readonly cold?: boolean;
  /** Whether the case runs once before the clock starts. */
  readonly warmUp?: boolean;
  /** The program that the case needs. Without the program the case is left out. */
  readonly program?: string;
  /** Runs the case and returns its number; undefined if this mount has none. */
  run(place: Place): number | undefined;
  clean?(place: Place): void;
}

export const lowerIsBetter = (item: MountCase): boolean =>
  item.unit === 'ms' || item.unit === 's' || item.unit === 'MiB';

function seconds(work: () => void): number {
  const startMs = performance.now();
  work();
  return (performance.now() - startMs) / 1000;
}

function shell(line: string, cwd: string): void {
  execFileSync('sh', ['-ec', line], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** MiB a second of reading a file from its first to its last byte. */
function readAll(file: string): number {
  const [buffer] = buffers(1, mib) as [Buffer];
  let total = 0;
  const took = seconds(() => {
    const fd = fs.openSync(file, 'r');
    for (;;) {
      const count = fs.readSync(fd, buffer, 0, mib, null);
      if (count === 0) break;
      total += count;
    }
    fs.closeSync(fd);
  });
  return total / mib / took;
}

function writeAll(file: string, lengthBytes: number, sync: boolean): number {
  const [buffer] = buffers(1, mib) as [Buffer];
  const took = seconds(() => {
    const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    for (let at = 0; at < lengthBytes; at += mib) fs.writeSync(fd, buffer, 0, mib, at);
    if (sync) fs.fsyncSync(fd);
    fs.closeSync(fd);
  });
  return lengthBytes / mib / took;
}

const dataCases: readonly MountCase[] = [
  {
    ...{ name: 'read 1 MiB, cold', unit: 'MiB/s', aim: 0.9, aheadOfFuse2fs: 1, cold: true },
    run: ({ at }) => readAll(path.join(at, 'cold.bin')),
  },
  {
    ...{ name: 'read 1 MiB, warm', unit: 'MiB/s', aim: 1, aheadOfFuse2fs: 1, warmUp: true },
    run: ({ at }) => readAll(path.join(at, 'warm.bin')),
  },
  {
    ...{ name: 'write 1 MiB, new file, fsync', unit: 'MiB/s', aheadOfFuse2fs: 1, cold: true },
    run: ({ at, sizes }) => writeAll(path.join(at, 'new.bin'), sizes.coldBytes, true),
    clean: ({ at }) => fs.rmSync(path.join(at, 'new.bin')),
  },
  {
    ...{ name: 'write 1 MiB, over old data, no fsync', unit: 'MiB/s', aheadOfFuse2fs: 1 },
    warmUp: true,
    run: ({ at, sizes }) => writeAll(path.join(at, 'warm.bin'), sizes.warmBytes, false),
  },
];

interface FioReport {
  readonly jobs: readonly { read: { iops: number }; write: { iops: number } }[];
}

/** Operations a second that fio counted: past the host's cache, so that each reaches the mount. */
function fio(place: Place, pattern: 'randread' | 'randwrite', depth: number): number {
  const { at, sizes } = place;
  const said = execFileSync('fio', [
    ...['--name=bench', `--filename=${path.join(at, 'random.bin')}`, '--output-format=json'],
    ...[`--rw=${pattern}`, '--bs=4k', '--direct=1', '--ioengine=libaio', `--iodepth=${depth}`],
    ...['--time_based', `--runtime=${sizes.fioSeconds}`, '--randseed=20261121', '--norandommap'],
  ]);
  const [job] = (JSON.parse(said.toString()) as FioReport).jobs;
  if (job === undefined) throw new Error('fio: no job');
  return pattern === 'randread' ? job.read.iops : job.write.iops;
}

const randomCases: readonly MountCase[] = (['randread', 'randwrite'] as const).flatMap((pattern) =>
  [1, 32].map((depth): MountCase => {
    const does = pattern === 'randread' ? 'read' : 'write';
    return {
      name: `${does} 4 KiB at random (fio), depth ${depth}`,
      ...{ unit: 'per s', aheadOfFuse2fs: 1, program: 'fio', warmUp: true },
      run: (place) => fio(place, pattern, depth),
    };
  }),
);

const listing = 'find tree -ls > /dev/null';

const treeCases: readonly MountCase[] = [
  {
    ...{ name: 'find -ls, cold', unit: 's', aim: 1 / 3, aheadOfFuse2fs: 3, cold: true },
    run: ({ at }) => seconds(() => shell(listing, at)),
  },
  {
    ...{ name: 'find -ls, warm', unit: 's', warmUp: true, aheadOfFuse2fs: 1 },
    run: ({ at }) => seconds(() => shell(listing, at)),
  },
  {
    ...{ name: 'stat, warm', unit: 'per s', warmUp: true, aheadOfFuse2fs: 1 },
    run({ at, sizes }) {
      const files = treePaths(sizes.treeFiles).map((file) => path.join(at, file));
      const took = seconds(() => {
        for (const file of files) fs.statSync(file);
      });
      return files.length / took;
    },
  },
  {
    ...{ name: 'tar c of the sources, cold', unit: 's', cold: true, aheadOfFuse2fs: 1 },
    // The output goes to a pipe: tar reads no files if the archive is /dev/null.
    run: ({ at }) => seconds(() => shell('tar c git | cat > /dev/null', at)),
  },
  {
    ...{ name: 'git status, cold', unit: 's', cold: true, aheadOfFuse2fs: 1, program: 'git' },
    run: ({ at }) => seconds(() => shell('git -C git status --porcelain', at)),
  },
  {
    ...{ name: 'git status, warm', unit: 's', warmUp: true, aheadOfFuse2fs: 1, program: 'git' },
    run: ({ at }) => seconds(() => shell('git -C git status --porcelain', at)),
  },
];

function remove(...names: readonly string[]): (place: Place) => void {
  return ({ at }) => run('rm', '-rf', ...names.map((name) => path.join(at, name)));
}

const changeCases: readonly MountCase[] = [
  {
    ...{ name: 'tar x of the sources', unit: 's', aheadOfFuse2fs: 3 },
    run: ({ at, folder }) =>
      seconds(() => run('tar', '-C', at, '-xf', path.join(folder, 'source.tar'))),
    clean: remove('source'),
  },
  {
    ...{ name: 'cp -a of the sources', unit: 's', aheadOfFuse2fs: 1 },
    run: ({ at }) => seconds(() => shell('cp -a git copy', at)),
    clean: remove('copy'),
  },
  {
    ...{ name: 'rm -r of the sources', unit: 's', aheadOfFuse2fs: 3 },
    run(place) {
      const { at, folder, mount } = place;
      run('tar', '-C', at, '-xf', path.join(folder, 'source.tar'));
      mount.settle();
      return seconds(() => shell('rm -r source', at));
    },
  },
  {
    ...{ name: 'create in one directory', unit: 'per s', aheadOfFuse2fs: 3 },
    run({ at, sizes }) {
      fs.mkdirSync(path.join(at, 'many'));
      const took = seconds(() => {
        for (let index = 0; index < sizes.createFiles; index++) {
          fs.closeSync(fs.openSync(path.join(at, 'many', `new-${index}`), 'wx', 0o644));
        }
      });
      return sizes.createFiles / took;
    },
    clean: remove('many'),
  },
  {
    ...{ name: 'dbench, 8 clients', unit: 'MiB/s', aheadOfFuse2fs: 1, program: 'dbench' },
    run({ at, sizes }) {
      const work = path.join(at, 'dbench');
      fs.mkdirSync(work);
      const argv = ['-t', `${sizes.dbenchSeconds}`, '-D', work, '8'];
      const said = execFileSync('dbench', argv, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
      const rate = /^Throughput ([\d.]+) MB\/sec/m.exec(said)?.[1];
      return rate === undefined ? undefined : Number(rate);
    },
    clean: remove('dbench'),
  },
];

const lifeCases: readonly MountCase[] = [
  {
    ...{ name: 'from the command to the first byte', unit: 'ms', maximum: 250, warmUp: true },
    run({ mount, at }) {
      mount.unmount();
      return (
        1000 *
        seconds(() => {
          mount.mount();
          const fd = fs.openSync(path.join(at, 'warm.bin'), 'r');
          fs.readSync(fd, Buffer.alloc(4096), 0, 4096, 0);
          fs.closeSync(fd);
        })
      );
    },
  },
  {
    // The limit is the kernel's memory (--memory, 256 MiB) plus 100 MiB.
    ...{ name: 'memory, all of the above done', unit: 'MiB', maximum: 356 },
    run({ mount }) {
      const bytes = mount.residentBytes();
      return bytes === undefined ? undefined : bytes / mib;
    },
  },
];

/** All cases, in the table's order. */
export const mountCases: readonly MountCase[] = [
  lifeCases[0] as MountCase,
  ...dataCases,
  ...randomCases,
  ...treeCases,
  ...changeCases,
  lifeCases[1] as MountCase,
];

/** The reason why a case cannot be measured here; undefined if it can. */
export function missingFor(item: MountCase): string | undefined {
  return item.program === undefined || hasProgram(item.program)
    ? undefined
    : `${item.program} is not installed`;
}
