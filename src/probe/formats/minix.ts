/**
 * The Minix file system, versions 1 to 3, in both byte orders (Linux mounts the little-endian ones
 * here). Its magic is two bytes in a place where ext may have anything, so the counts have to fit each
 * other, as in libblkid's minix.c. Offsets: the kernel's include/uapi/linux/minix_fs.h.
 */

import type { Format } from '../detected.ts';
import { detected, judge, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';

const SUPERBLOCK_AT = 1024;
const BITS_PER_BLOCK: number = 1024 * 8;
const STATE_VALID = 1;
const STATE_ERRORS = 2;

interface Counts {
  readonly inodes: number;
  readonly zones: number;
  readonly inodeMapBlocks: number;
  readonly zoneMapBlocks: number;
  readonly firstZone: number;
  readonly logZone: number;
  readonly blockBytes: number;
}

function versionOf(sb: Fields): 1 | 2 | 3 | undefined {
  switch (sb.u16(16)) {
    case 0x137f:
    case 0x138f:
      return 1;
    case 0x2468:
    case 0x2478:
      return 2;
    default:
      return sb.u16(24) === 0x4d5a ? 3 : undefined;
  }
}

function countsOf(sb: Fields, version: 1 | 2 | 3): Counts {
  if (version === 3) {
    return {
      inodes: sb.u32(0),
      zones: sb.u32(20),
      inodeMapBlocks: sb.u16(6),
      zoneMapBlocks: sb.u16(8),
      firstZone: sb.u16(10),
      logZone: sb.u16(12),
      blockBytes: sb.u16(28),
    };
  }
  return {
    inodes: sb.u16(0),
    zones: version === 2 ? sb.u32(20) : sb.u16(2),
    inodeMapBlocks: sb.u16(4),
    zoneMapBlocks: sb.u16(6),
    firstZone: sb.u16(8),
    logZone: sb.u16(10),
    blockBytes: 1024,
  };
}

function makesSense(counts: Counts): boolean {
  return (
    counts.logZone === 0 &&
    counts.inodes > 0 &&
    counts.inodes < 0xffffffff &&
    counts.inodeMapBlocks * BITS_PER_BLOCK >= counts.inodes + 1 &&
    counts.firstZone <= counts.zones &&
    counts.zoneMapBlocks * BITS_PER_BLOCK >= counts.zones - counts.firstZone + 1
  );
}

export const minix: Format = {
  name: 'minix',
  usage: 'filesystem',
  async probe(disk) {
    const little = await disk.fields(SUPERBLOCK_AT, 64);
    if (little === undefined || little.matches(0x38, '\x53\xef')) return undefined;
    const isLittle = versionOf(little) !== undefined;
    const sb = isLittle ? little : little.big;
    const version = versionOf(sb);
    if (version === undefined) return undefined;
    const counts = countsOf(sb, version);
    const flags = version === 3 ? STATE_VALID : sb.u16(18);
    if (!makesSense(counts) || (flags & ~(STATE_VALID | STATE_ERRORS)) !== 0) return undefined;
    const state = judge(
      [(flags & STATE_ERRORS) !== 0 && RECORDED_ERRORS],
      [(flags & STATE_VALID) === 0 && NOT_UNMOUNTED],
    );
    return detected({
      type: 'minix',
      kernelTypes: isLittle ? ['minix'] : [],
      version: `${version}`,
      blockSizeBytes: counts.blockBytes,
      sizeBytes: counts.zones * counts.blockBytes,
      ...(version === 3
        ? { state: 'unknown', stateReason: 'version 3 does not record how it was left' }
        : state),
    });
  },
};
