/**
 * The Minix file system, versions 1 to 3, in both byte orders (Linux mounts the little-endian ones
 * here). Its magic number is two bytes in a place where ext may have anything, so the counts have
 * to fit each other, as in libblkid's minix.c. Offsets: the kernel's
 * include/uapi/linux/minix_fs.h.
 */

import { judge, notUnmounted, recordedErrors } from '../detected.ts';
import { type Format, format, type Magic } from '../format.ts';
import { readFields, u16, u32 } from '../layout.ts';

const superblockAt = 1024;
const bitsPerBlock: number = 1024 * 8;
const MINIX_VALID_FS = 1;
const MINIX_ERROR_FS = 2;
const blockBytes = 1024;
const extMagic = '\x53\xef';
const extMagicAt = 0x38;

/** Where versions 1 and 2 have their magic number, and where version 3 has it. */
const magicAt12 = 16;
const magicAt3 = 24;

/**
 * The magic numbers in one byte order; each of version 1 and 2 has one for either length of names.
 */
const magics: readonly Magic[] = [
  [superblockAt, magicAt12, '\x7f\x13', 'little'],
  [superblockAt, magicAt12, '\x8f\x13', 'little'],
  [superblockAt, magicAt12, '\x68\x24', 'little'],
  [superblockAt, magicAt12, '\x78\x24', 'little'],
  [superblockAt, magicAt3, '\x5a\x4d', 'little'],
  [superblockAt, magicAt12, '\x13\x7f', 'big'],
  [superblockAt, magicAt12, '\x13\x8f', 'big'],
  [superblockAt, magicAt12, '\x24\x68', 'big'],
  [superblockAt, magicAt12, '\x24\x78', 'big'],
  [superblockAt, magicAt3, '\x4d\x5a', 'big'],
];

/** struct minix_super_block, versions 1 and 2. */
const fields12 = {
  s_ninodes: u16(0),
  s_nzones: u16(2),
  s_imap_blocks: u16(4),
  s_zmap_blocks: u16(6),
  s_firstdatazone: u16(8),
  s_log_zone_size: u16(10),
  s_magic: u16(magicAt12),
  s_state: u16(18),
  s_zones: u32(20),
};

/** struct minix3_super_block. */
const fields3 = {
  s_ninodes: u32(0),
  s_imap_blocks: u16(6),
  s_zmap_blocks: u16(8),
  s_firstdatazone: u16(10),
  s_log_zone_size: u16(12),
  s_zones: u32(20),
  s_blocksize: u16(28),
};

interface Counts {
  readonly s_ninodes: number;
  readonly s_imap_blocks: number;
  readonly s_zmap_blocks: number;
  readonly s_firstdatazone: number;
  readonly s_log_zone_size: number;
}

function makesSense(sb: Counts, zones: number): boolean {
  return (
    sb.s_log_zone_size === 0 &&
    sb.s_ninodes > 0 &&
    sb.s_ninodes < 0xffffffff &&
    sb.s_imap_blocks * bitsPerBlock >= sb.s_ninodes + 1 &&
    sb.s_firstdatazone <= zones &&
    sb.s_zmap_blocks * bitsPerBlock >= zones - sb.s_firstdatazone + 1
  );
}

/** Version 2 has the magic numbers 0x2468 and 0x2478. */
const isVersion2 = (magic: number): boolean => magic >> 8 === 0x24;

export const minix: Format = format({
  type: 'minix',
  magics,
  bytes: 64,
  fields: fields12,
  sane: (_, { superblock }) => !superblock.matches(extMagicAt, extMagic),
  details(sb, { superblock, magicAt }) {
    const kernelTypes = superblock.littleEndian ? ['minix'] : [];
    if (magicAt === magicAt3) {
      const sb3 = readFields(fields3, superblock);
      if (!makesSense(sb3, sb3.s_zones)) return undefined;
      return {
        kernelTypes,
        version: '3',
        blockSizeBytes: sb3.s_blocksize,
        sizeBytes: sb3.s_zones * sb3.s_blocksize,
        stateReason: 'version 3 does not record how it was left',
      };
    }
    const zones = isVersion2(sb.s_magic) ? sb.s_zones : sb.s_nzones;
    const otherStates = sb.s_state & ~(MINIX_VALID_FS | MINIX_ERROR_FS);
    if (!makesSense(sb, zones) || otherStates !== 0) return undefined;
    return {
      kernelTypes,
      version: isVersion2(sb.s_magic) ? '2' : '1',
      blockSizeBytes: blockBytes,
      sizeBytes: zones * blockBytes,
      ...judge(
        [(sb.s_state & MINIX_ERROR_FS) !== 0 && recordedErrors],
        [(sb.s_state & MINIX_VALID_FS) === 0 && notUnmounted],
      ),
    };
  },
});
