/**
 * Stratis, Red Hat's pools: two copies of a superblock in the first sectors (libblkid stratis.c).
 */

import { crc32c } from '../checksum.ts';
import { members } from '../detected.ts';
import { type Format, format, type Magic } from '../format.ts';
import { bytes, map, text, u32, u64 } from '../layout.ts';

const sectorBytes = 512;
const copySectors: readonly number[] = [1, 9];

/** 32 digits without dashes, to be printed with them. */
const dashed = (at: number) =>
  map(text(at, 32), (digits) =>
    digits?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  );

const fields = {
  crc32: u32(0),
  summed: bytes(4, sectorBytes - 4),
  sizeBytes: map(u64(20), (sectors) => sectors * sectorBytes),
  pool_uuid: dashed(32),
  uuid: dashed(64),
};

export const stratis: Format = format({
  type: 'stratis',
  usage: 'raid',
  kind: 'member',
  minBytes: 16 * sectorBytes,
  magics: copySectors.map(
    (sector): Magic => [sector * sectorBytes, 4, '!Stra0tis\x86\xff\x02^\x41rh'],
  ),
  copies: true,
  bytes: sectorBytes,
  fields,
  sane: (sb) => (crc32c(0xffffffff, sb.summed) ^ 0xffffffff) >>> 0 === sb.crc32,
  details: (sb) => ({ members: members({ fsUuid: sb.pool_uuid, deviceUuid: sb.uuid }) }),
});
