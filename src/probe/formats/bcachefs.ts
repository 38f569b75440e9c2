/**
 * bcachefs, and bcache, whose superblock it inherited: both lie at 4 KiB with a magic at 24. bcachefs
 * has its own magic; very old ones have bcache's, and are told apart by where the superblock writes
 * down its own position. Offsets are those of struct bch_sb in the kernel's
 * fs/bcachefs/bcachefs_format.h and struct cache_sb in include/uapi/linux/bcache.h.
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { detected, judge, members, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_AT = 4096;
const SUPERBLOCK_SECTOR = 8;
const FIXED_BYTES = 752;
const MAX_BYTES = 1024 * 1024;
const BCACHE_MAGIC = '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81';
const BCACHEFS_MAGIC = '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef';

const FIELD_MEMBERS_V1 = 1;
const FIELD_MEMBERS_V2 = 11;
const MEMBER_V1_BYTES = 56;

const INITIALIZED = 1n << 0n;
const CLEAN = 1n << 1n;
const HAS_ERRORS = (1n << 60n) | (1n << 61n);

/** UUID of the member with this index, from the optional fields that follow the fixed part. */
function memberUuid(sb: Fields, index: number): string | undefined {
  let v1: string | undefined;
  for (let at = FIXED_BYTES; at + 8 <= sb.length; ) {
    const bytes = sb.u32(at) * 8;
    const type = sb.u32(at + 4);
    if (bytes === 0) break;
    if (type === FIELD_MEMBERS_V2) {
      const memberBytes = sb.u16(at + 8);
      const member = at + 16 + index * memberBytes;
      if (memberBytes >= 16 && member + 16 <= at + bytes) return sb.uuid(member);
    }
    if (type === FIELD_MEMBERS_V1) v1 = sb.uuid(at + 8 + index * MEMBER_V1_BYTES);
    at += bytes;
  }
  return v1;
}

async function wholeSuperblock(disk: Disk, fixed: Fields): Promise<Fields> {
  const bytes = FIXED_BYTES + fixed.u32(124) * 8;
  return (bytes <= MAX_BYTES ? await disk.fields(SUPERBLOCK_AT, bytes) : undefined) ?? fixed;
}

export const bcachefs: Format = {
  name: 'bcachefs',
  usage: 'filesystem',
  async probe(disk) {
    const fixed = await disk.fields(SUPERBLOCK_AT, FIXED_BYTES);
    if (fixed === undefined || fixed.u64(104) !== SUPERBLOCK_SECTOR) return undefined;
    if (!fixed.matches(24, BCACHEFS_MAGIC) && !fixed.matches(24, BCACHE_MAGIC)) return undefined;
    const sb = await wholeSuperblock(disk, fixed);
    const flags = sb.big64(144);
    const used = (flags & INITIALIZED) !== 0n;
    return detected({
      type: 'bcachefs',
      kernelTypes: ['bcachefs'],
      label: byteLabel(sb.slice(72, 32)),
      uuid: sb.uuid(56),
      version: `${sb.u16(16) >> 10}.${sb.u16(16) & 0x3ff}`,
      blockSizeBytes: sb.u16(120) * 512,
      members: members({
        fsUuid: sb.uuid(56),
        deviceUuid: memberUuid(sb, sb.u8(122)),
        devid: sb.u8(122),
        numDevices: sb.u8(123),
      }),
      ...judge(
        [(flags & HAS_ERRORS) !== 0n && RECORDED_ERRORS],
        [used && (flags & CLEAN) === 0n && NOT_UNMOUNTED],
      ),
    });
  },
};

export const bcache: Format = {
  name: 'bcache',
  usage: 'other',
  minBytes: 8192,
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, 512);
    if (!sb?.matches(24, BCACHE_MAGIC) || sb.u64(8) !== SUPERBLOCK_SECTOR) return undefined;
    return detected({ type: 'bcache', kind: 'container', uuid: sb.uuid(40) });
  },
};
