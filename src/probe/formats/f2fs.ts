/**
 * F2FS. The superblock says where the two checkpoint packs lie; the newer valid one says how the
 * file system was left. Offsets are those of struct f2fs_super_block and struct f2fs_checkpoint in
 * the kernel's include/linux/f2fs_fs.h.
 */

import type { CachedReader } from '../cached-reader.ts';
import { crc32 } from '../checksum.ts';
import type { Members, StateFound } from '../detected.ts';
import { badChecksum, judge, members, notUnmounted, recordedErrors } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import {
  big64,
  bytes,
  dotted,
  map,
  readFields,
  u16,
  u32,
  u64,
  uuid,
  type Values,
} from '../layout.ts';
import { utf16Label } from '../text.ts';

const superblockBytes = 3072;
/** Also where the checksums start from. */
const F2FS_SUPER_MAGIC = 0xf2f52010;
const F2FS_FEATURE_SB_CHKSUM = 0x0800;
const devsAt = 0x899;
const deviceBytes = 68;
const MAX_DEVICES = 8;

const CP_UMOUNT_FLAG = 0x1;
const CP_ERROR_FLAG = 0x8;
const CP_FSCK_FLAG = 0x10;
const CP_QUOTA_NEED_FSCK_FLAG = 0x800;

const fields = {
  checksum_offset: u32(0x20),
  log_blocksize: u32(0x10),
  log_blocks_per_seg: u32(0x14),
  block_count: u64(0x24),
  cp_blkaddr: u32(0x4c),
  uuid: uuid(0x6c),
  label: map(bytes(0x7c, 1024), (name) => utf16Label(name, 'le')),
  version: dotted(u16(4), u16(6)),
  feature: u32(0x884),
};
type Superblock = Values<typeof fields>;

const checkpointFields = {
  checkpoint_ver: big64(0),
  valid_block_count: u64(16),
  ckpt_flags: u32(132),
  cp_pack_total_block_count: u32(136),
  checksum_offset: u32(164),
};
type Checkpoint = Values<typeof checkpointFields>;
const minChecksumOffset = 192;

/** A block size that is usable; undefined where the superblock has nonsense. */
function blockBytesOf(sb: Superblock): number | undefined {
  const log = sb.log_blocksize;
  return log >= 9 && log <= 16 ? 2 ** log : undefined;
}

function checksumWrong(sb: Superblock, superblock: Fields): boolean {
  const at = sb.checksum_offset;
  const summed = (sb.feature & F2FS_FEATURE_SB_CHKSUM) !== 0;
  if (!summed || at === 0 || at + 4 > superblock.length) return false;
  return crc32(F2FS_SUPER_MAGIC, superblock.slice(0, at)) !== superblock.u32(at);
}

/** One checkpoint block, if its checksum holds. */
async function checkpointBlock(disk: CachedReader, at: number, blockBytes: number) {
  const block = await disk.fields(at, blockBytes);
  if (block === undefined) return undefined;
  const checkpoint = readFields(checkpointFields, block);
  const sumAt = checkpoint.checksum_offset;
  if (sumAt < minChecksumOffset || sumAt + 4 > blockBytes) return undefined;
  const holds = crc32(F2FS_SUPER_MAGIC, block.slice(0, sumAt)) === block.u32(sumAt);
  return holds ? checkpoint : undefined;
}

/** A pack is valid if its first and last block carry the same version (f2fs checkpoint.c). */
async function checkpointPack(disk: CachedReader, at: number, blockBytes: number) {
  const first = await checkpointBlock(disk, at, blockBytes);
  if (first === undefined) return undefined;
  const lastAt = at + (first.cp_pack_total_block_count - 1) * blockBytes;
  const last = await checkpointBlock(disk, lastAt, blockBytes);
  return last?.checkpoint_ver === first.checkpoint_ver ? first : undefined;
}

async function newestCheckpoint(disk: CachedReader, sb: Superblock, blockBytes: number) {
  const at = sb.cp_blkaddr * blockBytes;
  const segmentBytes = blockBytes * 2 ** Math.min(sb.log_blocks_per_seg, 20);
  const one = await checkpointPack(disk, at, blockBytes);
  const two = await checkpointPack(disk, at + segmentBytes, blockBytes);
  if (one === undefined || two === undefined) return one ?? two;
  // ver_after(): the version may wrap.
  return BigInt.asIntN(64, two.checkpoint_ver - one.checkpoint_ver) > 0n ? two : one;
}

function stateOf(sumIsWrong: boolean, checkpoint: Checkpoint | undefined): StateFound {
  if (checkpoint === undefined) {
    return judge([sumIsWrong && badChecksum, 'neither of its checkpoints is valid']);
  }
  const flags = checkpoint.ckpt_flags;
  const needsFsck = (flags & (CP_FSCK_FLAG | CP_QUOTA_NEED_FSCK_FLAG)) !== 0;
  return judge(
    [
      sumIsWrong && badChecksum,
      (flags & CP_ERROR_FLAG) !== 0 && recordedErrors,
      needsFsck && 'it is marked as in need of fsck.f2fs',
    ],
    [(flags & CP_UMOUNT_FLAG) === 0 && notUnmounted],
  );
}

function membersOf(sb: Superblock, superblock: Fields): Members | undefined {
  let count = 0;
  while (count < MAX_DEVICES && superblock.u8(devsAt + count * deviceBytes) !== 0) count++;
  return count > 1 ? members({ fsUuid: sb.uuid, numDevices: count }) : undefined;
}

const nothingKnown = { label: undefined, uuid: undefined, version: undefined };

export const f2fs: Format = format({
  type: 'f2fs',
  kernelTypes: ['f2fs'],
  magics: [[1024, 0, '\x10\x20\xf5\xf2']],
  bytes: superblockBytes,
  fields,
  async details(sb, { disk, superblock }) {
    // Version 1.0 had another layout, which is not documented (libblkid f2fs.c).
    if (sb.version === '1.0') return nothingKnown;
    const blockBytes = blockBytesOf(sb);
    const checkpoint =
      blockBytes === undefined ? undefined : await newestCheckpoint(disk, sb, blockBytes);
    return {
      blockSizeBytes: sb.log_blocksize < 32 ? 2 ** sb.log_blocksize : undefined,
      sizeBytes: blockBytes && sb.block_count * blockBytes,
      usedBytes: blockBytes && checkpoint && checkpoint.valid_block_count * blockBytes,
      members: membersOf(sb, superblock),
      ...stateOf(checksumWrong(sb, superblock), checkpoint),
    };
  },
});
