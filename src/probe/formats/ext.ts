/**
 * ext2, ext3 and ext4, and the disk that holds only the journal of one (jbd).
 *
 * The feature bits say which of them it is: a feature that ext3 does not know makes it ext4, a
 * journal alone makes it ext3 (libblkid ext.c). The kernel's ext4 driver mounts all of them.
 * Offsets are those of struct ext4_super_block in the kernel's fs/ext4/ext4.h.
 */

import { crc32c } from '../checksum.ts';
import type { StateFound } from '../detected.ts';
import { badChecksum, judge, notUnmounted, recordedErrors } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { dotted, text, u16, u32, uuid, type Values } from '../layout.ts';

const EXT4_FEATURE_COMPAT_HAS_JOURNAL = 0x0004;
const EXT4_FEATURE_INCOMPAT_RECOVER = 0x0004;
const EXT4_FEATURE_INCOMPAT_JOURNAL_DEV = 0x0008;
const EXT4_FEATURE_INCOMPAT_64BIT = 0x0080;
const EXT4_FEATURE_RO_COMPAT_METADATA_CSUM = 0x0400;
const EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT = 0x10000;
/** What ext2 knows: filetype and meta_bg. ext3 also knows recover. */
const ext2Incompat = 0x0012;
const ext3Incompat = 0x0016;
/** sparse_super, large_file and btree_dir: ext2 and ext3 alike. */
const ext3RoCompat = 0x0007;
const EXT2_FLAGS_TEST_FILESYS = 0x0004;

const EXT4_VALID_FS = 0x0001;
const EXT4_ERROR_FS = 0x0002;
const EXT4_ORPHAN_FS = 0x0004;

const maxLogBlockSize = 6;

const fields = {
  s_blocks_count_lo: u32(0x04),
  s_free_blocks_count_lo: u32(0x0c),
  s_log_block_size: u32(0x18),
  s_blocks_per_group: u32(0x20),
  s_inodes_per_group: u32(0x28),
  s_state: u16(0x3a),
  s_rev_level: u32(0x4c),
  s_inode_size: u16(0x58),
  s_feature_compat: u32(0x5c),
  s_feature_incompat: u32(0x60),
  s_feature_ro_compat: u32(0x64),
  s_last_orphan: u32(0xe8),
  s_blocks_count_hi: u32(0x150),
  s_free_blocks_count_hi: u32(0x158),
  s_flags: u32(0x160),
  s_error_count: u32(0x194),
  s_checksum: u32(0x3fc),
  uuid: uuid(0x68),
  label: text(0x78, 16),
  /** s_rev_level and s_minor_rev_level. */
  version: dotted(u32(0x4c), u16(0x3e)),
};
type Superblock = Values<typeof fields>;

function typeOf(sb: Superblock): string | undefined {
  const incompat = sb.s_feature_incompat;
  if (incompat & EXT4_FEATURE_INCOMPAT_JOURNAL_DEV) return 'jbd';
  if (sb.s_flags & EXT2_FLAGS_TEST_FILESYS) return 'ext4dev';
  if (sb.s_feature_ro_compat & ~ext3RoCompat || incompat & ~ext3Incompat) return 'ext4';
  if (sb.s_feature_compat & EXT4_FEATURE_COMPAT_HAS_JOURNAL) return 'ext3';
  return incompat & ~ext2Incompat ? undefined : 'ext2';
}

function checksumWrong(sb: Superblock, superblock: Fields): boolean {
  if (!(sb.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)) return false;
  return crc32c(0xffffffff, superblock.slice(0, 0x3fc)) !== sb.s_checksum;
}

/** What the kernel refuses to mount (ext4_fill_super), as far as it shows in a few fields. */
function isNonsense(sb: Superblock): boolean {
  const inodeBytes = sb.s_rev_level === 0 ? 128 : sb.s_inode_size;
  const isPower = inodeBytes >= 128 && (inodeBytes & (inodeBytes - 1)) === 0;
  return (
    !isPower ||
    sb.s_log_block_size > maxLogBlockSize ||
    sb.s_blocks_per_group === 0 ||
    sb.s_inodes_per_group === 0
  );
}

function stateOf(sb: Superblock, superblock: Fields): StateFound {
  const orphans =
    (sb.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT) !== 0 ||
    sb.s_last_orphan !== 0 ||
    (sb.s_state & EXT4_ORPHAN_FS) !== 0;
  return judge(
    [
      checksumWrong(sb, superblock) && badChecksum,
      isNonsense(sb) && 'its superblock does not make sense',
      // e2fsck resets both; until then s_error_count may outlive EXT4_ERROR_FS.
      ((sb.s_state & EXT4_ERROR_FS) !== 0 || sb.s_error_count !== 0) && recordedErrors,
    ],
    [
      (sb.s_feature_incompat & EXT4_FEATURE_INCOMPAT_RECOVER) !== 0 && 'its journal needs recovery',
      (sb.s_state & EXT4_VALID_FS) === 0 && notUnmounted,
      orphans && 'files that were deleted while open still wait to be freed',
    ],
  );
}

/** Total and used bytes; the counters are split in two where the 64bit feature is on. */
function sizesOf(sb: Superblock): { sizeBytes?: number; usedBytes?: number } {
  if (sb.s_log_block_size > maxLogBlockSize) return {};
  const blockBytes = 1024 << sb.s_log_block_size;
  const high = sb.s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT ? 2 ** 32 : 0;
  const blocks = sb.s_blocks_count_lo + high * sb.s_blocks_count_hi;
  const free = sb.s_free_blocks_count_lo + high * sb.s_free_blocks_count_hi;
  return { sizeBytes: blocks * blockBytes, usedBytes: (blocks - free) * blockBytes };
}

export const ext: Format = format({
  type: 'ext',
  magics: [[1024, 0x38, '\x53\xef']],
  bytes: 1024,
  fields,
  details(sb, { superblock }) {
    const type = typeOf(sb);
    if (type === undefined) return undefined;
    const log = sb.s_log_block_size;
    const blockSizeBytes = log < 22 ? 1024 * 2 ** log : undefined;
    if (type === 'jbd') return { type, kind: 'other', blockSizeBytes };
    return {
      type,
      kernelTypes: ['ext4'],
      blockSizeBytes,
      ...sizesOf(sb),
      ...stateOf(sb, superblock),
    };
  },
});
