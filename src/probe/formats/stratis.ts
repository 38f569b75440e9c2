/** Stratis, Red Hat's pools: two copies of a superblock in the first sectors (libblkid stratis.c). */

import { crc32c } from '../checksum.ts';
import type { Format } from '../detected.ts';
import { detected, members } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SECTOR_BYTES = 512;
const COPIES: readonly number[] = [1, 9];
const MAGIC = '!Stra0tis\x86\xff\x02^\x41rh';

function isValid(sector: Fields): boolean {
  const sum = crc32c(0xffffffff, sector.slice(4, SECTOR_BYTES - 4)) ^ 0xffffffff;
  return sector.matches(4, MAGIC) && sum >>> 0 === sector.u32(0);
}

/** 32 digits without dashes, to be printed with them. */
function dashed(digits: Uint8Array): string | undefined {
  return byteLabel(digits)?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export const stratis: Format = {
  name: 'stratis',
  usage: 'raid',
  minBytes: 16 * SECTOR_BYTES,
  async probe(disk) {
    for (const index of COPIES) {
      const sector = await disk.fields(index * SECTOR_BYTES, SECTOR_BYTES);
      if (sector === undefined || !isValid(sector)) continue;
      const uuid = dashed(sector.slice(64, 32));
      return detected({
        type: 'stratis',
        kind: 'member',
        uuid,
        sizeBytes: sector.u64(20) * SECTOR_BYTES,
        members: members({ fsUuid: dashed(sector.slice(32, 32)), deviceUuid: uuid }),
      });
    }
    return undefined;
  },
};
