/**
 * XFS. The superblock is recognised by the same sanity checks as in libblkid (xfs.c); whether the log
 * needs replay is worked out in xfs-log.ts. Offsets are those of struct xfs_dsb in the kernel's
 * fs/xfs/libxfs/xfs_format.h; all numbers are big-endian but the checksum.
 */

import type { Disk } from '../cached-reader.ts';
import { crc32c, crcWithHole } from '../checksum.ts';
import type { Detected, Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge } from '../detected.ts';
import { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';
import type { LogGeometry } from './xfs-log.ts';
import { findLogRecord, logIsClean } from './xfs-log.ts';

const CRC_AT = 224;
const INCOMPAT_NEEDSREPAIR = 1 << 4;
const VERSION_LOGV2 = 0x0400;
const MAX_RT_EXTENT_BYTES = 1024 ** 3;
const MIN_RT_EXTENT_BYTES = 4 * 1024;
const MIN_AG_BLOCKS = 64;

interface Geometry {
  readonly blockBytes: number;
  readonly sectorBytes: number;
  readonly dataBlocks: number;
  readonly agBlocks: number;
}

function isPowerIn(value: number, log: number, minLog: number, maxLog: number): boolean {
  return log >= minLog && log <= maxLog && value === 2 ** log;
}

/** The checks of libblkid's xfs_verify_sb; undefined where one fails. */
function geometryOf(sb: Fields): Geometry | undefined {
  const blockBytes = sb.u32(4);
  const dataBlocks = sb.u64(8);
  const rtExtentBytes = sb.u32(80) * blockBytes;
  const agBlocks = sb.u32(84);
  const agCount = sb.u32(88);
  const sectorBytes = sb.u16(102);
  const sane =
    agCount > 0 &&
    isPowerIn(sectorBytes, sb.u8(121), 9, 15) &&
    isPowerIn(blockBytes, sb.u8(120), 9, 16) &&
    isPowerIn(sb.u16(104), sb.u8(122), 8, 11) &&
    sb.u8(120) - sb.u8(122) === sb.u8(123) &&
    rtExtentBytes <= MAX_RT_EXTENT_BYTES &&
    rtExtentBytes >= MIN_RT_EXTENT_BYTES &&
    sb.u8(127) <= 100 &&
    dataBlocks > 0 &&
    dataBlocks <= agCount * agBlocks &&
    dataBlocks >= (agCount - 1) * agBlocks + MIN_AG_BLOCKS;
  return sane ? { blockBytes, sectorBytes, dataBlocks, agBlocks } : undefined;
}

async function checksumWrong(disk: Disk, sb: Fields, sectorBytes: number): Promise<boolean> {
  if ((sb.u16(100) & 0xf) < 5) return false;
  const sector = await disk.read(0, sectorBytes);
  if (sector === undefined) return true;
  const stored = new Fields(sector, true).u32(CRC_AT);
  return (crcWithHole(crc32c, 0xffffffff, sector, CRC_AT) ^ 0xffffffff) >>> 0 !== stored;
}

/** Where the log lies; undefined where it is on another disk (sb_logstart is 0). */
function logOf(sb: Fields, geometry: Geometry): LogGeometry | undefined {
  const start = sb.big64(48);
  if (start === 0n) return undefined;
  const agBits = BigInt(sb.u8(124) & 31);
  const group = start >> agBits;
  const block = group * BigInt(geometry.agBlocks) + (start & ((1n << agBits) - 1n));
  return {
    offsetBytes: Number(block) * geometry.blockBytes,
    blocks: Math.floor((sb.u32(96) * geometry.blockBytes) / 512),
    version2: (sb.u16(100) & VERSION_LOGV2) !== 0,
  };
}

async function stateOf(
  disk: Disk,
  sb: Fields,
  geometry: Geometry,
): Promise<Pick<Detected, 'state' | 'stateReason'>> {
  const damage = [
    (await checksumWrong(disk, sb, geometry.sectorBytes)) && BAD_CHECKSUM,
    sb.u8(126) !== 0 && 'mkfs.xfs or xfs_repair was interrupted on it',
    (sb.u16(100) & 0xf) === 5 &&
      (sb.u32(216) & INCOMPAT_NEEDSREPAIR) !== 0 &&
      'it is marked as in need of xfs_repair',
  ];
  const known = judge(damage);
  if (known.state !== 'clean') return known;
  const log = logOf(sb, geometry);
  if (log === undefined) {
    return { state: 'unknown', stateReason: 'its log is on another disk' };
  }
  const clean = await logIsClean(disk, log);
  if (clean === undefined) return { state: 'unknown', stateReason: 'its log cannot be read' };
  return judge([], [!clean && 'its log needs recovery']);
}

export const xfs: Format = {
  name: 'xfs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = (await disk.fields(0, 512))?.big;
    if (!sb?.matches(0, 'XFSB')) return undefined;
    const geometry = geometryOf(sb);
    if (geometry === undefined) return undefined;
    const { blockBytes, dataBlocks } = geometry;
    return detected({
      type: 'xfs',
      kernelTypes: ['xfs'],
      label: byteLabel(sb.slice(108, 12)),
      uuid: sb.uuid(32),
      version: `${sb.u16(100) & 0xf}`,
      blockSizeBytes: geometry.sectorBytes,
      sizeBytes: dataBlocks * blockBytes,
      usedBytes: (dataBlocks - sb.u64(144)) * blockBytes,
      ...(await stateOf(disk, sb, geometry)),
    });
  },
};

/** The log of an XFS that has it on a disk of its own. */
export const xfsLog: Format = {
  name: 'xfs_external_log',
  usage: 'other',
  // XFS_MIN_LOG_BYTES; blkid looks for the record in the first 256 KiB.
  minBytes: 10 * 1024 * 1024,
  async probe(disk) {
    const start = await disk.fields(0, 256 * 1024);
    if (start === undefined || !findLogRecord(start.big)) return undefined;
    return detected({ type: 'xfs_external_log', kind: 'other' });
  },
};
