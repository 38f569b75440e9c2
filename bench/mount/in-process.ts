/**
 * The mount's cases without the mount: the same image, and the same work done by calls of the
 * library, so that the difference is the cost of FUSE and of the program in front of it. Each case
 * runs in a process of its own, as a mount does, with nothing of an earlier case in memory.
 *
 *     node bench/mount/in-process.ts IMAGE TYPE CASE SIZES    prints the case's number
 *
 * Cases that only make sense with a program (tar x, cp, git, dbench) have no counterpart here.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import { randomOffsets } from '../cases.ts';
import { FsBridge } from '../subjects/fsbridge.ts';
import { buffers, expectBytes, inFlight } from '../subjects/subject.ts';
import { type MountSizes, treePaths } from './image.ts';

const mib = 1048576;
const blockBytes = 4096;
const warmRounds = 3;
/** Reads in flight, as in bench/cases.ts: enough to keep a disk busy. */
const coldDepth = 4;
const randomOperations = 50_000;
const sIfdir = abi.S_IFDIR;

async function seconds(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

/** The best of several rounds, after a warm-up round. */
async function bestSeconds(work: () => Promise<void>): Promise<number> {
  await work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < warmRounds; round++) best = Math.min(best, await seconds(work));
  return best;
}

async function writeRandom(bridge: FsBridge, sizeBytes: number, depth: number): Promise<void> {
  const { calls } = bridge;
  const offsets = randomOffsets(randomOperations, sizeBytes);
  const lanes = buffers(depth, blockBytes);
  const fd = await bridge.openFile('/random.bin', abi.O_RDWR);
  await inFlight(offsets.length, depth, async (index, lane) => {
    const count = await calls.pwrite(fd, lanes[lane] as Buffer, offsets[index] as number);
    expectBytes('/random.bin', count, blockBytes);
  });
  await calls.close(fd);
}

/**
 * Visits every name below a directory, with its attributes. A directory's entries come before it.
 */
async function walk(
  bridge: FsBridge,
  path: string,
  visit: (path: string, isDirectory: boolean, sizeBytes: number) => Promise<void> | void,
): Promise<void> {
  const { calls } = bridge;
  const fd = await bridge.openFile(path, abi.O_RDONLY | abi.O_DIRECTORY);
  const folders: string[] = [];
  for (let offset = 0n; ; ) {
    const entries = await calls.getdentsStatx(fd, offset);
    if (typeof entries === 'number') throw new Error(`${path}: errno ${-entries}`);
    const last = entries.at(-1);
    if (last === undefined) break;
    offset = last.next;
    for (const { text, name, statx } of entries) {
      const entry = `${path}/${text ?? name.toString()}`;
      const isDirectory = statx?.type === sIfdir;
      if (isDirectory) folders.push(entry);
      await visit(entry, isDirectory, statx?.size ?? 0);
    }
  }
  await calls.close(fd);
  for (const folder of folders) await walk(bridge, folder, visit);
}

async function readTree(bridge: FsBridge, path: string): Promise<void> {
  const { calls } = bridge;
  const [buffer] = buffers(1, mib) as [Buffer];
  await walk(bridge, path, async (entry, isDirectory, sizeBytes) => {
    if (isDirectory || sizeBytes === 0) return;
    const fd = await bridge.openFile(entry, abi.O_RDONLY);
    for (let at = 0; at < sizeBytes; at += mib) {
      expectBytes(entry, await calls.pread(fd, buffer, at), Math.min(mib, sizeBytes - at));
    }
    await calls.close(fd);
  });
}

async function removeTree(bridge: FsBridge, path: string): Promise<void> {
  const { calls } = bridge;
  const folders = [path];
  const files: string[] = [];
  await walk(bridge, path, (entry, isDirectory) => {
    (isDirectory ? folders : files).push(entry);
  });
  await bridge.unlink(files);
  for (const folder of folders.reverse()) {
    expectBytes(folder, await calls.unlinkat(abi.AT_FDCWD, folder, abi.AT_REMOVEDIR), 0);
  }
}

type LibraryWork = (bridge: FsBridge, sizes: MountSizes) => Promise<number>;

const readRandom = (depth: number): LibraryWork => {
  return async (bridge, { randomBytes }) => {
    const offsets = randomOffsets(randomOperations, randomBytes);
    const work = (): Promise<void> => bridge.readRandom('/random.bin', offsets, blockBytes, depth);
    return randomOperations / (await bestSeconds(work));
  };
};
const writesRandom = (depth: number): LibraryWork => {
  return async (bridge, { randomBytes }) =>
    randomOperations / (await bestSeconds(() => writeRandom(bridge, randomBytes, depth)));
};
const listTree = (bridge: FsBridge, path = '/tree'): Promise<void> => walk(bridge, path, () => {});

/** The work by case name. Each name is one of cases.ts. */
export const library: Readonly<Record<string, LibraryWork>> = {
  'read 1 MiB, cold': async (bridge, { coldBytes }) =>
    coldBytes /
    mib /
    (await seconds(() => bridge.readSequential('/cold.bin', coldBytes, mib, coldDepth))),
  'read 1 MiB, warm': async (bridge, { warmBytes }) =>
    warmBytes /
    mib /
    (await bestSeconds(() => bridge.readSequential('/warm.bin', warmBytes, mib, 1))),
  'write 1 MiB, new file, fsync': async (bridge, { coldBytes }) => {
    const took = await seconds(async () => {
      await bridge.writeSequential('/new.bin', coldBytes, mib);
      await bridge.fsync('/new.bin');
    });
    await bridge.unlink(['/new.bin']);
    return coldBytes / mib / took;
  },
  'write 1 MiB, over old data, no fsync': async (bridge, { warmBytes }) =>
    warmBytes /
    mib /
    (await bestSeconds(() => bridge.writeSequential('/warm.bin', warmBytes, mib))),
  'read 4 KiB at random (fio), depth 1': readRandom(1),
  'read 4 KiB at random (fio), depth 32': readRandom(32),
  'write 4 KiB at random (fio), depth 1': writesRandom(1),
  'write 4 KiB at random (fio), depth 32': writesRandom(32),
  'find -ls, cold': (bridge) => seconds(() => listTree(bridge)),
  'find -ls, warm': (bridge) => bestSeconds(() => listTree(bridge)),
  'stat, warm': async (bridge, { treeFiles }) => {
    const paths = treePaths(treeFiles).map((path) => `/${path}`);
    return paths.length / (await bestSeconds(() => bridge.stat(paths, 1)));
  },
  'tar c of the sources, cold': (bridge) => seconds(() => readTree(bridge, '/git')),
  // The files that git knows, as in tar's case. They are in memory before the clock starts.
  'rm -r of the sources': async (bridge, { sources }) => {
    await listTree(bridge, '/git');
    return seconds(async () => {
      for (let copy = 0; copy < sources; copy++) await removeTree(bridge, `/git/${copy}`);
    });
  },
  'create in one directory': async (bridge, { createFiles }) => {
    await bridge.mkdir('/many');
    const paths = Array.from({ length: createFiles }, (_, index) => `/many/new-${index}`);
    const took = await seconds(() => bridge.create(paths, 1));
    await removeTree(bridge, '/many');
    return paths.length / took;
  },
};

/** A case's number for the library; undefined if the library has no such work. */
export function inProcess(
  name: string,
  image: string,
  type: string,
  sizes: MountSizes,
): number | undefined {
  if (!Object.hasOwn(library, name)) return undefined;
  const file = fileURLToPath(import.meta.url);
  const argv = [file, image, type, name, JSON.stringify(sizes)];
  return Number(execFileSync(process.execPath, argv).toString());
}

async function main(image: string, type: string, name: string, sizes: string): Promise<void> {
  const work = library[name];
  if (work === undefined) throw new Error(`no case is called ${name}`);
  const bridge = await FsBridge.open(image, type);
  const value = await work(bridge, JSON.parse(sizes) as MountSizes);
  await bridge.close();
  process.stdout.write(String(value));
  process.exit(0);
}

if (import.meta.main) {
  const [image, type, name, sizes] = process.argv.slice(2) as [string, string, string, string];
  await main(image, type, name, sizes);
}
