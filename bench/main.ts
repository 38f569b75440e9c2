/**
 * npm run bench: fsbridge against the host's own kernel and against peers, on copies of one image,
 * in one run. What is measured and how: README.md here. Results go to stdout, all else to stderr.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, cases } from './cases.ts';
import { atEnd } from './cleanup.ts';
import { canDropCaches, isRoot } from './host-cache.ts';
import {
  copyImage,
  type FsType,
  fill,
  fsTypes,
  fullSizes,
  makeImage,
  quickSizes,
  type Sizes,
} from './image.ts';
import { fullRounds, measure, quickRounds, type Rounds } from './measure.ts';
import { fullMountSizes, type MountSizes, quickMountSizes } from './mount/image.ts';
import { benchMounts } from './mount/run.ts';
import { type Result, ratio, toJson, toTable } from './report.ts';
import { measureStartup } from './startup.ts';
import { FsBridge } from './subjects/fsbridge.ts';
import { LoopMount, NativeAsync, NativeSync } from './subjects/native.ts';
import type { Subject } from './subjects/subject.ts';
import { windowsResults } from './windows/results.ts';

const help = `Usage: npm run bench -- [OPTION...]
Measures fsbridge against the native kernel's loop mount and, on ext4, against npm's ext2fs; then
fsbridge's FUSE mount, with ordinary programs, against the native mount and, on ext4, fuse2fs.
It needs mkfs for the file system, and root for what is native or cold; 4 GB of disk for a while.

  --type TYPE    ext4 (default), xfs, btrfs or all
  --only REGEX   only the cases whose name matches
  --mount        only the FUSE mount
  --library      only fsbridge in this process
  --quick        smaller files and fewer rounds: a minute, and coarser numbers
  --dir DIR      where the images go: on a real disk, not tmpfs (default: ${os.tmpdir()})
  --json         the results as JSON, and nothing else, on stdout
  --help         this text
`;

interface Options {
  readonly types: readonly FsType[];
  readonly only: RegExp;
  readonly sizes: Sizes;
  readonly rounds: Rounds;
  readonly startups: number;
  readonly library: boolean;
  readonly mount: boolean;
  readonly mountSizes: MountSizes;
  readonly folder: string;
  readonly json: boolean;
}

function print(text: string): void {
  process.stderr.write(text);
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      type: { type: 'string', default: 'ext4' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      mount: { type: 'boolean', default: false },
      library: { type: 'boolean', default: false },
      dir: { type: 'string', default: os.tmpdir() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const types = values.type === 'all' ? fsTypes : fsTypes.filter((type) => type === values.type);
  if (types.length === 0)
    throw new Error(`--type ${values.type}: one of ${fsTypes.join(', ')}, all`);
  return {
    types,
    only: new RegExp(values.only, 'i'),
    sizes: values.quick ? quickSizes : fullSizes,
    rounds: values.quick ? quickRounds : fullRounds,
    startups: values.quick ? 3 : 7,
    library: values.library || !values.mount,
    mount: values.mount || !values.library,
    mountSizes: values.quick ? quickMountSizes : fullMountSizes,
    folder: values.dir,
    json: values.json,
  };
}

/**
 * Makes and fills the image: through the host's kernel if it can mount it, else through fsbridge.
 */
async function makeTemplate(file: string, type: FsType, sizes: Sizes): Promise<boolean> {
  makeImage(file, type);
  let reason = 'that needs root on Linux';
  if (isRoot()) {
    try {
      const native = new NativeSync(new LoopMount(file, `${file}.mount`));
      await fill(native, sizes);
      await native.close();
      return true;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  print(`Native is left out: the image cannot be mounted by this computer's kernel (${reason}).\n`);
  const bridge = await FsBridge.open(file, type);
  await fill(bridge, sizes);
  await bridge.close();
  return false;
}

/** Opens each subject on its own copy of the image. */
async function openSubjects(folder: string, type: FsType, hasNative: boolean): Promise<Subject[]> {
  const copy = (name: string): string => {
    const file = path.join(folder, `${name}.img`);
    copyImage(path.join(folder, 'template.img'), file);
    return file;
  };
  const subjects: Subject[] = [];
  if (hasNative) {
    const mount = new LoopMount(copy('native'), path.join(folder, 'mount'));
    subjects.push(new NativeSync(mount), new NativeAsync(mount));
  }
  subjects.push(await FsBridge.open(copy('fsbridge'), type));
  if (type === 'ext4') {
    const { Ext2fs } = await import('./subjects/ext2fs.ts');
    subjects.push(await Ext2fs.open(copy('ext2fs')));
  }
  return subjects;
}

function toResult(item: Case, speeds: ReadonlyMap<Subject, number>, prefix: string): Result {
  let native: number | undefined;
  let fsbridge: number | undefined;
  const peers: Record<string, number> = {};
  for (const [subject, speed] of speeds) {
    if (subject instanceof NativeSync) native = Math.max(native ?? 0, speed);
    else if (subject instanceof FsBridge) fsbridge = speed;
    else peers[subject.name] = speed;
  }
  return {
    name: prefix + item.name,
    unit: item.unit,
    better: 'higher',
    ...(item.aim === undefined ? {} : { aim: item.aim }),
    ...(native === undefined ? {} : { native }),
    ...(fsbridge === undefined ? {} : { fsbridge }),
    peers,
  };
}

async function runCase(
  item: Case,
  subjects: readonly Subject[],
  rounds: Rounds,
  prefix: string,
): Promise<Result> {
  print(`${prefix}${item.name} ... `);
  const speeds = await measure(item, subjects, rounds);
  const result = toResult(item, speeds, prefix);
  const parts = [...speeds].map(([subject, speed]) => `${subject.name} ${Math.round(speed)}`);
  const part = ratio(result, result.native);
  print(
    `${parts.join(', ')} ${item.unit}${part === undefined ? '' : `; ratio ${part.toFixed(2)}`}\n`,
  );
  await warnUnlessCached(item, subjects);
  return result;
}

/** Warns if a warm round read from the disk: then fsbridge's cache is too small for the case. */
async function warnUnlessCached(item: Case, subjects: readonly Subject[]): Promise<void> {
  const bridge = subjects.find((subject) => subject instanceof FsBridge);
  const reads = item.needs.includes('readSequential') || item.needs.includes('readRandom');
  if (bridge === undefined || item.cold || !reads) return;
  const before = bridge.diskReads;
  await item.run(bridge);
  const after = bridge.diskReads;
  if (after > before)
    print(`  not quite warm: fsbridge read ${after - before} times from the disk\n`);
}

function startupResults(image: string, type: FsType, options: Options, prefix: string): Result[] {
  const names = ['boot', 'boot to first byte'] as const;
  const wanted = names.filter((name) => options.only.test(name));
  if (wanted.length === 0) return [];
  print(`${prefix}boot, boot to first byte ... `);
  const { bootMs, firstByteMs } = measureStartup(image, type, options.startups);
  print(`${bootMs.toFixed(0)} ms, ${firstByteMs.toFixed(0)} ms\n`);
  return wanted.map((name) => ({
    name: prefix + name,
    unit: 'ms',
    better: 'lower',
    fsbridge: name === 'boot' ? bootMs : firstByteMs,
    peers: {},
  }));
}

/** The Windows way, on its own copy of the image. */
async function benchWindows(
  folder: string,
  type: FsType,
  options: Options,
  prefix: string,
): Promise<Result[]> {
  const image = path.join(folder, 'windows.img');
  copyImage(path.join(folder, 'template.img'), image);
  const { only, sizes } = options;
  const isQuick = sizes === quickSizes;
  const windowsOptions = { only, sizes, isQuick, rounds: isQuick ? 3 : 7, print };
  const results = await windowsResults(image, type, windowsOptions);
  return results.map((result) => ({ ...result, name: prefix + result.name }));
}

async function benchType(type: FsType, options: Options): Promise<Result[]> {
  const prefix = options.types.length > 1 ? `${type}: ` : '';
  const folder = mkdtempSync(path.join(options.folder, 'fsbridge-bench-'));
  const remove = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  print(`Making an image of ${type} in ${folder} ...\n`);
  const template = path.join(folder, 'template.img');
  const hasNative = await makeTemplate(template, type, options.sizes);
  const subjects = await openSubjects(folder, type, hasNative);
  const results: Result[] = [];
  for (const item of cases(options.sizes)) {
    if (!options.only.test(item.name)) continue;
    if (item.cold && !canDropCaches()) {
      print(`${prefix}${item.name}: left out, emptying the host's caches needs root\n`);
    } else results.push(await runCase(item, subjects, options.rounds, prefix));
  }
  for (const subject of subjects) await subject.close();
  results.push(...(await benchWindows(folder, type, options, prefix)));
  results.push(...startupResults(template, type, options, prefix));
  remove();
  return results;
}

/** The mount's cases, if this computer can mount and empty its caches. */
function benchMount(type: FsType, options: Options): Result[] {
  if (!canDropCaches() || !existsSync('/dev/fuse')) {
    print('The FUSE mount is left out: it needs root on Linux, and /dev/fuse.\n');
    return [];
  }
  const { only, mountSizes: sizes, folder } = options;
  const prefix = options.types.length > 1 ? `${type}: ` : '';
  return benchMounts({ type, only, sizes, folder, print }, prefix);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(help);
    return;
  }
  const load = os.loadavg()[0] as number;
  if (load > 1) print(`This computer is busy (load ${load.toFixed(1)}): the numbers will vary.\n`);
  const results: Result[] = [];
  for (const type of options.types) {
    if (options.library) results.push(...(await benchType(type, options)));
    if (options.mount) results.push(...benchMount(type, options));
  }
  process.stdout.write(options.json ? toJson(results) : toTable(results));
}

try {
  await main();
} catch (error) {
  print(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  // Not exitCode: a kernel with a volume that may be written keeps the process.
  process.exit(1);
}
