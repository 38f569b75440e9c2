/**
 * Disks of RAIDs that a controller's BIOS or Windows put together. Linux's own dm-raid would be needed
 * to read them; here they are only named, so that nobody mounts one half of a mirror. Almost all keep
 * their mark in one of the last sectors. Places and checks: libblkid's *_raid.c.
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SECTOR_BYTES = 512;
const MIN_BYTES = 64 * 1024;

interface Mark {
  readonly type: string;
  /** Counted from the end of the disk: 1 is the last sector. */
  readonly sectorsFromEnd: readonly number[];
  readonly minBytes?: number;
  readonly matches: (sector: Fields) => boolean;
  readonly version?: (sector: Fields) => string | undefined;
}

function viaSum(sector: Fields): number {
  return sector.slice(0, 50).reduce((sum, byte) => (sum + byte) & 0xff, 0);
}

function siliconSum(sector: Fields): number {
  let sum = 0;
  for (let at = 0; at < 0x13e; at += 2) sum += sector.u16(at);
  return -sum & 0xffff;
}

const MARKS: readonly Mark[] = [
  {
    type: 'isw_raid_member',
    sectorsFromEnd: [2],
    matches: (sector) => sector.matches(0, 'Intel Raid ISM Cfg Sig. '),
    version: (sector) => byteLabel(sector.slice(24, 6)),
  },
  {
    type: 'lsi_mega_raid_member',
    sectorsFromEnd: [1],
    matches: (sector) => sector.matches(0, '$XIDE$'),
  },
  {
    type: 'via_raid_member',
    sectorsFromEnd: [1],
    matches: (sector) =>
      sector.u16(0) === 0xaa55 && sector.u8(2) <= 2 && viaSum(sector) === sector.u8(50),
    version: (sector) => `${sector.u8(2)}`,
  },
  {
    type: 'silicon_medley_raid_member',
    sectorsFromEnd: [1],
    matches: (sector) =>
      sector.u32(0x60) === 0x2f000000 &&
      sector.u8(0x116) < 8 &&
      siliconSum(sector) === sector.u16(0x13e),
    version: (sector) => `${sector.u16(0x10a)}.${sector.u16(0x108)}`,
  },
  {
    type: 'nvidia_raid_member',
    sectorsFromEnd: [2],
    matches: (sector) => sector.matches(0, 'NVIDIA'),
    version: (sector) => `${sector.u16(16)}`,
  },
  {
    type: 'promise_fasttrack_raid_member',
    sectorsFromEnd: [63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087],
    minBytes: 256 * 1024,
    matches: (sector) => sector.matches(0, 'Promise Technology, Inc.'),
  },
  {
    type: 'hpt45x_raid_member',
    sectorsFromEnd: [11],
    matches: (sector) => sector.u32(0) === 0x5a7816f3 || sector.u32(0) === 0x5a7816fd,
  },
  {
    type: 'adaptec_raid_member',
    sectorsFromEnd: [1],
    matches: (sector) => sector.big.u32(256) === 0x4450544d && sector.big.u32(0) === 0x37fc4d1e,
    version: (sector) => `${sector.u8(63)}`,
  },
  {
    type: 'jmicron_raid_member',
    sectorsFromEnd: [1],
    matches: (sector) => sector.matches(0, 'JM'),
    version: (sector) => `${sector.u8(3)}.${sector.u8(2)}`,
  },
];

async function probeMark(disk: Disk, mark: Mark): Promise<Detected | undefined> {
  const sectors = Math.floor(disk.sizeBytes / SECTOR_BYTES);
  for (const fromEnd of mark.sectorsFromEnd) {
    const sector = await disk.fields((sectors - fromEnd) * SECTOR_BYTES, SECTOR_BYTES);
    if (sector === undefined) return undefined;
    if (!mark.matches(sector)) continue;
    return detected({ type: mark.type, kind: 'member', version: mark.version?.(sector) });
  }
  return undefined;
}

/** Intel's, LSI's, VIA's … own formats, one Format for each. */
export const vendorRaids: readonly Format[] = MARKS.map((mark) => ({
  name: mark.type,
  usage: 'raid',
  minBytes: mark.minBytes ?? MIN_BYTES,
  probe: (disk) => probeMark(disk, mark),
}));

/** Highpoint 37x: the one that keeps its mark near the start. */
export const highpoint37x: Format = {
  name: 'hpt37x_raid_member',
  usage: 'raid',
  async probe(disk) {
    const magic = (await disk.fields(9 * SECTOR_BYTES + 32, 4))?.u32(0);
    if (magic !== 0x5a7816f0 && magic !== 0x5a7816fd) return undefined;
    return detected({ type: 'hpt37x_raid_member', kind: 'member' });
  },
};

/** SNIA's common format, which many controllers use: «Common RAID DDF Specification». */
export const ddf: Format = {
  name: 'ddf_raid_member',
  usage: 'raid',
  minBytes: 192 * 1024,
  async probe(disk) {
    const sectors = Math.floor(disk.sizeBytes / SECTOR_BYTES);
    for (const fromEnd of [1, 257]) {
      const little = await disk.fields((sectors - fromEnd) * SECTOR_BYTES, SECTOR_BYTES);
      if (little === undefined) return undefined;
      const header = [little.big, little].find((order) => order.u32(0) === 0xde11de11);
      if (header === undefined) continue;
      const primary = header.u64(96);
      if (primary > 0) {
        const copy = await disk.fields(primary * SECTOR_BYTES, 4);
        if (copy === undefined || !Buffer.from(copy.bytes).equals(header.slice(0, 4))) {
          return undefined;
        }
      }
      return detected({
        type: 'ddf_raid_member',
        kind: 'member',
        uuid: byteLabel(header.slice(8, 24)),
        version: byteLabel(header.slice(32, 8)),
      });
    }
    return undefined;
  },
};
