/**
 * NILFS2. It has two superblocks that it writes in turn, one at 1 KiB and one near the end: the
 * second is no mere backup, and the one with the later checkpoint counts, as in the kernel's
 * nilfs_load_super_block() (fs/nilfs2/the_nilfs.c). Offsets are those of struct nilfs_super_block in
 * include/uapi/linux/nilfs2_ondisk.h.
 */

import type { Disk } from '../cached-reader.ts';
import { crc32, crcWithHole } from '../checksum.ts';
import type { Format } from '../detected.ts';
import { detected, judge, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_BYTES = 1024;
const SUM_AT = 16;
const STATE_VALID = 1;
const STATE_ERRORS = 2;

async function validSuperblock(disk: Disk, at: number): Promise<Fields | undefined> {
  const sb = await disk.fields(at, SUPERBLOCK_BYTES);
  if (sb?.u16(6) !== 0x3434) return undefined;
  const bytes = sb.u16(8);
  if (bytes < SUM_AT + 4 || bytes > SUPERBLOCK_BYTES) return undefined;
  const sum = crcWithHole(crc32, sb.u32(12), sb.slice(0, bytes), SUM_AT);
  return sum === sb.u32(SUM_AT) ? sb : undefined;
}

export const nilfs2: Format = {
  name: 'nilfs2',
  usage: 'filesystem',
  minBytes: 1024 * 1024,
  async probe(disk) {
    const first = await validSuperblock(disk, 1024);
    const second = await validSuperblock(disk, (Math.floor(disk.sizeBytes / 512) - 8) * 512);
    const newer =
      first === undefined || (second !== undefined && second.big64(56) > first.big64(56));
    const sb = newer ? second : first;
    if (sb === undefined) return undefined;
    const log = sb.u32(20);
    const blockSizeBytes = log < 22 ? 1024 * 2 ** log : undefined;
    const state = sb.u16(116);
    return detected({
      type: 'nilfs2',
      kernelTypes: ['nilfs2'],
      label: byteLabel(sb.slice(168, 80)),
      uuid: sb.uuid(152),
      version: `${sb.u32(0)}`,
      blockSizeBytes,
      sizeBytes: sb.u64(32),
      usedBytes: blockSizeBytes && sb.u64(32) - sb.u64(80) * blockSizeBytes,
      ...judge(
        [(state & STATE_ERRORS) !== 0 && RECORDED_ERRORS],
        [(state & STATE_VALID) === 0 && NOT_UNMOUNTED],
      ),
    });
  },
};
