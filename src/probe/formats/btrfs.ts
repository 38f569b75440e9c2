/**
 * btrfs, which may span several disks: each has a superblock of its own at 64 KiB. The copies at
 * 64 MiB and 256 GiB are not looked at. Offsets are those of struct btrfs_super_block in the kernel's
 * include/uapi/linux/btrfs_tree.h.
 */

import { createHash } from 'node:crypto';
import { crc32c, xxhash64 } from '../checksum.ts';
import type { Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge, members, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_AT = 64 * 1024;
const SUPERBLOCK_BYTES = 4096;
const CHECKSUM_BYTES = 32;

const FLAG_ERROR = 1n << 2n;
const FLAG_METADUMP = (1n << 33n) | (1n << 34n);
const FLAG_CONVERTING = (1n << 35n) | (1n << 36n) | (1n << 38n) | (1n << 39n) | (1n << 40n);

/**
 * Whether the checksum is wrong. BLAKE2b with a 32-byte digest is not in node:crypto: it is not
 * checked.
 */
function checksumWrong(sb: Fields): boolean {
  const covered = sb.slice(CHECKSUM_BYTES, SUPERBLOCK_BYTES);
  switch (sb.u16(0xc4)) {
    case 0:
      return (crc32c(0xffffffff, covered) ^ 0xffffffff) >>> 0 !== sb.u32(0);
    case 1:
      return xxhash64(covered) !== sb.big64(0);
    case 2:
      return !createHash('sha256').update(covered).digest().equals(sb.slice(0, CHECKSUM_BYTES));
    default:
      return false;
  }
}

export const btrfs: Format = {
  name: 'btrfs',
  usage: 'filesystem',
  minBytes: 1024 * 1024,
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, SUPERBLOCK_BYTES);
    if (!sb?.matches(0x40, '_BHRfS_M')) return undefined;
    const flags = sb.big64(0x38);
    const fsUuid = sb.uuid(0x20);
    return detected({
      type: 'btrfs',
      kernelTypes: ['btrfs'],
      label: byteLabel(sb.slice(0x12b, 256)),
      uuid: fsUuid,
      blockSizeBytes: sb.u32(0x90),
      sizeBytes: sb.u64(0x70),
      usedBytes: sb.u64(0x78),
      members: members({
        fsUuid,
        deviceUuid: sb.uuid(0x10b),
        devid: sb.u64(0xc9),
        numDevices: sb.u64(0x88),
      }),
      ...judge(
        [
          checksumWrong(sb) && BAD_CHECKSUM,
          (flags & FLAG_ERROR) !== 0n && RECORDED_ERRORS,
          (flags & FLAG_METADUMP) !== 0n && 'it is a dump of metadata without the files’ data',
          (flags & FLAG_CONVERTING) !== 0n && 'btrfstune was interrupted on it',
        ],
        [sb.big64(0x60) !== 0n && 'its log tree needs to be replayed'],
      ),
    });
  },
};
