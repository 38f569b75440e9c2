/**
 * XFS. The superblock is recognised by the same sanity checks as in libblkid (xfs.c); whether the
 * log needs replay is worked out in xfs-log.ts. Offsets are those of struct xfs_dsb in the
 * kernel's fs/xfs/libxfs/xfs_format.h; all numbers are big-endian but the checksum.
 */

import type { CachedReader } from '../cached-reader.ts';
import { crc32c, crcWithHole } from '../checksum.ts';
import { badChecksum, judge, type StateFound } from '../detected.ts';
import { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { big64, map, text, u8, u16, u32, u64, uuid, type Values } from '../layout.ts';
import type { LogGeometry } from './xfs-log.ts';
import { findLogRecord, logIsClean } from './xfs-log.ts';

const sb_crc_at = 224;
const XFS_SB_VERSION_NUMBITS = 0xf;
const XFS_SB_VERSION_LOGV2BIT = 0x0400;
const XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR = 1 << 4;
const XFS_MAX_RTEXTSIZE: number = 1024 ** 3;
const XFS_MIN_RTEXTSIZE: number = 4 * 1024;
const XFS_MIN_AG_BLOCKS = 64;

const fields = {
  sb_blocksize: u32(4),
  sb_dblocks: u64(8),
  uuid: uuid(32),
  sb_logstart: big64(48),
  sb_rextsize: u32(80),
  sb_agblocks: u32(84),
  sb_agcount: u32(88),
  sb_logblocks: u32(96),
  sb_versionnum: u16(100),
  version: map(u16(100), (number) => `${number & XFS_SB_VERSION_NUMBITS}`),
  /** sb_sectsize: what the driver reads. */
  blockSizeBytes: u16(102),
  sb_inodesize: u16(104),
  label: text(108, 12),
  sb_blocklog: u8(120),
  sb_sectlog: u8(121),
  sb_inodelog: u8(122),
  sb_inopblog: u8(123),
  sb_agblklog: u8(124),
  sb_inprogress: u8(126),
  sb_imax_pct: u8(127),
  sb_fdblocks: u64(144),
  sb_features_incompat: u32(216),
};
type Superblock = Values<typeof fields>;

function isPowerIn(value: number, log: number, minLog: number, maxLog: number): boolean {
  return log >= minLog && log <= maxLog && value === 2 ** log;
}

/** The checks of libblkid's xfs_verify_sb. */
function isSane(sb: Superblock): boolean {
  const rtExtentBytes = sb.sb_rextsize * sb.sb_blocksize;
  return (
    sb.sb_agcount > 0 &&
    isPowerIn(sb.blockSizeBytes, sb.sb_sectlog, 9, 15) &&
    isPowerIn(sb.sb_blocksize, sb.sb_blocklog, 9, 16) &&
    isPowerIn(sb.sb_inodesize, sb.sb_inodelog, 8, 11) &&
    sb.sb_blocklog - sb.sb_inodelog === sb.sb_inopblog &&
    rtExtentBytes <= XFS_MAX_RTEXTSIZE &&
    rtExtentBytes >= XFS_MIN_RTEXTSIZE &&
    sb.sb_imax_pct <= 100 &&
    sb.sb_dblocks > 0 &&
    sb.sb_dblocks <= sb.sb_agcount * sb.sb_agblocks &&
    sb.sb_dblocks >= (sb.sb_agcount - 1) * sb.sb_agblocks + XFS_MIN_AG_BLOCKS
  );
}

const versionOf = (sb: Superblock): number => sb.sb_versionnum & XFS_SB_VERSION_NUMBITS;

/** Version 5 has a checksum of the first sector, which is stored little-endian. */
async function checksumWrong(disk: CachedReader, sb: Superblock): Promise<boolean> {
  if (versionOf(sb) < 5) return false;
  const sector = await disk.read(0, sb.blockSizeBytes);
  if (sector === undefined) return true;
  const stored = new Fields(sector, true).u32(sb_crc_at);
  return (crcWithHole(crc32c, 0xffffffff, sector, sb_crc_at) ^ 0xffffffff) >>> 0 !== stored;
}

/** Where the log lies; undefined where it is on another disk (sb_logstart is 0). */
function logOf(sb: Superblock): LogGeometry | undefined {
  const start = sb.sb_logstart;
  if (start === 0n) return undefined;
  const agBits = BigInt(sb.sb_agblklog & 31);
  const group = start >> agBits;
  const block = group * BigInt(sb.sb_agblocks) + (start & ((1n << agBits) - 1n));
  return {
    offsetBytes: Number(block) * sb.sb_blocksize,
    blocks: Math.floor((sb.sb_logblocks * sb.sb_blocksize) / 512),
    version2: (sb.sb_versionnum & XFS_SB_VERSION_LOGV2BIT) !== 0,
  };
}

async function stateOf(disk: CachedReader, sb: Superblock): Promise<StateFound> {
  const needsRepair =
    versionOf(sb) === 5 && (sb.sb_features_incompat & XFS_SB_FEAT_INCOMPAT_NEEDSREPAIR) !== 0;
  const known = judge([
    (await checksumWrong(disk, sb)) && badChecksum,
    sb.sb_inprogress !== 0 && 'mkfs.xfs or xfs_repair was interrupted on it',
    needsRepair && 'it is marked as in need of xfs_repair',
  ]);
  if (known.state !== 'clean') return known;
  const log = logOf(sb);
  if (log === undefined) return { state: 'unknown', stateReason: 'its log is on another disk' };
  const clean = await logIsClean(disk, log);
  if (clean === undefined) return { state: 'unknown', stateReason: 'its log cannot be read' };
  return judge([], [!clean && 'its log needs recovery']);
}

export const xfs: Format = format({
  type: 'xfs',
  kernelTypes: ['xfs'],
  magics: [[0, 0, 'XFSB']],
  bytes: 512,
  byteOrder: 'big',
  fields,
  sane: isSane,
  state: (sb, { disk }) => stateOf(disk, sb),
  details: (sb) => ({
    sizeBytes: sb.sb_dblocks * sb.sb_blocksize,
    usedBytes: (sb.sb_dblocks - sb.sb_fdblocks) * sb.sb_blocksize,
  }),
});

/** blkid looks for a record of a log in so much of the disk. */
const searchedBytes: number = 256 * 1024;

/** The log of an XFS that has it on a disk of its own. It has no magic number in a known place. */
export const xfsLog: Format = format({
  type: 'xfs_external_log',
  usage: 'other',
  kind: 'other',
  // XFS_MIN_LOG_BYTES.
  minBytes: 10 * 1024 * 1024,
  magics: [],
  async sane(_, { disk }) {
    const start = await disk.fields(0, searchedBytes);
    return start !== undefined && findLogRecord(start.big);
  },
});
