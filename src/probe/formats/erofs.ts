/**
 * EROFS, a read-only file system. Offsets are those of struct erofs_super_block in the kernel's
 * fs/erofs/erofs_fs.h.
 */

import type { CachedReader } from '../cached-reader.ts';
import { crc32c, crcWithHole } from '../checksum.ts';
import { badChecksum, judge } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { text, u8, u32, uuid } from '../layout.ts';

const superblockAt = 1024;
const EROFS_FEATURE_COMPAT_SB_CHKSUM = 1;

/** The checksum covers the block from the superblock on (erofs_superblock_csum_verify). */
async function checksumWrong(disk: CachedReader, stored: number, blockBytes: number) {
  const covered = blockBytes > superblockAt ? blockBytes - superblockAt : blockBytes;
  const bytes = await disk.read(superblockAt, covered);
  return bytes === undefined || crcWithHole(crc32c, 0xffffffff, bytes, 4) !== stored;
}

function blockBytesOf(log: number): number | undefined {
  return log >= 9 && log <= 16 ? 2 ** log : undefined;
}

export const erofs: Format = format({
  type: 'erofs',
  kernelTypes: ['erofs'],
  magics: [[superblockAt, 0, '\xe2\xe1\xf5\xe0']],
  bytes: 128,
  fields: {
    checksum: u32(4),
    feature_compat: u32(8),
    blkszbits: u8(12),
    blocks: u32(36),
    uuid: uuid(48),
    label: text(64, 16),
  },
  async state(sb, { disk }) {
    const blockBytes = blockBytesOf(sb.blkszbits);
    if (blockBytes === undefined) return judge([badChecksum]);
    const summed = (sb.feature_compat & EROFS_FEATURE_COMPAT_SB_CHKSUM) !== 0;
    return judge([summed && (await checksumWrong(disk, sb.checksum, blockBytes)) && badChecksum]);
  },
  details(sb) {
    const blockBytes = blockBytesOf(sb.blkszbits);
    return {
      blockSizeBytes: sb.blkszbits < 32 ? 2 ** sb.blkszbits : undefined,
      sizeBytes: blockBytes && sb.blocks * blockBytes,
    };
  },
});
