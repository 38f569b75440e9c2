/**
 * Whether a file system that mostly tells case apart takes "A" for "a" on one volume: in all
 * directories, or in those that are made so (chattr +F). The superblock says it.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Volume } from '../vfs-linux/volume.ts';

interface SuperblockBit {
  /** The byte, from the volume's beginning. */
  readonly at: number;
  readonly mask: number;
}

const extBit: SuperblockBit = { at: 1024 + 0x60 + 2, mask: 0x02 };
const bits: Readonly<Record<string, SuperblockBit>> = {
  // fs/ext4/ext4.h: EXT4_FEATURE_INCOMPAT_CASEFOLD, 0x20000 of s_feature_incompat.
  ext2: extBit,
  ext3: extBit,
  ext4: extBit,
  // fs/f2fs/f2fs.h: F2FS_FEATURE_CASEFOLD, 0x1000 of `feature` (include/linux/f2fs_fs.h).
  f2fs: { at: 1024 + 2180 + 1, mask: 0x10 },
  // fs/xfs/libxfs/xfs_format.h: XFS_SB_VERSION_BORGBIT, 0x4000 of the big-endian sb_versionnum.
  xfs: { at: 100, mask: 0x40 },
  // fs/jfs/jfs_filsys.h: JFS_OS2, 0x40000000 of s_flag (jfs_superblock.h).
  jfs: { at: 32768 + 36 + 3, mask: 0x40 },
};

/** ntfs3 folds case with the option nocase (fs/ntfs3/super.c), which /proc/mounts shows. */
async function isMountedNocase({ kernel, device }: Volume): Promise<boolean> {
  const mounts = await kernel.readOwn('/proc/mounts');
  const fields = mounts.split('\n').map((line) => line.split(' '));
  const [, , , options = ''] = fields.find(([source]) => source === `/dev/${device}`) ?? [];
  return options.split(',').includes('nocase');
}

/** Asks the superblock. One that cannot be read is taken to say yes: that is never wrong. */
async function superblockSaysSo({ kernel, device }: Volume, bit: SuperblockBit): Promise<boolean> {
  const { calls } = kernel;
  const fd = await calls.openat2(abi.AT_FDCWD, `/dev/${device}`, abi.O_RDONLY);
  if (isErrno(fd)) return true;
  const byte = Buffer.alloc(1);
  const count = await calls.pread(fd, byte, bit.at);
  await calls.close(fd);
  return count !== 1 || ((byte[0] as number) & bit.mask) !== 0;
}

/** Whether "A" may be "a" somewhere on the volume, whose type tells case apart as a rule. */
export async function mayFoldCase(volume: Volume): Promise<boolean> {
  const bit = bits[volume.type];
  return bit === undefined ? isMountedNocase(volume) : superblockSaysSo(volume, bit);
}
