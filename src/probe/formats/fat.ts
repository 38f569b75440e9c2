/**
 * FAT12, FAT16 and FAT32, which blkid calls vfat. FAT has hardly a magic number: a jump instruction
 * or the mark of any boot sector will do, so the rest of the parameter block has to make sense, as in
 * libblkid's vfat.c. Offsets are those of struct fat_boot_sector in the kernel's
 * include/uapi/linux/msdos_fs.h.
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected, judge, NOT_UNMOUNTED } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { formatSerial } from '../text.ts';
import { isBitlocker } from './bitlocker.ts';
import { fixedRootLabel, rootChainLabel } from './fat-label.ts';

const FAT12_MAX_CLUSTERS = 0xff4;
const FAT16_MAX_CLUSTERS = 0xfff4;
const FAT32_MAX_CLUSTERS = 0x0ffffff6;
/** FAT_STATE_DIRTY of Linux, and the «surface test» bit of Windows NT beside it. */
const BOOT_DIRTY = 1;
const BOOT_ERRORS = 2;

interface Layout {
  readonly sectorBytes: number;
  readonly reserved: number;
  readonly fatSectors: number;
  readonly rootEntries: number;
  readonly clusterSectors: number;
  readonly clusters: number;
  readonly sectors: number;
  /** Whether the root directory is a chain of clusters: FAT32. */
  readonly is32: boolean;
}

type Magic = 'named' | 'anonymous' | undefined;

function magicOf(boot: Fields): Magic {
  const named =
    boot.matches(0x52, 'MSWIN') ||
    boot.matches(0x52, 'FAT32   ') ||
    ['MSDOS', 'FAT16   ', 'FAT12   ', 'FAT     '].some((magic) => boot.matches(0x36, magic));
  if (named) return 'named';
  const jump = boot.u8(0) === 0xeb || boot.u8(0) === 0xe9;
  return jump || boot.matches(0x1fe, '\x55\xaa') ? 'anonymous' : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** OS/2 writes a FAT-like block in front of other file systems; without a name, ask for the mark. */
function anonymousIsFat(boot: Fields): boolean {
  return (
    boot.matches(0x1fe, '\x55\xaa') &&
    !boot.matches(0x36, 'JFS     ') &&
    !boot.matches(0x36, 'HPFS    ')
  );
}

function layoutOf(boot: Fields): Layout | undefined {
  const sectorBytes = boot.u16(0x0b);
  const clusterSectors = boot.u8(0x0d);
  const reserved = boot.u16(0x0e);
  const media = boot.u8(0x15);
  const sane =
    boot.u8(0x10) > 0 &&
    reserved > 0 &&
    (media >= 0xf8 || media === 0xf0) &&
    isPowerOfTwo(clusterSectors) &&
    isPowerOfTwo(sectorBytes) &&
    sectorBytes >= 512 &&
    sectorBytes <= 4096;
  if (!sane) return undefined;
  const rootEntries = boot.u16(0x11);
  const sectors = boot.u16(0x13) || boot.u32(0x20);
  const fatSectors = Math.imul(boot.u16(0x16) || boot.u32(0x24), boot.u8(0x10)) >>> 0;
  const rootSectors = Math.ceil((rootEntries * 32) / sectorBytes);
  const is32 = boot.u16(0x16) === 0 && boot.u32(0x24) !== 0;
  // Unsigned 32-bit arithmetic, as in libblkid: an impossible layout wraps and is refused below.
  const dataSectors = (sectors - (reserved + fatSectors + rootSectors)) >>> 0;
  const clusters = Math.floor(dataSectors / clusterSectors);
  if (clusters > (is32 ? FAT32_MAX_CLUSTERS : FAT16_MAX_CLUSTERS)) return undefined;
  return {
    sectorBytes,
    reserved,
    fatSectors,
    rootEntries,
    clusterSectors,
    clusters,
    sectors,
    is32,
  };
}

/** FSINFO of FAT32: undefined where its signatures are wrong (all-zero ones pass). */
async function fsInfo(disk: Disk, boot: Fields, layout: Layout) {
  const sector = boot.u16(0x30);
  if (sector === 0) return { freeClusters: undefined };
  const info = await disk.fields(sector * layout.sectorBytes, 512);
  const ok =
    info !== undefined &&
    ['RRaA', 'RRdA', '\0\0\0\0'].some((magic) => info.matches(0, magic)) &&
    ['rrAa', '\0\0\0\0'].some((magic) => info.matches(484, magic));
  if (!ok) return undefined;
  const free = info.u32(488);
  return { freeClusters: info.matches(0, 'RRaA') && free <= layout.clusters ? free : undefined };
}

/** FAT entry 1 has two flags that Windows clears while it writes; FAT12 has no room for them. */
async function stateOf(
  disk: Disk,
  boot: Fields,
  layout: Layout,
): Promise<Pick<Detected, 'state' | 'stateReason'>> {
  const signed = layout.is32 || boot.u8(0x26) === 0x28 || boot.u8(0x26) === 0x29;
  const flags = signed ? boot.u8(layout.is32 ? 0x41 : 0x25) : 0;
  const fat = await disk.fields(layout.reserved * layout.sectorBytes, 8);
  let entryClean = true;
  let entrySound = true;
  // An entry 1 of zero was never set up: the flags mean nothing then.
  if (fat !== undefined && layout.is32 && fat.u32(4) !== 0) {
    entryClean = (fat.u32(4) & 0x08000000) !== 0;
    entrySound = (fat.u32(4) & 0x04000000) !== 0;
  } else if (!layout.is32 && layout.clusters >= FAT12_MAX_CLUSTERS && fat && fat.u16(2) !== 0) {
    entryClean = (fat.u16(2) & 0x8000) !== 0;
    entrySound = (fat.u16(2) & 0x4000) !== 0;
  }
  return judge(
    [((flags & BOOT_ERRORS) !== 0 || !entrySound) && 'an I/O error was recorded on it'],
    [((flags & BOOT_DIRTY) !== 0 || !entryClean) && NOT_UNMOUNTED],
  );
}

function versionOf(boot: Fields, layout: Layout): string | undefined {
  if (layout.is32) return 'FAT32';
  if (boot.u16(0x16) === 0) return undefined;
  if (layout.clusters < FAT12_MAX_CLUSTERS) return 'FAT12';
  return layout.clusters < FAT16_MAX_CLUSTERS ? 'FAT16' : undefined;
}

function serialOf(boot: Fields, is32: boolean): string | undefined {
  if (is32) return formatSerial(boot.u32(0x43));
  const signature = boot.u8(0x26);
  const present = boot.u16(0x16) !== 0 && (signature === 0x28 || signature === 0x29);
  return present ? formatSerial(boot.u32(0x27)) : undefined;
}

async function labelOf(disk: Disk, boot: Fields, layout: Layout): Promise<string | undefined> {
  const { sectorBytes, reserved, fatSectors } = layout;
  const afterFats = reserved + fatSectors;
  if (!layout.is32) {
    if (boot.u16(0x16) === 0) return undefined;
    return fixedRootLabel(disk, afterFats * sectorBytes, layout.rootEntries);
  }
  return rootChainLabel(disk, {
    fatOffsetBytes: reserved * sectorBytes,
    fatEntries: Math.floor((boot.u32(0x24) * sectorBytes) / 4),
    dataOffsetBytes: afterFats * sectorBytes,
    clusterBytes: layout.clusterSectors * sectorBytes,
    firstCluster: boot.u32(0x2c),
  });
}

export const fat: Format = {
  name: 'vfat',
  usage: 'filesystem',
  async probe(disk) {
    const boot = await disk.fields(0, 512);
    const magic = boot && magicOf(boot);
    if (boot === undefined || magic === undefined) return undefined;
    if (magic === 'anonymous' && !anonymousIsFat(boot)) return undefined;
    const layout = layoutOf(boot);
    if (layout === undefined || (await isBitlocker(disk))) return undefined;
    const info = layout.is32 ? await fsInfo(disk, boot, layout) : { freeClusters: undefined };
    if (info === undefined) return undefined;
    const clusterBytes = layout.clusterSectors * layout.sectorBytes;
    return detected({
      type: 'vfat',
      kernelTypes: ['vfat'],
      label: await labelOf(disk, boot, layout),
      uuid: serialOf(boot, layout.is32),
      version: versionOf(boot, layout),
      blockSizeBytes: layout.sectorBytes,
      sizeBytes: layout.sectors * layout.sectorBytes,
      usedBytes:
        info.freeClusters === undefined
          ? undefined
          : (layout.clusters - info.freeClusters) * clusterBytes,
      ...(await stateOf(disk, boot, layout)),
    });
  },
};
