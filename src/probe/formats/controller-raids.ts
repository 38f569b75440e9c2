/**
 * Disks of RAIDs that a controller's BIOS or Windows put together. Linux's own dm-raid would be
 * needed to read them; here they are only named, so that one half of a mirror is not mounted.
 * Almost all keep their mark in one of the last sectors. Places and checks: libblkid's *_raid.c.
 */

import { type Format, format, type Magic, type Place } from '../format.ts';
import { bytes, dotted, text, u8, u16, u32, u64 } from '../layout.ts';

const sectorBytes = 512;

/** 1 is the last sector. */
const sectorFromEnd = (count: number): Place => ({
  fromEnd: count * sectorBytes,
  unit: sectorBytes,
});

const member = { usage: 'raid', kind: 'member', minBytes: 64 * 1024 } as const;

/** Promise's sectors, in libblkid's order. */
const promiseSectors = [63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087];
const ddfMagic = '\xde\x11\xde\x11';
const ddfMagicSwapped = '\x11\xde\x11\xde';

function sumOfBytes(sector: Uint8Array): number {
  return sector.reduce((sum, byte) => (sum + byte) & 0xff, 0);
}

/**
 * Silicon Image's checksum: all words of 16 bits, little-endian, and the sum itself add up to 0.
 */
function sumOfWords(sector: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at + 1 < sector.length; at += 2) {
    sum += (sector[at] ?? 0) | ((sector[at + 1] ?? 0) << 8);
  }
  return -sum & 0xffff;
}

export const intelRaid: Format = format({
  ...member,
  type: 'isw_raid_member',
  magics: [[sectorFromEnd(2), 0, 'Intel Raid ISM Cfg Sig. ']],
  bytes: sectorBytes,
  fields: { version: text(24, 6) },
});

export const lsiRaid: Format = format({
  ...member,
  type: 'lsi_mega_raid_member',
  magics: [[sectorFromEnd(1), 0, '$XIDE$']],
});

export const viaRaid: Format = format({
  ...member,
  type: 'via_raid_member',
  magics: [[sectorFromEnd(1), 0, '\x55\xaa']],
  bytes: sectorBytes,
  fields: { version_number: u8(2), version: dotted(u8(2)), summed: bytes(0, 50), checksum: u8(50) },
  sane: (sb) => sb.version_number <= 2 && sumOfBytes(sb.summed) === sb.checksum,
});

export const siliconImageRaid: Format = format({
  ...member,
  type: 'silicon_medley_raid_member',
  magics: [[sectorFromEnd(1), 0x60, '\0\0\0\x2f']],
  bytes: sectorBytes,
  fields: {
    version: dotted(u16(0x10a), u16(0x108)),
    disk_number: u8(0x116),
    summed: bytes(0, 0x13e),
    checksum1: u16(0x13e),
  },
  sane: (sb) => sb.disk_number < 8 && sumOfWords(sb.summed) === sb.checksum1,
});

export const nvidiaRaid: Format = format({
  ...member,
  type: 'nvidia_raid_member',
  magics: [[sectorFromEnd(2), 0, 'NVIDIA']],
  bytes: sectorBytes,
  fields: { version: dotted(u16(16)) },
});

export const promiseRaid: Format = format({
  ...member,
  type: 'promise_fasttrack_raid_member',
  minBytes: 256 * 1024,
  magics: promiseSectors.map(
    (count): Magic => [sectorFromEnd(count), 0, 'Promise Technology, Inc.'],
  ),
});

export const highpoint45xRaid: Format = format({
  ...member,
  type: 'hpt45x_raid_member',
  magics: [
    [sectorFromEnd(11), 0, '\xf3\x16\x78\x5a'],
    [sectorFromEnd(11), 0, '\xfd\x16\x78\x5a'],
  ],
});

/** The one that keeps its mark near the start. */
export const highpoint37xRaid: Format = format({
  ...member,
  minBytes: 0,
  type: 'hpt37x_raid_member',
  magics: [
    [9 * sectorBytes, 32, '\xf0\x16\x78\x5a'],
    [9 * sectorBytes, 32, '\xfd\x16\x78\x5a'],
  ],
});

export const adaptecRaid: Format = format({
  ...member,
  type: 'adaptec_raid_member',
  byteOrder: 'big',
  magics: [[sectorFromEnd(1), 0, '\x37\xfc\x4d\x1e']],
  bytes: sectorBytes,
  fields: { smagic: u32(256), version: dotted(u8(63)) },
  sane: (sb) => sb.smagic === 0x4450544d,
});

export const jmicronRaid: Format = format({
  ...member,
  type: 'jmicron_raid_member',
  magics: [[sectorFromEnd(1), 0, 'JM']],
  bytes: sectorBytes,
  fields: { version: dotted(u8(3), u8(2)) },
});

/** SNIA's common format, which many controllers use: «Common RAID DDF Specification». */
export const ddfRaid: Format = format({
  ...member,
  type: 'ddf_raid_member',
  minBytes: 192 * 1024,
  magics: [1, 257].flatMap((count): readonly Magic[] => [
    [sectorFromEnd(count), 0, ddfMagic, 'big'],
    [sectorFromEnd(count), 0, ddfMagicSwapped, 'little'],
  ]),
  bytes: sectorBytes,
  fields: { uuid: text(8, 24), version: text(32, 8), primary_lba: u64(96) },
  async sane(sb, { disk, magic }) {
    if (sb.primary_lba === 0) return true;
    const copy = await disk.fields(sb.primary_lba * sectorBytes, magic.length);
    return copy?.matches(0, magic) ?? false;
  },
});
