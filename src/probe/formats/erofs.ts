/**
 * EROFS, a read-only file system. Offsets are those of struct erofs_super_block in the kernel's
 * fs/erofs/erofs_fs.h.
 */

import type { Disk } from '../cached-reader.ts';
import { crc32c, crcWithHole } from '../checksum.ts';
import type { Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_AT = 1024;
const COMPAT_SB_CHKSUM = 1;

/** The checksum covers the block from the superblock on (erofs_superblock_csum_verify). */
async function checksumWrong(disk: Disk, sb: Fields, blockBytes: number): Promise<boolean> {
  if (!(sb.u32(8) & COMPAT_SB_CHKSUM)) return false;
  const covered = blockBytes > SUPERBLOCK_AT ? blockBytes - SUPERBLOCK_AT : blockBytes;
  const bytes = await disk.read(SUPERBLOCK_AT, covered);
  return bytes === undefined || crcWithHole(crc32c, 0xffffffff, bytes, 4) !== sb.u32(4);
}

export const erofs: Format = {
  name: 'erofs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, 128);
    if (sb?.u32(0) !== 0xe0f5e1e2) return undefined;
    const log = sb.u8(12);
    const blockBytes = log >= 9 && log <= 16 ? 2 ** log : undefined;
    const damaged = blockBytes === undefined || (await checksumWrong(disk, sb, blockBytes));
    return detected({
      type: 'erofs',
      kernelTypes: ['erofs'],
      label: byteLabel(sb.slice(64, 16)),
      uuid: sb.uuid(48),
      blockSizeBytes: log < 32 ? 2 ** log : undefined,
      sizeBytes: blockBytes && sb.u32(36) * blockBytes,
      ...judge([damaged && BAD_CHECKSUM]),
    });
  },
};
