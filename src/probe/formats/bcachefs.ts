/**
 * bcachefs, and bcache, whose superblock it inherited: both lie at 4 KiB with a magic number at 24.
 * bcachefs has a magic number of its own; very old ones have bcache's, and are told apart by where
 * the superblock writes down its own position. Offsets are those of struct bch_sb in the kernel's
 * fs/bcachefs/bcachefs_format.h and struct cache_sb in include/uapi/linux/bcache.h.
 */

import type { CachedReader } from '../cached-reader.ts';
import { judge, members, notUnmounted, recordedErrors } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { big64, map, text, u8, u16, u32, u64, uuid } from '../layout.ts';

const superblockAt = 4096;
const superblockSector = 8;
/** struct bch_sb without the optional fields behind it. */
const fixedBytes = 752;
const maxBytes: number = 1024 * 1024;
const bcacheMagic = '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81';
const bcachefsMagic = '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef';

const BCH_SB_FIELD_members_v1 = 1;
const BCH_SB_FIELD_members_v2 = 11;
const memberV1Bytes = 56;

/** Bits of flags[0]. */
const initialized = 1n << 0n;
const clean = 1n << 1n;
const hasErrors: bigint = (1n << 60n) | (1n << 61n);

/** UUID of the member with this index, from the optional fields that follow the fixed part. */
function memberUuid(sb: Fields, index: number): string | undefined {
  let v1: string | undefined;
  for (let at = fixedBytes; at + 8 <= sb.length; ) {
    const bytes = sb.u32(at) * 8;
    const type = sb.u32(at + 4);
    if (bytes === 0) break;
    if (type === BCH_SB_FIELD_members_v2) {
      const memberBytes = sb.u16(at + 8);
      const member = at + 16 + index * memberBytes;
      if (memberBytes >= 16 && member + 16 <= at + bytes) return sb.uuid(member);
    }
    if (type === BCH_SB_FIELD_members_v1) v1 = sb.uuid(at + 8 + index * memberV1Bytes);
    at += bytes;
  }
  return v1;
}

/** With the optional fields, where they can be read. */
async function wholeSuperblock(disk: CachedReader, fixed: Fields, words: number): Promise<Fields> {
  const bytes = fixedBytes + words * 8;
  return (bytes <= maxBytes ? await disk.fields(superblockAt, bytes) : undefined) ?? fixed;
}

/** struct bch_sb. */
const fields = {
  version: map(u16(16), (version) => `${version >> 10}.${version & 0x3ff}`),
  uuid: uuid(56),
  label: text(72, 32),
  offset: u64(104),
  blockSizeBytes: map(u16(120), (sectors) => sectors * 512),
  dev_idx: u8(122),
  nr_devices: u8(123),
  /** How many words of 64 bits the optional fields have. */
  u64s: u32(124),
  flags: big64(144),
};

export const bcachefs: Format = format({
  type: 'bcachefs',
  kernelTypes: ['bcachefs'],
  magics: [
    [superblockAt, 24, bcachefsMagic],
    [superblockAt, 24, bcacheMagic],
  ],
  bytes: fixedBytes,
  fields,
  sane: (sb) => sb.offset === superblockSector,
  state: ({ flags }) =>
    judge(
      [(flags & hasErrors) !== 0n && recordedErrors],
      [(flags & initialized) !== 0n && (flags & clean) === 0n && notUnmounted],
    ),
  async details(sb, { disk, superblock }) {
    const whole = await wholeSuperblock(disk, superblock, sb.u64s);
    return {
      members: members({
        fsUuid: sb.uuid,
        deviceUuid: memberUuid(whole, sb.dev_idx),
        devid: sb.dev_idx,
        numDevices: sb.nr_devices,
      }),
    };
  },
});

export const bcache: Format = format({
  type: 'bcache',
  usage: 'other',
  kind: 'container',
  minBytes: 8192,
  magics: [[superblockAt, 24, bcacheMagic]],
  bytes: 512,
  fields: { offset: u64(8), uuid: uuid(40) },
  sane: (sb) => sb.offset === superblockSector,
});
