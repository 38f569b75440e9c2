/**
 * LVM physical volumes: LVM2's label in one of the first four sectors, LVM1's header in the first.
 * Layouts: libblkid's lvm.c, which has them from LVM2's lib/format_text/layout.h.
 */

import { crc32 } from '../checksum.ts';
import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';

const SECTOR_BYTES = 512;
const LABEL_SECTORS = 4;
/** INITIAL_CRC of LVM2's lib/misc/crc.h. */
const CRC_SEED = 0xf597a6cf;

/** LVM writes its UUIDs as 32 letters and digits in groups of 6-4-4-4-4-4-6. */
function formatLvmUuid(bytes: Uint8Array): string | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined;
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/s, '$1-$2-$3-$4-$5-$6-$7')
    .replace(/\0.*$/s, '');
}

function isLabel(sector: Fields, index: number): boolean {
  return (
    sector.matches(0, 'LABELONE') &&
    sector.matches(24, 'LVM2 001') &&
    sector.u64(8) === index &&
    crc32(CRC_SEED, sector.slice(20, SECTOR_BYTES)) === sector.u32(16)
  );
}

export const lvm2: Format = {
  name: 'LVM2_member',
  usage: 'raid',
  async probe(disk) {
    for (let index = 0; index < LABEL_SECTORS; index++) {
      const sector = await disk.fields(index * SECTOR_BYTES, SECTOR_BYTES);
      if (sector === undefined || !isLabel(sector, index)) continue;
      return detected({
        type: 'LVM2_member',
        kind: 'container',
        uuid: formatLvmUuid(sector.slice(32, 32)),
        version: 'LVM2 001',
        sizeBytes: sector.u64(64),
      });
    }
    return undefined;
  },
};

export const lvm1: Format = {
  name: 'LVM1_member',
  usage: 'raid',
  async probe(disk) {
    const header = await disk.fields(0, 176);
    if (!header?.matches(0, 'HM') || (header.u16(2) !== 1 && header.u16(2) !== 2)) return undefined;
    return detected({
      type: 'LVM1_member',
      kind: 'container',
      uuid: formatLvmUuid(header.slice(44, 32)),
    });
  },
};
