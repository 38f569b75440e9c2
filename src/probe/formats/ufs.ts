/**
 * UFS, the file system of the BSDs and of Solaris, in both byte orders. Linux has to be told which
 * kind it is by the option ufstype. Offsets are those of struct ufs_super_block in libblkid's ufs.c
 * and of struct ufs_super_block in the kernel's fs/ufs/ufs_fs.h.
 */

import { judge, notUnmounted, recordedErrors, type StateFound } from '../detected.ts';
import { type Format, format, type Magic } from '../format.ts';
import { text, u8, u32, u64, type Values } from '../layout.ts';

const kib = 1024;
const places: readonly number[] = [0, 8 * kib, 64 * kib, 256 * kib];
const fs_magic_at = 1372;
const UFS2_MAGIC = 0x19540119;
/** UFS2, UFS1, and the variants of HP and of OSF/1 (libblkid ufs.c). */
const magicNumbers: readonly number[] = [
  UFS2_MAGIC,
  0x00011954,
  0x00195612,
  0x00095014,
  0x00612195,
  0x05231994,
];
/** Solaris stores this number less the time of the last write. */
const UFS_FSOK = 0x7c269d38;
/** Values of fs_clean. */
const UFS_FSOSF1 = 0x03;
const UFS_FSLOG = 0xfd;
const UFS_FSBAD = 0xff;

function bytesOf(magic: number, order: 'little' | 'big'): string {
  const bytes = Buffer.alloc(4);
  if (order === 'little') bytes.writeUInt32LE(magic);
  else bytes.writeUInt32BE(magic);
  return bytes.toString('latin1');
}

const magics: readonly Magic[] = places.flatMap((place) =>
  (['little', 'big'] as const).flatMap((order) =>
    magicNumbers.map((magic): Magic => [place, fs_magic_at, bytesOf(magic, order), order]),
  ),
);

const fields = {
  fs_time: u32(32),
  fs_size: u32(36),
  fs_dsize: u32(40),
  fs_fsize: u32(52),
  fs_frag: u32(56),
  fs_sunx86_state: u32(132),
  fs_id0: u32(144),
  fs_id1: u32(148),
  fs_cs_nbfree: u32(196),
  fs_cs_nffree: u32(204),
  fs_clean: u8(209),
  fs_volname: text(680, 32),
  fs2_cs_nbfree: u64(1016),
  fs2_cs_nffree: u64(1032),
  fs2_size: u64(1080),
  fs2_dsize: u64(1088),
  fs_sun_state: u32(1336),
  fs_magic: u32(fs_magic_at),
};
type Superblock = Values<typeof fields>;

const isUfs2 = (sb: Superblock): boolean => sb.fs_magic === UFS2_MAGIC;

/** The kernel's option ufstype. */
function ufsTypeOf(sb: Superblock): string {
  if (isUfs2(sb)) return 'ufs2';
  if ((sb.fs_sunx86_state + sb.fs_time) >>> 0 === UFS_FSOK) return 'sunx86';
  if ((sb.fs_sun_state + sb.fs_time) >>> 0 === UFS_FSOK) return 'sun';
  return '44bsd';
}

/** UFS_FSCLEAN, UFS_FSSTABLE and UFS_FSOSF1 are clean; a logging one may hold a log. */
function stateOf(clean: number): StateFound {
  if (clean === UFS_FSLOG) return { state: 'unknown', stateReason: 'it has a log of its own' };
  return judge(
    [clean === UFS_FSBAD && recordedErrors],
    [(clean === 0 || clean > UFS_FSOSF1) && notUnmounted],
  );
}

function sizesOf(sb: Superblock): { sizeBytes: number; usedBytes: number } {
  const is2 = isUfs2(sb);
  const size = is2 ? sb.fs2_size : sb.fs_size;
  const data = is2 ? sb.fs2_dsize : sb.fs_dsize;
  const freeBlocks = is2 ? sb.fs2_cs_nbfree : sb.fs_cs_nbfree;
  const freeFragments = is2 ? sb.fs2_cs_nffree : sb.fs_cs_nffree;
  const free = freeBlocks * sb.fs_frag + freeFragments;
  return { sizeBytes: size * sb.fs_fsize, usedBytes: (data - free) * sb.fs_fsize };
}

export const ufs: Format = format({
  type: 'ufs',
  kernelTypes: ['ufs'],
  magics,
  bytes: 1380,
  fields,
  state: (sb) => stateOf(sb.fs_clean),
  details(sb) {
    const id = [sb.fs_id0, sb.fs_id1];
    const hasId = id.some((word) => word !== 0);
    return {
      mountOptions: [`ufstype=${ufsTypeOf(sb)}`],
      label: isUfs2(sb) ? sb.fs_volname : undefined,
      uuid: hasId ? id.map((word) => word.toString(16).padStart(8, '0')).join('') : undefined,
      version: isUfs2(sb) ? '2' : '1',
      blockSizeBytes: sb.fs_fsize,
      ...sizesOf(sb),
    };
  },
});
