/**
 * Every format, in the order in which detection asks: libblkid's (superblocks.c, idinfos[]). The
 * first match is the answer, so the order is part of what each format means.
 */

import type { Format } from './format.ts';
import { bcache, bcachefs } from './formats/bcachefs.ts';
import { bitlocker } from './formats/bitlocker.ts';
import { btrfs } from './formats/btrfs.ts';
import {
  adaptecRaid,
  ddfRaid,
  highpoint37xRaid,
  highpoint45xRaid,
  intelRaid,
  jmicronRaid,
  lsiRaid,
  nvidiaRaid,
  promiseRaid,
  siliconImageRaid,
  viaRaid,
} from './formats/controller-raids.ts';
import { cramfs } from './formats/cramfs.ts';
import { erofs } from './formats/erofs.ts';
import { exfat } from './formats/exfat.ts';
import { ext } from './formats/ext.ts';
import { f2fs } from './formats/f2fs.ts';
import { fat } from './formats/fat.ts';
import { hfs, hfsplus, wrappedHfsplus } from './formats/hfs.ts';
import { iso9660 } from './formats/iso9660.ts';
import { jfs } from './formats/jfs.ts';
import { luks } from './formats/luks.ts';
import { lvm1, lvm2 } from './formats/lvm.ts';
import { md1, md090 } from './formats/md.ts';
import { minix } from './formats/minix.ts';
import {
  apfs,
  befs,
  bfs,
  bluestore,
  drbd8,
  drbd9,
  drbdProxy,
  gfs1,
  gfs2,
  hpfs,
  integrity,
  mpool,
  nss,
  ocfs,
  ocfs2,
  oracleAsm,
  refs,
  reiser4,
  reiserfs,
  snapshotCow,
  ubi,
  ubifs,
  vdo,
  verityHash,
  vmfs,
  vmfsMember,
  vxfs,
  zonefs,
} from './formats/named-only.ts';
import { nilfs2 } from './formats/nilfs2.ts';
import { ntfs } from './formats/ntfs.ts';
import { romfs } from './formats/romfs.ts';
import { squashfs, squashfs3 } from './formats/squashfs.ts';
import { stratis } from './formats/stratis.ts';
import { swap, swsuspend } from './formats/swap.ts';
import { udf } from './formats/udf.ts';
import { ufs } from './formats/ufs.ts';
import { xfs, xfsLog } from './formats/xfs.ts';
import { zfs } from './formats/zfs.ts';

export const formats: readonly Format[] = [
  // RAID members come first: the file system of a mirror shows through at its place.
  md090,
  md1,
  ddfRaid,
  intelRaid,
  lsiRaid,
  viaRaid,
  siliconImageRaid,
  nvidiaRaid,
  promiseRaid,
  highpoint45xRaid,
  adaptecRaid,
  jmicronRaid,
  highpoint37xRaid,

  // Then what holds other volumes: its first sectors may be a leftover, or imitate a file system.
  // bcache's magic number is also that of the first bcachefs, which comes last.
  bcache,
  bluestore,
  drbdProxy,
  drbd8,
  drbd9,
  lvm2,
  lvm1,
  snapshotCow,
  verityHash,
  integrity,
  luks,
  vmfsMember,
  ubi,
  vdo,
  stratis,
  // Looks like FAT32 or NTFS on purpose.
  bitlocker,

  // File systems. FAT has hardly a magic number, and its checks refuse what else has a boot sector.
  fat,
  swsuspend,
  swap,
  xfs,
  // A copy of XFS's superblock in front of a log's records means an XFS, not a log.
  xfsLog,
  ext,
  reiserfs,
  reiser4,
  jfs,
  // These two share disks; where both are there, UDF is the one that is meant.
  udf,
  iso9660,
  zfs,
  // An HFS+ in a wrapper has the signature of HFS too.
  hfsplus,
  wrappedHfsplus,
  hfs,
  ufs,
  hpfs,
  ntfs,
  cramfs,
  romfs,
  minix,
  refs,
  // One magic number, told apart by the numbers of their formats.
  gfs1,
  gfs2,
  ocfs,
  ocfs2,
  oracleAsm,
  vxfs,
  // One magic number, told apart by the version.
  squashfs,
  squashfs3,
  nss,
  btrfs,
  ubifs,
  bfs,
  vmfs,
  befs,
  nilfs2,
  exfat,
  f2fs,
  mpool,
  apfs,
  zonefs,
  bcachefs,
  erofs,
];
