/**
 * btrfs, which may span several disks: each has a superblock of its own at 64 KiB. The copies at
 * 64 MiB and 256 GiB are not looked at. Offsets are those of struct btrfs_super_block in the
 * kernel's include/uapi/linux/btrfs_tree.h.
 */

import { createHash } from 'node:crypto';
import { crc32c, xxhash64 } from '../checksum.ts';
import { badChecksum, judge, members, recordedErrors } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { big64, text, u16, u32, u64, uuid } from '../layout.ts';

const superblockBytes = 4096;
const checksumBytes = 32;

const BTRFS_SUPER_FLAG_ERROR = 1n << 2n;
/** METADUMP and METADUMP_V2. */
const metadumpFlags: bigint = (1n << 33n) | (1n << 34n);
/** CHANGING_FSID and the flags of btrfstune's other conversions. */
const convertingFlags: bigint = (1n << 35n) | (1n << 36n) | (1n << 38n) | (1n << 39n) | (1n << 40n);

/**
 * Whether the checksum is wrong. BLAKE2b with a 32-byte digest is not in node:crypto: it is not
 * checked.
 */
function checksumWrong(sb: Fields, csumType: number): boolean {
  const covered = sb.slice(checksumBytes, superblockBytes);
  switch (csumType) {
    case 0:
      return (crc32c(0xffffffff, covered) ^ 0xffffffff) >>> 0 !== sb.u32(0);
    case 1:
      return xxhash64(covered) !== sb.big64(0);
    case 2:
      return !createHash('sha256').update(covered).digest().equals(sb.slice(0, checksumBytes));
    default:
      return false;
  }
}

export const btrfs: Format = format({
  type: 'btrfs',
  kernelTypes: ['btrfs'],
  minBytes: 1024 * 1024,
  magics: [[64 * 1024, 0x40, '_BHRfS_M']],
  bytes: superblockBytes,
  fields: {
    uuid: uuid(0x20),
    flags: big64(0x38),
    log_root: big64(0x60),
    sizeBytes: u64(0x70),
    usedBytes: u64(0x78),
    num_devices: u64(0x88),
    blockSizeBytes: u32(0x90),
    csum_type: u16(0xc4),
    dev_item_devid: u64(0xc9),
    dev_item_uuid: uuid(0x10b),
    label: text(0x12b, 256),
  },
  state: (sb, { superblock }) =>
    judge(
      [
        checksumWrong(superblock, sb.csum_type) && badChecksum,
        (sb.flags & BTRFS_SUPER_FLAG_ERROR) !== 0n && recordedErrors,
        (sb.flags & metadumpFlags) !== 0n && 'it is a dump of metadata without the files’ data',
        (sb.flags & convertingFlags) !== 0n && 'btrfstune was interrupted on it',
      ],
      [sb.log_root !== 0n && 'its log tree needs to be replayed'],
    ),
  details: (sb) => ({
    members: members({
      fsUuid: sb.uuid,
      deviceUuid: sb.dev_item_uuid,
      devid: sb.dev_item_devid,
      numDevices: sb.num_devices,
    }),
  }),
});
