/**
 * Finds out how a Linux host uses a disk or an image file at this moment: mounts, loop devices,
 * device mapper and MD, swap.
 *
 * It reads procfs and sysfs alone, so no right is needed but to read them:
 * - /proc/self/mountinfo gives a mount's major:minor (host/mountinfo.ts). A btrfs shows a number of
 *   its own there, as it may have several disks. So the mount's source is compared too (which also
 *   finds an image mounted by FUSE), and the disks that /sys/fs/btrfs/UUID/devices names.
 * - A loop device's file is compared by its dev and ino, not by its path (loop-backing.ts).
 * - /sys/class/block/X/holders names the dm and md devices on top of X (bd_link_disk_holder).
 * - /proc/swaps (proc_swaps(5)).
 *
 * Limits: mounts of other mount namespaces (containers) are not seen, nor virtual machines; to
 * those who may not open a loop device, neither is one whose backing file has lost its path. For a
 * disk, O_EXCL sees those as well (host-disk.ts). On other hosts no usage is found.
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
import { type MountEntry, readMountInfo, unescapeOctal } from '../../host/mountinfo.ts';
import { splitOptions } from '../../split-options.ts';
import type { Alias } from './aliases.ts';
import { loopBacking } from './loop-backing.ts';

export interface Usage {
  /** The usage as a predicate: "is mounted at /mnt through /dev/loop3". */
  readonly reason: string;
  /** What ends it. */
  readonly advice: string;
  /** Whether bytes may change under a reader while it lasts. */
  readonly mayChange: boolean;
}

interface Mount {
  /** Of its device and of its source. */
  readonly identities: readonly string[];
  readonly folder: string;
  readonly readOnly: boolean;
}

/** A block device: the source, a part of it, or one that stands on it. */
interface BlockNode {
  readonly folder: string;
  readonly name: string;
  readonly identity: string;
}

interface Search {
  readonly folders: HostFolders;
  readonly mounts: readonly Mount[];
  /** Identity to path. */
  readonly swaps: ReadonlyMap<string, string>;
  readonly found: Usage[];
  /** Nodes visited: one on top may be reached twice (a RAID of two partitions of one disk). */
  readonly seen: Set<string>;
}

/**
 * All usages of that image file or block device that are known. Rejects with Node's error where the
 * path leads nowhere.
 */
export async function findUsages(
  path: string,
  folders: HostFolders = hostFolders,
): Promise<Usage[]> {
  if (process.platform !== 'linux') return [];
  const identity = sourceIdentity(await stat(path, { bigint: true }));
  const search = await newSearch(folders);
  if (identity.startsWith('disk-')) {
    const folder = await sysfsFolder(identity.slice('disk-'.length).replace('-', ':'), folders);
    if (folder !== undefined) await searchDisk(search, folder, identity);
  } else {
    noteMountsAndSwap(search, identity, '');
  }
  await searchLoops(search, identity);
  return search.found;
}

/** How the other ways to a source are used, which aliases.ts finds: as mounts and as swap space. */
export async function aliasUsages(
  aliases: readonly Alias[],
  folders: HostFolders = hostFolders,
): Promise<Usage[]> {
  if (aliases.length === 0) return [];
  const search = await newSearch(folders);
  for (const { identity, folder } of aliases) {
    const node = folder === undefined ? undefined : await nodeAt(folder);
    noteMountsAndSwap(search, identity, node === undefined ? '' : throughNode(node));
    if (node !== undefined) await noteBtrfs(search, node);
  }
  return search.found;
}

async function newSearch(folders: HostFolders): Promise<Search> {
  const [mounts, swaps] = await Promise.all([readMounts(folders), readSwaps(folders)]);
  return { folders, mounts, swaps, found: [], seen: new Set() };
}

/**
 * Visits a disk with its partitions, or a partition with the disk around it but not its neighbours.
 */
async function searchDisk(search: Search, folder: string, source: string): Promise<void> {
  const self = await nodeAt(folder);
  if (self === undefined) return;
  const nodes = [self];
  if ((await readAttribute(folder, 'partition')) === undefined) {
    nodes.push(...(await partitionsOf(folder)));
  } else {
    const whole = await nodeAt(dirname(folder));
    if (whole !== undefined) nodes.push(whole);
  }
  for (const node of nodes) {
    if (search.seen.has(node.identity)) continue;
    search.seen.add(node.identity);
    noteMountsAndSwap(search, node.identity, node.identity === source ? '' : throughNode(node));
    await noteBtrfs(search, node);
    await searchHolders(search, node, source);
  }
}

async function searchHolders(search: Search, node: BlockNode, source: string): Promise<void> {
  const holders = join(node.folder, 'holders');
  for (const holder of await entriesOf(holders)) {
    const folder = join(search.folders.sys, 'class', 'block', holder);
    const mapped = await readAttribute(folder, 'dm', 'name');
    search.found.push({
      reason: `is part of ${mapped === undefined ? `/dev/${holder}` : `/dev/mapper/${mapped}`}`,
      advice:
        mapped === undefined
          ? `Stop it first (\`mdadm --stop /dev/${holder}\`).`
          : `Close it first (\`dmsetup remove ${mapped}\`; of LVM, \`vgchange -an\`).`,
      mayChange: (await readAttribute(folder, 'ro')) !== '1',
    });
    await searchDisk(search, folder, source);
  }
}

/** Visits the loop devices on the source, and notes how those are used. */
async function searchLoops(search: Search, source: string): Promise<void> {
  const blocks = join(search.folders.sys, 'block');
  for (const name of await entriesOf(blocks)) {
    if (!name.startsWith('loop')) continue;
    const folder = join(blocks, name);
    if ((await loopBacking(folder, search.folders)) !== source) continue;
    const foundBefore = search.found.length;
    await searchDisk(search, folder, source);
    const isUsed = search.found.length > foundBefore;
    if (isUsed || (await readAttribute(folder, 'ro')) === '1') continue;
    search.found.push({
      reason: `is attached to /dev/${name}, which can be written`,
      advice: `Detach it first (\`losetup -d /dev/${name}\`).`,
      mayChange: false,
    });
  }
}

function noteMountsAndSwap(search: Search, identity: string, through: string): void {
  for (const mount of search.mounts) {
    if (!mount.identities.includes(identity)) continue;
    search.found.push({
      reason: `is mounted at ${mount.folder}${through}`,
      advice: `Unmount it first (\`umount ${mount.folder}\`).`,
      mayChange: !mount.readOnly,
    });
  }
  const swap = search.swaps.get(identity);
  if (swap === undefined) return;
  search.found.push({
    reason: `is this computer's swap space${through}`,
    advice: `Turn that off first (\`swapoff ${swap}\`).`,
    mayChange: true,
  });
}

/** Notes that a node is a disk of a mounted btrfs whose mount names another disk. */
async function noteBtrfs(search: Search, node: BlockNode): Promise<void> {
  if (search.mounts.some((mount) => mount.identities.includes(node.identity))) return;
  const root = join(search.folders.sys, 'fs', 'btrfs');
  for (const uuid of await entriesOf(root)) {
    const devices = await entriesOf(join(root, uuid, 'devices'));
    if (!devices.includes(node.name)) continue;
    search.found.push({
      reason: `is part of the mounted btrfs ${uuid}`,
      advice: 'Unmount that first (`findmnt -t btrfs` shows where it is).',
      mayChange: true,
    });
  }
}

function throughNode(node: BlockNode): string {
  return ` through /dev/${node.name}`;
}

async function nodeAt(folder: string): Promise<BlockNode | undefined> {
  const deviceNumber = await readAttribute(folder, 'dev');
  if (deviceNumber === undefined) return undefined;
  return { folder, name: basename(folder), identity: diskIdentity(deviceNumber) };
}

async function partitionsOf(folder: string): Promise<BlockNode[]> {
  const nodes: BlockNode[] = [];
  for (const name of await entriesOf(folder)) {
    if ((await readAttribute(folder, name, 'partition')) === undefined) continue;
    const node = await nodeAt(join(folder, name));
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

async function readMounts(folders: HostFolders): Promise<Mount[]> {
  return Promise.all((await readMountInfo(folders.proc)).map(toMount));
}

async function toMount(entry: MountEntry): Promise<Mount> {
  const { deviceNumber, target, source, flags, superOptions } = entry;
  const identities = [diskIdentity(deviceNumber)];
  const sourceId = source.startsWith('/') ? await identityOf(source) : undefined;
  if (sourceId !== undefined) identities.push(sourceId);
  // The file system as a whole counts: one bind mount read-only does not keep others from writing.
  const isReadOnly = splitOptions(superOptions || flags).includes('ro');
  return { identities, folder: target, readOnly: isReadOnly };
}

async function readSwaps(folders: HostFolders): Promise<Map<string, string>> {
  const text = (await readAttribute(folders.proc, 'swaps')) ?? '';
  const swaps = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const path = unescapeOctal(line.split(/\s/)[0] ?? '');
    const identity = await identityOf(path);
    if (identity !== undefined) swaps.set(identity, path);
  }
  return swaps;
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    return sourceIdentity(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}
