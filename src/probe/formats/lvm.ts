/**
 * LVM physical volumes: LVM2's label in one of the first four sectors, LVM1's header in the first.
 * Layouts: libblkid's lvm.c, which has them from LVM2's lib/format_text/layout.h.
 */

import { crc32 } from '../checksum.ts';
import { type Format, format, type Magic } from '../format.ts';
import { bytes, constant, map, u16, u32, u64 } from '../layout.ts';

const sectorBytes = 512;
/** lib/misc/crc.h of LVM2. */
const INITIAL_CRC = 0xf597a6cf;

/** LVM writes its UUIDs as 32 letters and digits in groups of 6-4-4-4-4-4-6. */
function formatLvmUuid(id: Uint8Array): string | undefined {
  if (id.every((byte) => byte === 0)) return undefined;
  return Buffer.from(id)
    .toString('latin1')
    .replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/s, '$1-$2-$3-$4-$5-$6-$7')
    .replace(/\0.*$/s, '');
}

/** LVM2's label_header, and the start of the pv_header behind it. */
const label2Fields = {
  sector_xl: u64(8),
  crc_xl: u32(16),
  summed: bytes(20, sectorBytes - 20),
  uuid: map(bytes(32, 32), formatLvmUuid),
  sizeBytes: u64(64),
  version: constant('LVM2 001'),
};

export const lvm2: Format = format({
  type: 'LVM2_member',
  usage: 'raid',
  kind: 'container',
  magics: [0, 1, 2, 3].map((sector): Magic => [sector * sectorBytes, 0, 'LABELONE']),
  copies: true,
  bytes: sectorBytes,
  fields: label2Fields,
  sane: (label, { superblock, baseBytes }) =>
    superblock.matches(24, 'LVM2 001') &&
    label.sector_xl === baseBytes / sectorBytes &&
    crc32(INITIAL_CRC, label.summed) === label.crc_xl,
});

/** LVM1's pv_disk. */
const header1Fields = { format_version: u16(2), uuid: map(bytes(44, 32), formatLvmUuid) };

export const lvm1: Format = format({
  type: 'LVM1_member',
  usage: 'raid',
  kind: 'container',
  magics: [[0, 0, 'HM']],
  bytes: 176,
  fields: header1Fields,
  sane: (header) => header.format_version === 1 || header.format_version === 2,
});
