/**
 * ext2, ext3 and ext4, and the disk that holds only the journal of one (jbd).
 *
 * Which of them it is, the feature bits say: what ext3 does not know makes it ext4, a journal alone
 * makes it ext3 (libblkid ext.c). The kernel's ext4 driver mounts all of them. Offsets are those of
 * struct ext4_super_block in the kernel's fs/ext4/ext4.h.
 */

import { crc32c } from '../checksum.ts';
import type { Detected, Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_AT = 1024;
const SUPERBLOCK_BYTES = 1024;

const COMPAT_HAS_JOURNAL = 0x0004;
const INCOMPAT_RECOVER = 0x0004;
const INCOMPAT_JOURNAL_DEV = 0x0008;
const INCOMPAT_64BIT = 0x0080;
const RO_COMPAT_METADATA_CSUM = 0x0400;
const RO_COMPAT_ORPHAN_PRESENT = 0x10000;
/** filetype, meta_bg; ext3 also knows recover. */
const EXT2_INCOMPAT = 0x0012;
const EXT3_INCOMPAT = 0x0016;
/** sparse_super, large_file, btree_dir: ext2 and ext3 alike. */
const EXT3_RO_COMPAT = 0x0007;
const FLAGS_TEST_FILESYS = 0x0004;

const STATE_VALID = 0x0001;
const STATE_ERRORS = 0x0002;
const STATE_ORPHANS = 0x0004;

function typeOf(sb: Fields): string | undefined {
  const compat = sb.u32(0x5c);
  const incompat = sb.u32(0x60);
  const roCompat = sb.u32(0x64);
  if (incompat & INCOMPAT_JOURNAL_DEV) return 'jbd';
  if (sb.u32(0x160) & FLAGS_TEST_FILESYS) return 'ext4dev';
  if (roCompat & ~EXT3_RO_COMPAT || incompat & ~EXT3_INCOMPAT) return 'ext4';
  if (compat & COMPAT_HAS_JOURNAL) return 'ext3';
  return incompat & ~EXT2_INCOMPAT ? undefined : 'ext2';
}

function checksumWrong(sb: Fields): boolean {
  if (!(sb.u32(0x64) & RO_COMPAT_METADATA_CSUM)) return false;
  return crc32c(0xffffffff, sb.slice(0, 0x3fc)) !== sb.u32(0x3fc);
}

/** What the kernel refuses to mount (ext4_fill_super), as far as it shows in a few fields. */
function isNonsense(sb: Fields): boolean {
  const inodeBytes = sb.u32(0x4c) === 0 ? 128 : sb.u16(0x58);
  const isPower = inodeBytes >= 128 && (inodeBytes & (inodeBytes - 1)) === 0;
  return !isPower || sb.u32(0x18) > 6 || sb.u32(0x20) === 0 || sb.u32(0x28) === 0;
}

function stateOf(sb: Fields): Pick<Detected, 'state' | 'stateReason'> {
  const state = sb.u16(0x3a);
  const orphans = (sb.u32(0x64) & RO_COMPAT_ORPHAN_PRESENT) !== 0 || sb.u32(0xe8) !== 0;
  return judge(
    [
      checksumWrong(sb) && BAD_CHECKSUM,
      isNonsense(sb) && 'its superblock does not make sense',
      // s_error_count outlives STATE_ERRORS only until e2fsck has looked: it resets both.
      ((state & STATE_ERRORS) !== 0 || sb.u32(0x194) !== 0) && RECORDED_ERRORS,
    ],
    [
      (sb.u32(0x60) & INCOMPAT_RECOVER) !== 0 && 'its journal needs recovery',
      (state & STATE_VALID) === 0 && NOT_UNMOUNTED,
      (orphans || (state & STATE_ORPHANS) !== 0) &&
        'files that were deleted while open still wait to be freed',
    ],
  );
}

/** Total and free bytes; the counters are split in two where the 64bit feature is on. */
function sizesOf(sb: Fields): { sizeBytes?: number; usedBytes?: number } {
  const log = sb.u32(0x18);
  if (log > 6) return {};
  const blockBytes = 1024 << log;
  const high = sb.u32(0x60) & INCOMPAT_64BIT ? 1 : 0;
  const blocks = sb.u32(0x04) + high * sb.u32(0x150) * 2 ** 32;
  const free = sb.u32(0x0c) + high * sb.u32(0x158) * 2 ** 32;
  return { sizeBytes: blocks * blockBytes, usedBytes: (blocks - free) * blockBytes };
}

export const ext: Format = {
  name: 'ext',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, SUPERBLOCK_BYTES);
    if (!sb?.matches(0x38, '\x53\xef')) return undefined;
    const type = typeOf(sb);
    if (type === undefined) return undefined;
    const log = sb.u32(0x18);
    const common = {
      type,
      uuid: sb.uuid(0x68),
      label: byteLabel(sb.slice(0x78, 16)),
      version: `${sb.u32(0x4c)}.${sb.u16(0x3e)}`,
      blockSizeBytes: log < 22 ? 1024 * 2 ** log : undefined,
    };
    if (type === 'jbd') return detected({ ...common, kind: 'other' });
    return detected({ ...common, kernelTypes: ['ext4'], ...sizesOf(sb), ...stateOf(sb) });
  },
};
