/**
 * Finds the other ways to the bytes of a source on a Linux host: the file under a loop device, the
 * loop devices on a file, other loop devices on the same file, and the same through loop devices on
 * loop devices, through device mapper and MD. A writer of one of them writes the source.
 *
 * Loop devices and partitions are compared by their ranges: two loop devices on different parts of
 * a file share nothing. What stands on or under device mapper or MD counts as a whole.
 *
 * A partition and its disk are no aliases here: for those the host's own claim decides
 * (host-disk.ts), except where a loop device lies between.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  diskIdentity,
  type HostFolders,
  hostFolders,
  readAttribute,
  sourceIdentity,
  sysfsFolder,
} from '../../host/device-number.ts';
import { loopBacking } from './loop-backing.ts';

const sysfsSectorBytes = 512;

/** A part of a source; endBytes is not in it. */
interface Range {
  readonly startBytes: number;
  readonly endBytes: number;
}

const everything: Range = { startBytes: 0, endBytes: Number.POSITIVE_INFINITY };

/** Another way to the bytes of a source. */
export interface Alias {
  /** host/device-number.ts says what it looks like. */
  readonly identity: string;
  /** A disk's or partition's folder of sysfs; a file has none. */
  readonly folder?: string;
}

interface Loop {
  readonly folder: string;
  readonly backing: string;
  readonly offsetBytes: number;
}

interface Search {
  readonly folders: HostFolders;
  readonly loops: readonly Loop[];
  /** By identity. */
  readonly found: Map<string, Alias>;
  /**
   * Names of the disks on the way down from the source. What else stands on them is another
   * partition or another logical volume, and no alias.
   */
  readonly below: Set<string>;
}

/**
 * All other ways to that image file or block device. Rejects with Node's error where the path leads
 * nowhere.
 */
export async function aliasesOf(
  path: string,
  folders: HostFolders = hostFolders,
): Promise<Alias[]> {
  if (process.platform !== 'linux') return [];
  return aliasesOfIdentity(sourceIdentity(await stat(path, { bigint: true })), folders);
}

/** The same for a source's identity (host/device-number.ts). */
export async function aliasesOfIdentity(identity: string, folders: HostFolders): Promise<Alias[]> {
  const search: Search = {
    folders,
    loops: await attachedLoops(folders),
    found: new Map(),
    below: new Set(),
  };
  const folder = await folderOf(search, identity);
  if (folder !== undefined) {
    await searchBelow(search, folder, { startBytes: 0, endBytes: await sizeOf(folder) });
  }
  await searchLoopsOn(search, identity, everything);
  search.found.delete(identity);
  return [...search.found.values()];
}

/** Goes down from a range of a disk or partition. */
async function searchBelow(search: Search, folder: string, range: Range): Promise<void> {
  search.below.add(basename(folder));
  const startBytes = await numberIn(folder, 'start');
  if (startBytes !== undefined && (await readAttribute(folder, 'partition')) !== undefined) {
    return searchBelow(search, dirname(folder), shifted(range, startBytes * sysfsSectorBytes));
  }
  for (const slave of await entriesOf(join(folder, 'slaves'))) {
    const dev = await readAttribute(search.folders.sys, 'class', 'block', slave, 'dev');
    search.below.add(slave);
    if (dev !== undefined) await searchBase(search, diskIdentity(dev), everything);
  }
  const loop = search.loops.find((each) => basename(each.folder) === basename(folder));
  if (loop !== undefined) await searchBase(search, loop.backing, shifted(range, loop.offsetBytes));
}

/** Notes what a loop device, device mapper or MD stands on, and all other ways to that range. */
async function searchBase(search: Search, identity: string, range: Range): Promise<void> {
  if (!identity.startsWith('disk-')) {
    search.found.set(identity, { identity });
    return searchLoopsOn(search, identity, range);
  }
  const folder = await folderOf(search, identity);
  if (folder === undefined || search.found.has(identity)) return;
  await noteDisk(search, folder, range);
  if ((await readAttribute(folder, 'partition')) !== undefined) {
    await noteNode(search, dirname(folder));
  }
  await searchBelow(search, folder, range);
}

/** Goes up: notes the loop devices on a range of that source, and what stands on them. */
async function searchLoopsOn(search: Search, identity: string, range: Range): Promise<void> {
  for (const { folder, backing, offsetBytes } of search.loops) {
    if (backing !== identity) continue;
    const own = shifted({ startBytes: 0, endBytes: await sizeOf(folder) }, offsetBytes);
    if (overlap(own, range)) await noteDisk(search, folder, shifted(range, -offsetBytes));
  }
}

/** Notes a disk, its partitions in the range, and what stands on those. */
async function noteDisk(search: Search, folder: string, range: Range): Promise<void> {
  const identity = await noteNode(search, folder);
  if (identity === undefined) return;
  await searchLoopsOn(search, identity, range);
  if (search.below.has(basename(folder))) return;
  for (const holder of await entriesOf(join(folder, 'holders'))) {
    await noteDisk(search, join(search.folders.sys, 'class', 'block', holder), everything);
  }
  for (const name of await entriesOf(folder)) {
    const part = join(folder, name);
    if ((await readAttribute(part, 'partition')) === undefined) continue;
    const startBytes = ((await numberIn(part, 'start')) ?? 0) * sysfsSectorBytes;
    const own = shifted({ startBytes: 0, endBytes: await sizeOf(part) }, startBytes);
    if (overlap(own, range)) await noteDisk(search, part, shifted(range, -startBytes));
  }
}

/** Notes a disk or partition alone; undefined where it is known already. */
async function noteNode(search: Search, folder: string): Promise<string | undefined> {
  const dev = await readAttribute(folder, 'dev');
  if (dev === undefined || search.found.has(diskIdentity(dev))) return undefined;
  const identity = diskIdentity(dev);
  search.found.set(identity, { identity, folder });
  return identity;
}

async function attachedLoops(folders: HostFolders): Promise<Loop[]> {
  const blocks = join(folders.sys, 'block');
  const loops: Loop[] = [];
  for (const name of await entriesOf(blocks)) {
    if (!name.startsWith('loop')) continue;
    const folder = join(blocks, name);
    const backing = await loopBacking(folder, folders);
    if (backing === undefined) continue;
    loops.push({ folder, backing, offsetBytes: (await numberIn(folder, 'loop', 'offset')) ?? 0 });
  }
  return loops;
}

async function folderOf(search: Search, identity: string): Promise<string | undefined> {
  if (!identity.startsWith('disk-')) return undefined;
  return sysfsFolder(identity.slice('disk-'.length).replace('-', ':'), search.folders);
}

async function sizeOf(folder: string): Promise<number> {
  const sectors = await numberIn(folder, 'size');
  return sectors === undefined ? everything.endBytes : sectors * sysfsSectorBytes;
}

async function numberIn(...parts: string[]): Promise<number | undefined> {
  const text = await readAttribute(...parts);
  return text === undefined ? undefined : Number(text);
}

function shifted(range: Range, byBytes: number): Range {
  return { startBytes: range.startBytes + byBytes, endBytes: range.endBytes + byBytes };
}

function overlap(one: Range, other: Range): boolean {
  return one.startBytes < other.endBytes && other.startBytes < one.endBytes;
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}
