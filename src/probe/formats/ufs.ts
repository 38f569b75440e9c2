/**
 * UFS, the file system of the BSDs and of Solaris, in both byte orders. Linux has to be told which
 * kind it is by the option ufstype. Offsets are those of struct ufs_super_block in libblkid's ufs.c
 * and of struct ufs_super_block in the kernel's fs/ufs/ufs_fs.h.
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected, judge, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_OFFSETS: readonly number[] = [0, 8 * 1024, 64 * 1024, 256 * 1024];
const SUPERBLOCK_BYTES = 1380;
const MAGIC_AT = 1372;
const UFS2_MAGIC = 0x19540119;
const UFS_MAGICS: readonly number[] = [
  UFS2_MAGIC,
  0x00011954,
  0x00195612,
  0x00095014,
  0x00612195,
  0x05231994,
];
/** UFS_FSOK: Solaris stores this number less the time of the last write. */
const SUN_OK = 0x7c269d38;

async function findSuperblock(disk: Disk): Promise<Fields | undefined> {
  for (const offset of SUPERBLOCK_OFFSETS) {
    const little = await disk.fields(offset, SUPERBLOCK_BYTES);
    if (little === undefined) return undefined;
    if (UFS_MAGICS.includes(little.u32(MAGIC_AT))) return little;
    if (UFS_MAGICS.includes(little.big.u32(MAGIC_AT))) return little.big;
  }
  return undefined;
}

function ufsTypeOf(sb: Fields): string {
  if (sb.u32(MAGIC_AT) === UFS2_MAGIC) return 'ufs2';
  const time = sb.u32(32);
  if ((sb.u32(132) + time) >>> 0 === SUN_OK) return 'sunx86';
  if ((sb.u32(1336) + time) >>> 0 === SUN_OK) return 'sun';
  return '44bsd';
}

/** fs_clean: UFS_FSCLEAN, UFS_FSSTABLE and UFS_FSOSF1 are clean; a logging one may hold a log. */
function stateOf(clean: number): Pick<Detected, 'state' | 'stateReason'> {
  if (clean === 0xfd) return { state: 'unknown', stateReason: 'it has a log of its own' };
  return judge([clean === 0xff && RECORDED_ERRORS], [(clean === 0 || clean > 3) && NOT_UNMOUNTED]);
}

function sizesOf(sb: Fields, is2: boolean): { sizeBytes: number; usedBytes: number } {
  const fragmentBytes = sb.u32(52);
  const perBlock = sb.u32(56);
  const size = is2 ? sb.u64(1080) : sb.u32(36);
  const data = is2 ? sb.u64(1088) : sb.u32(40);
  const free = is2 ? sb.u64(1016) * perBlock + sb.u64(1032) : sb.u32(196) * perBlock + sb.u32(204);
  return { sizeBytes: size * fragmentBytes, usedBytes: (data - free) * fragmentBytes };
}

export const ufs: Format = {
  name: 'ufs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await findSuperblock(disk);
    if (sb === undefined) return undefined;
    const is2 = sb.u32(MAGIC_AT) === UFS2_MAGIC;
    const id = [sb.u32(144), sb.u32(148)];
    const hasId = id.some((word) => word !== 0);
    return detected({
      type: 'ufs',
      kernelTypes: ['ufs'],
      mountOptions: [`ufstype=${ufsTypeOf(sb)}`],
      label: is2 ? byteLabel(sb.slice(680, 32)) : undefined,
      uuid: hasId ? id.map((word) => word.toString(16).padStart(8, '0')).join('') : undefined,
      version: is2 ? '2' : '1',
      blockSizeBytes: sb.u32(52),
      ...sizesOf(sb, is2),
      ...stateOf(sb.u8(209)),
    });
  },
};
