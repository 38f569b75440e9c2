/**
 * The label of a FAT volume: the entry with the volume attribute in the root directory. The label
 * in the boot sector is a copy that most programs leave as it is; blkid shows it apart from the
 * label, and it is not used here (libblkid vfat.c: search_fat_label).
 */

import type { CachedReader } from '../cached-reader.ts';
import { byteLabel } from '../text.ts';

const entryBytes = 32;
const ATTR_VOLUME = 0x08;
const ATTR_DIR = 0x10;
/** A part of a long name. */
const ATTR_EXT = 0x0f;
/** The bits that the format defines. */
const attributeMask = 0x3f;
/** As many clusters of a root directory as libblkid follows. */
const maxClusters = 99;

/**
 * The label in a part of a directory, 'end' at the directory's end, or undefined: not in this
 * part.
 */
function labelIn(directory: Uint8Array): Uint8Array | 'end' | undefined {
  for (let at = 0; at + entryBytes <= directory.length; at += entryBytes) {
    const entry = directory.subarray(at, at + entryBytes);
    const [first = 0] = entry;
    if (first === 0) return 'end';
    const attributes = entry[11] ?? 0;
    const startsSomewhere = [20, 21, 26, 27].some((index) => entry[index] !== 0);
    const skipped = first === 0xe5 || startsSomewhere || (attributes & attributeMask) === ATTR_EXT;
    if (skipped || (attributes & (ATTR_VOLUME | ATTR_DIR)) !== ATTR_VOLUME) continue;
    const name = entry.slice(0, 11);
    // 0x05 stands for a first letter 0xe5, which would mark the entry as deleted.
    if (first === 0x05) name[0] = 0xe5;
    return name;
  }
  return undefined;
}

/** The label in the root directory of FAT12 and FAT16, which has a place of its own. */
export async function fixedRootLabel(
  disk: CachedReader,
  offsetBytes: number,
  entries: number,
): Promise<string | undefined> {
  const directory = await disk.read(offsetBytes, entries * entryBytes);
  const found = directory && labelIn(directory);
  return found instanceof Uint8Array ? byteLabel(found) : undefined;
}

export interface RootChain {
  readonly fatOffsetBytes: number;
  /** As many entries as the FAT has room for. */
  readonly fatEntries: number;
  readonly dataOffsetBytes: number;
  readonly clusterBytes: number;
  readonly firstCluster: number;
}

/** The label in the root directory of FAT32, which is a chain of clusters. */
export async function rootChainLabel(
  disk: CachedReader,
  chain: RootChain,
): Promise<string | undefined> {
  let cluster = chain.firstCluster;
  for (let i = 0; i < maxClusters && cluster >= 2 && cluster < chain.fatEntries; i++) {
    const at = chain.dataOffsetBytes + (cluster - 2) * chain.clusterBytes;
    const directory = await disk.read(at, chain.clusterBytes);
    const found = directory && labelIn(directory);
    if (found instanceof Uint8Array) return byteLabel(found);
    const entry = await disk.fields(chain.fatOffsetBytes + cluster * 4, 4);
    if (entry === undefined) return undefined;
    cluster = entry.u32(0) & 0x0fffffff;
  }
  return undefined;
}
