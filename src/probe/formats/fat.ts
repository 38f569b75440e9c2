/**
 * FAT12, FAT16 and FAT32, which blkid calls vfat. FAT has hardly a magic number: a jump
 * instruction or the mark of any boot sector will do, so the rest of the parameter block has to
 * make sense, as in libblkid's vfat.c. Offsets are those of struct fat_boot_sector in the kernel's
 * include/uapi/linux/msdos_fs.h.
 */

import type { CachedReader } from '../cached-reader.ts';
import { judge, notUnmounted, type StateFound } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, type Found, format, type Magic } from '../format.ts';
import { serial, u8, u16, u32, type Values } from '../layout.ts';
import { fixedRootLabel, rootChainLabel } from './fat-label.ts';

const MAX_FAT12 = 0xff4;
const MAX_FAT16 = 0xfff4;
const MAX_FAT32 = 0x0ffffff6;
const FAT_STATE_DIRTY = 1;
/** The «surface test» bit of Windows NT. */
const surfaceTest = 2;
const bootMark = '\x55\xaa';

/** Magic numbers that only FAT has. */
const named: readonly Magic[] = [
  [0, 0x52, 'MSWIN'],
  [0, 0x52, 'FAT32   '],
  [0, 0x36, 'MSDOS'],
  [0, 0x36, 'FAT16   '],
  [0, 0x36, 'FAT12   '],
  [0, 0x36, 'FAT     '],
];
/** Jump instructions, and the mark of every boot sector. */
const anonymous: readonly Magic[] = [
  [0, 0, '\xeb'],
  [0, 0, '\xe9'],
  [0, 0x1fe, bootMark],
];

const fields = {
  sector_size: u16(0x0b),
  sec_per_clus: u8(0x0d),
  reserved: u16(0x0e),
  fats: u8(0x10),
  dir_entries: u16(0x11),
  sectors: u16(0x13),
  media: u8(0x15),
  fat_length: u16(0x16),
  total_sect: u32(0x20),
  fat16_state: u8(0x25),
  fat16_signature: u8(0x26),
  fat16_vol_id: serial(0x27),
  fat32_length: u32(0x24),
  fat32_root_cluster: u32(0x2c),
  fat32_info_sector: u16(0x30),
  fat32_state: u8(0x41),
  fat32_vol_id: serial(0x43),
};
type BootSector = Values<typeof fields>;

/** Where the parts of the volume lie, as the boot sector says it. */
interface Geometry {
  /** All FATs together. */
  readonly fatSectors: number;
  readonly clusters: number;
  readonly sectors: number;
  readonly clusterBytes: number;
  /** Whether the root directory is a chain of clusters: FAT32. */
  readonly is32: boolean;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/**
 * OS/2 writes a FAT-like block in front of other file systems; without a name, ask for the mark.
 */
function anonymousIsFat(superblock: Fields): boolean {
  return (
    superblock.matches(0x1fe, bootMark) &&
    !superblock.matches(0x36, 'JFS     ') &&
    !superblock.matches(0x36, 'HPFS    ')
  );
}

function isSane(boot: BootSector, { magicAt, magic, superblock }: Found): boolean {
  const isNamed = named.some(([, at, bytes]) => at === magicAt && bytes === magic);
  return (
    (isNamed || anonymousIsFat(superblock)) &&
    boot.fats > 0 &&
    boot.reserved > 0 &&
    (boot.media >= 0xf8 || boot.media === 0xf0) &&
    isPowerOfTwo(boot.sec_per_clus) &&
    isPowerOfTwo(boot.sector_size) &&
    boot.sector_size >= 512 &&
    boot.sector_size <= 4096
  );
}

/** undefined: it has more clusters than FAT can count. */
function geometryOf(boot: BootSector): Geometry | undefined {
  const sectors = boot.sectors || boot.total_sect;
  const fatSectors = Math.imul(boot.fat_length || boot.fat32_length, boot.fats) >>> 0;
  const rootSectors = Math.ceil((boot.dir_entries * 32) / boot.sector_size);
  const is32 = boot.fat_length === 0 && boot.fat32_length !== 0;
  // Unsigned 32-bit arithmetic, as in libblkid: an impossible layout wraps and is refused below.
  const dataSectors = (sectors - (boot.reserved + fatSectors + rootSectors)) >>> 0;
  const clusters = Math.floor(dataSectors / boot.sec_per_clus);
  if (clusters > (is32 ? MAX_FAT32 : MAX_FAT16)) return undefined;
  const clusterBytes = boot.sec_per_clus * boot.sector_size;
  return { fatSectors, clusters, sectors, clusterBytes, is32 };
}

/** FSINFO of FAT32: undefined where its signatures are wrong (all-zero ones pass). */
async function fsInfo(disk: CachedReader, boot: BootSector, clusters: number) {
  const sector = boot.fat32_info_sector;
  if (sector === 0) return { freeClusters: undefined };
  const info = await disk.fields(sector * boot.sector_size, 512);
  const ok =
    info !== undefined &&
    ['RRaA', 'RRdA', '\0\0\0\0'].some((magic) => info.matches(0, magic)) &&
    ['rrAa', '\0\0\0\0'].some((magic) => info.matches(484, magic));
  if (!ok) return undefined;
  const free = info.u32(488);
  return { freeClusters: info.matches(0, 'RRaA') && free <= clusters ? free : undefined };
}

const hasExtendedBootSignature = (boot: BootSector): boolean =>
  boot.fat16_signature === 0x28 || boot.fat16_signature === 0x29;

/** FAT entry 1 has two flags that Windows clears while it writes; FAT12 has no room for them. */
async function stateOf(
  disk: CachedReader,
  boot: BootSector,
  geometry: Geometry,
): Promise<StateFound> {
  const { is32, clusters } = geometry;
  const flags16 = hasExtendedBootSignature(boot) ? boot.fat16_state : 0;
  const flags = is32 ? boot.fat32_state : flags16;
  const fat = await disk.fields(boot.reserved * boot.sector_size, 8);
  let entryClean = true;
  let entrySound = true;
  // An entry 1 of zero was never set up: the flags mean nothing then.
  if (fat !== undefined && is32 && fat.u32(4) !== 0) {
    entryClean = (fat.u32(4) & 0x08000000) !== 0;
    entrySound = (fat.u32(4) & 0x04000000) !== 0;
  } else if (!is32 && clusters >= MAX_FAT12 && fat && fat.u16(2) !== 0) {
    entryClean = (fat.u16(2) & 0x8000) !== 0;
    entrySound = (fat.u16(2) & 0x4000) !== 0;
  }
  return judge(
    [((flags & surfaceTest) !== 0 || !entrySound) && 'an I/O error was recorded on it'],
    [((flags & FAT_STATE_DIRTY) !== 0 || !entryClean) && notUnmounted],
  );
}

function versionOf(boot: BootSector, { is32, clusters }: Geometry): string | undefined {
  if (is32) return 'FAT32';
  if (boot.fat_length === 0) return undefined;
  if (clusters < MAX_FAT12) return 'FAT12';
  return clusters < MAX_FAT16 ? 'FAT16' : undefined;
}

function serialOf(boot: BootSector, is32: boolean): string | undefined {
  if (is32) return boot.fat32_vol_id;
  return boot.fat_length !== 0 && hasExtendedBootSignature(boot) ? boot.fat16_vol_id : undefined;
}

async function labelOf(
  disk: CachedReader,
  boot: BootSector,
  geometry: Geometry,
): Promise<string | undefined> {
  const fatsEndBytes = (boot.reserved + geometry.fatSectors) * boot.sector_size;
  if (!geometry.is32) {
    if (boot.fat_length === 0) return undefined;
    return fixedRootLabel(disk, fatsEndBytes, boot.dir_entries);
  }
  return rootChainLabel(disk, {
    fatOffsetBytes: boot.reserved * boot.sector_size,
    fatEntries: Math.floor((boot.fat32_length * boot.sector_size) / 4),
    dataOffsetBytes: fatsEndBytes,
    clusterBytes: geometry.clusterBytes,
    firstCluster: boot.fat32_root_cluster,
  });
}

export const fat: Format = format({
  type: 'vfat',
  kernelTypes: ['vfat'],
  magics: [...named, ...anonymous],
  bytes: 512,
  fields,
  sane: isSane,
  async details(boot, { disk }) {
    const geometry = geometryOf(boot);
    if (geometry === undefined) return undefined;
    const { is32, clusters, clusterBytes } = geometry;
    const info = is32 ? await fsInfo(disk, boot, clusters) : { freeClusters: undefined };
    if (info === undefined) return undefined;
    const { freeClusters } = info;
    return {
      label: await labelOf(disk, boot, geometry),
      uuid: serialOf(boot, is32),
      version: versionOf(boot, geometry),
      blockSizeBytes: boot.sector_size,
      sizeBytes: geometry.sectors * boot.sector_size,
      usedBytes: freeClusters === undefined ? undefined : (clusters - freeClusters) * clusterBytes,
      ...(await stateOf(disk, boot, geometry)),
    };
  },
});
