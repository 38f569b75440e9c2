/**
 * exFAT. Offsets are those of Microsoft's «exFAT file system specification», section 3.1 (the same
 * as struct boot_sector in the kernel's fs/exfat/exfat_raw.h).
 */

import type { CachedReader } from '../cached-reader.ts';
import { badChecksum, judge, notUnmounted } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { dotted, serial, u8, u16, u32, u64, type Values } from '../layout.ts';
import { utf16Label } from '../text.ts';

const entryBytes = 32;
const labelEntry = 0x83;
const EXFAT_FIRST_CLUSTER = 2;
const lastCluster = 0x0ffffff6;
/** As many entries of the root directory as libblkid looks through. */
const maxEntries = 10_000;
const VOLUME_DIRTY = 2;
const MEDIA_FAILURE = 4;

const fields = {
  vol_length: u64(72),
  fat_offset: u32(80),
  clu_offset: u32(88),
  clu_count: u32(92),
  root_cluster: u32(96),
  uuid: serial(100),
  version: dotted(u8(105), u8(104)),
  vol_flags: u16(106),
  sect_size_bits: u8(108),
  sect_per_clus_bits: u8(109),
  percent_in_use: u8(112),
};
type BootSector = Values<typeof fields>;

const sectorBytesOf = (boot: BootSector): number => 2 ** boot.sect_size_bits;
const clusterBytesOf = (boot: BootSector): number =>
  2 ** (boot.sect_size_bits + boot.sect_per_clus_bits);

function clusterAt(boot: BootSector, cluster: number): number {
  const heapAt = boot.clu_offset * sectorBytesOf(boot);
  return heapAt + (cluster - EXFAT_FIRST_CLUSTER) * clusterBytesOf(boot);
}

/** The label is an entry of the root directory, which is a chain of clusters. */
async function labelOf(disk: CachedReader, boot: BootSector): Promise<string | undefined> {
  let cluster = boot.root_cluster;
  let within = 0;
  for (let i = 0; i < maxEntries; i++) {
    if (cluster < EXFAT_FIRST_CLUSTER || cluster > lastCluster) return undefined;
    const entry = await disk.fields(clusterAt(boot, cluster) + within, entryBytes);
    if (entry === undefined || entry.u8(0) === 0) return undefined;
    if (entry.u8(0) === labelEntry) {
      return utf16Label(entry.slice(2, Math.min(entry.u8(1) * 2, 22)), 'le');
    }
    within += entryBytes;
    if (within === clusterBytesOf(boot)) {
      const next = await disk.fields(boot.fat_offset * sectorBytesOf(boot) + cluster * 4, 4);
      cluster = next?.u32(0) ?? 0;
      within = 0;
    }
  }
  return undefined;
}

/** Section 3.4: the sum of the first eleven sectors without the flags and the fill level. */
async function checksumWrong(disk: CachedReader, sectorBytes: number): Promise<boolean> {
  const region = await disk.fields(0, 12 * sectorBytes);
  if (region === undefined) return true;
  let sum = 0;
  for (let i = 0; i < 11 * sectorBytes; i++) {
    if (i === 106 || i === 107 || i === 112) continue;
    sum = (((sum << 31) | (sum >>> 1)) + region.u8(i)) >>> 0;
  }
  return sum !== region.u32(11 * sectorBytes);
}

export const exfat: Format = format({
  type: 'exfat',
  kernelTypes: ['exfat'],
  magics: [[0, 3, 'EXFAT   ']],
  bytes: 512,
  fields,
  // Specification 3.1.14 and 3.1.15: sectors of 512 to 4096 bytes, clusters of at most 32 MiB.
  sane: (boot) =>
    boot.sect_size_bits >= 9 &&
    boot.sect_size_bits <= 12 &&
    boot.sect_size_bits + boot.sect_per_clus_bits <= 25,
  state: async (boot, { disk }) =>
    judge(
      [
        (await checksumWrong(disk, sectorBytesOf(boot))) && badChecksum,
        (boot.vol_flags & MEDIA_FAILURE) !== 0 && 'an I/O error was recorded on it',
      ],
      [(boot.vol_flags & VOLUME_DIRTY) !== 0 && notUnmounted],
    ),
  async details(boot, { disk }) {
    const percent = boot.percent_in_use;
    // The format itself rounds the fill level down to whole per cent.
    const used = Math.floor((boot.clu_count * clusterBytesOf(boot) * percent) / 100);
    return {
      label: await labelOf(disk, boot),
      blockSizeBytes: sectorBytesOf(boot),
      sizeBytes: boot.vol_length * sectorBytesOf(boot),
      usedBytes: percent <= 100 ? used : undefined,
    };
  },
});
