/**
 * NILFS2. It has two superblocks that it writes in turn, one at 1 KiB and one near the end. The
 * second is no mere backup: the one with the later checkpoint counts, as in the kernel's
 * nilfs_load_super_block() (fs/nilfs2/the_nilfs.c). Offsets are those of struct nilfs_super_block
 * in include/uapi/linux/nilfs2_ondisk.h.
 */

import type { CachedReader } from '../cached-reader.ts';
import { crc32, crcWithHole } from '../checksum.ts';
import { judge, notUnmounted, recordedErrors } from '../detected.ts';
import { type Format, format, type Place, placeOn } from '../format.ts';
import { big64, dotted, readFields, text, u16, u32, u64, uuid, type Values } from '../layout.ts';

const superblockBytes = 1024;
const s_sum_at = 16;
const NILFS_VALID_FS = 1;
const NILFS_ERROR_FS = 2;
const magic = '\x34\x34';
const s_magic_at = 6;
/** NILFS_SB_OFFSET_BYTES and NILFS_SB2_OFFSET_BYTES. */
const places: readonly [Place, Place] = [1024, { fromEnd: 4096, unit: 512 }];

const fields = {
  s_rev_level: dotted(u32(0)),
  s_bytes: u16(8),
  s_crc_seed: u32(12),
  s_sum: u32(s_sum_at),
  s_log_block_size: u32(20),
  s_dev_size: u64(32),
  s_last_cno: big64(56),
  s_free_blocks_count: u64(80),
  s_state: u16(116),
  s_uuid: uuid(152),
  s_volume_name: text(168, 80),
};
type Superblock = Values<typeof fields>;

async function validSuperblock(disk: CachedReader, place: Place): Promise<Superblock | undefined> {
  const bytes = await disk.fields(placeOn(disk.sizeBytes, place), superblockBytes);
  if (!bytes?.matches(s_magic_at, magic)) return undefined;
  const sb = readFields(fields, bytes);
  if (sb.s_bytes < s_sum_at + 4 || sb.s_bytes > superblockBytes) return undefined;
  const sum = crcWithHole(crc32, sb.s_crc_seed, bytes.slice(0, sb.s_bytes), s_sum_at);
  return sum === sb.s_sum ? sb : undefined;
}

async function newestSuperblock(disk: CachedReader): Promise<Superblock | undefined> {
  const first = await validSuperblock(disk, places[0]);
  const second = await validSuperblock(disk, places[1]);
  if (first === undefined || second === undefined) return first ?? second;
  return second.s_last_cno > first.s_last_cno ? second : first;
}

export const nilfs2: Format = format({
  type: 'nilfs2',
  kernelTypes: ['nilfs2'],
  minBytes: 1024 * 1024,
  magics: [
    [places[0], s_magic_at, magic],
    [places[1], s_magic_at, magic],
  ],
  async details(_, { disk }) {
    const sb = await newestSuperblock(disk);
    if (sb === undefined) return undefined;
    const log = sb.s_log_block_size;
    const blockSizeBytes = log < 22 ? 1024 * 2 ** log : undefined;
    return {
      label: sb.s_volume_name,
      uuid: sb.s_uuid,
      version: sb.s_rev_level,
      blockSizeBytes,
      sizeBytes: sb.s_dev_size,
      usedBytes: blockSizeBytes && sb.s_dev_size - sb.s_free_blocks_count * blockSizeBytes,
      ...judge(
        [(sb.s_state & NILFS_ERROR_FS) !== 0 && recordedErrors],
        [(sb.s_state & NILFS_VALID_FS) === 0 && notUnmounted],
      ),
    };
  },
});
