/**
 * F2FS. The superblock says where the two checkpoint packs lie; the newer valid one says how the file
 * system was left. Offsets are those of struct f2fs_super_block and struct f2fs_checkpoint in the
 * kernel's include/linux/f2fs_fs.h.
 */

import type { Disk } from '../cached-reader.ts';
import { crc32 } from '../checksum.ts';
import type { Detected, Format, Members } from '../detected.ts';
import {
  BAD_CHECKSUM,
  detected,
  judge,
  members,
  NOT_UNMOUNTED,
  RECORDED_ERRORS,
} from '../detected.ts';
import type { Fields } from '../fields.ts';
import { utf16Label } from '../text.ts';

const SUPERBLOCK_AT = 1024;
const SUPERBLOCK_BYTES = 3072;
const MAGIC = 0xf2f52010;
const FEATURE_SB_CHKSUM = 0x0800;
const DEVICES_AT = 0x899;
const DEVICE_BYTES = 68;
const MAX_DEVICES = 8;

const CP_UMOUNT = 0x1;
const CP_ERROR = 0x8;
const CP_FSCK = 0x10;
const CP_QUOTA_NEED_FSCK = 0x800;

function checksumWrong(sb: Fields): boolean {
  const at = sb.u32(0x20);
  if (!(sb.u32(0x884) & FEATURE_SB_CHKSUM) || at === 0 || at + 4 > sb.length) return false;
  return crc32(MAGIC, sb.slice(0, at)) !== sb.u32(at);
}

/** One checkpoint block, if its checksum holds. */
async function checkpointBlock(disk: Disk, at: number, blockBytes: number) {
  const block = await disk.fields(at, blockBytes);
  if (block === undefined) return undefined;
  const sumAt = block.u32(164);
  if (sumAt < 192 || sumAt + 4 > blockBytes) return undefined;
  return crc32(MAGIC, block.slice(0, sumAt)) === block.u32(sumAt) ? block : undefined;
}

/** A pack is valid if its first and last block carry the same version (f2fs checkpoint.c). */
async function checkpointPack(disk: Disk, at: number, blockBytes: number) {
  const first = await checkpointBlock(disk, at, blockBytes);
  if (first === undefined) return undefined;
  const lastAt = at + (first.u32(136) - 1) * blockBytes;
  const last = await checkpointBlock(disk, lastAt, blockBytes);
  return last?.big64(0) === first.big64(0) ? first : undefined;
}

async function newestCheckpoint(disk: Disk, sb: Fields, blockBytes: number) {
  const at = sb.u32(0x4c) * blockBytes;
  const segmentBytes = blockBytes * 2 ** Math.min(sb.u32(0x14), 20);
  const one = await checkpointPack(disk, at, blockBytes);
  const two = await checkpointPack(disk, at + segmentBytes, blockBytes);
  if (one === undefined || two === undefined) return one ?? two;
  // ver_after(): the version may wrap.
  return BigInt.asIntN(64, two.big64(0) - one.big64(0)) > 0n ? two : one;
}

function stateOf(sb: Fields, checkpoint: Fields | undefined): Pick<Detected, 'state'> {
  if (checkpoint === undefined) {
    return judge([checksumWrong(sb) && BAD_CHECKSUM, 'neither of its checkpoints is valid']);
  }
  const flags = checkpoint.u32(132);
  return judge(
    [
      checksumWrong(sb) && BAD_CHECKSUM,
      (flags & CP_ERROR) !== 0 && RECORDED_ERRORS,
      (flags & (CP_FSCK | CP_QUOTA_NEED_FSCK)) !== 0 && 'it is marked as in need of fsck.f2fs',
    ],
    [(flags & CP_UMOUNT) === 0 && NOT_UNMOUNTED],
  );
}

function membersOf(sb: Fields): Members | undefined {
  let count = 0;
  while (count < MAX_DEVICES && sb.u8(DEVICES_AT + count * DEVICE_BYTES) !== 0) count++;
  return count > 1 ? members({ fsUuid: sb.uuid(0x6c), numDevices: count }) : undefined;
}

export const f2fs: Format = {
  name: 'f2fs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, SUPERBLOCK_BYTES);
    if (sb?.u32(0) !== MAGIC) return undefined;
    const version = `${sb.u16(4)}.${sb.u16(6)}`;
    // Version 1.0 had another layout, which nobody wrote down (libblkid f2fs.c).
    if (version === '1.0') return detected({ type: 'f2fs', kernelTypes: ['f2fs'] });
    const log = sb.u32(0x10);
    const blockSizeBytes = log < 32 ? 2 ** log : undefined;
    const usable = log >= 9 && log <= 16 ? 2 ** log : undefined;
    const checkpoint = usable === undefined ? undefined : await newestCheckpoint(disk, sb, usable);
    return detected({
      type: 'f2fs',
      kernelTypes: ['f2fs'],
      label: utf16Label(sb.slice(0x7c, 1024), 'le'),
      uuid: sb.uuid(0x6c),
      version,
      blockSizeBytes,
      sizeBytes: usable === undefined ? undefined : sb.u64(0x24) * usable,
      usedBytes:
        usable === undefined || checkpoint === undefined ? undefined : checkpoint.u64(16) * usable,
      members: membersOf(sb),
      ...stateOf(sb, checkpoint),
    });
  },
};
