/**
 * What each file system of the kernel image can keep, in one table: FUSE's negotiation, NT's
 * semantics, WinFsp's volume flags, `get` and `put` ask it.
 *
 * Each row is what the driver of Linux 6.12 does without mount options; the file named beside a row
 * or a field is where it says so. What one volume has and another has not (user.* attributes by a
 * feature bit, ACLs by a mount option) a caller still asks the volume: a row says what is possible.
 */
import type { Statx } from './statx.ts';

export interface FileSystemTraits {
  /** Each file has an owner and a group that chown(2) changes. */
  readonly owners: boolean;
  /**
   * Each file has the permission bits that chmod(2) sets; without them only READONLY is kept, if
   * that.
   */
  readonly modes: boolean;
  readonly hardLinks: boolean;
  readonly symlinks: boolean;
  /** user.* attributes (xattr(7)). */
  readonly userXattrs: boolean;
  /** POSIX ACLs (acl(5)), as they are mounted by default. */
  readonly acls: boolean;
  /**
   * Names that differ in case alone are two names (sensitive), one that keeps its spelling
   * (preserved), or one whose spelling is lost (folded).
   */
  readonly caseRule: 'sensitive' | 'preserved' | 'folded';
  /** The step of st_mtim. Other times may be coarser: FAT keeps the day of the last access. */
  readonly timeResolutionNs: number;
  /** A handle of name_to_handle_at(2) opens the file at any later time, also after a new mount. */
  readonly lastingHandles: boolean;
  /** A hole takes no room: lseek(2) beyond the end and a write leave one. */
  readonly sparseFiles: boolean;
  /**
   * Where the driver counts a name's UTF-16 units: how many. Elsewhere statfs(2) says the bytes.
   */
  readonly maxNameUnits?: number;
  /**
   * The mount options that make names UTF-8, where the driver converts names and takes another
   * charset without options (CONFIG_NLS_DEFAULT and CONFIG_FAT_DEFAULT_IOCHARSET are iso8859-1).
   * Each mount gets them, unless its own options choose a charset (mount-options.ts).
   */
  readonly utf8Options?: readonly string[];
}

const second = 1_000_000_000;
/** alloc_super in fs/super.c: a driver that sets no s_time_gran keeps whole seconds. */
const wholeSeconds = second;

/**
 * fs/{ext4,xfs,btrfs,f2fs,bcachefs,jfs}: all that Linux has; and of a type that is not in the
 * table.
 */
const everything: FileSystemTraits = {
  owners: true,
  modes: true,
  hardLinks: true,
  symlinks: true,
  userXattrs: true,
  acls: true,
  caseRule: 'sensitive',
  timeResolutionNs: 1,
  lastingHandles: true,
  sparseFiles: true,
};

/** No xattr handlers (`s_xattr`), and so no ACLs either. */
const withoutXattrs: FileSystemTraits = { ...everything, userXattrs: false, acls: false };

/** fs/fat, fs/exfat, fs/hfs: uid, gid and mode are the mount's; neither `link` nor `symlink`. */
const withoutOwners: FileSystemTraits = {
  ...withoutXattrs,
  owners: false,
  modes: false,
  hardLinks: false,
  symlinks: false,
  caseRule: 'preserved',
  lastingHandles: false,
  sparseFiles: false,
};

const table: Readonly<Record<string, FileSystemTraits>> = {
  // fs/ext4 drives all three.
  ext2: everything,
  ext3: everything,
  ext4: everything,
  xfs: everything,
  btrfs: everything,
  f2fs: everything,
  bcachefs: everything,
  // fs/jfs/jfs_unicode.c: without iocharset each byte of a name is one unit on the disk, which is
  // how Linux writes it everywhere; iocharset=utf8 would misread those volumes.
  jfs: everything,
  nilfs2: withoutXattrs,
  // fs/minix: no s_export_op, and st_blocks is made up from the size (minix_blocks).
  minix: { ...withoutXattrs, timeResolutionNs: wholeSeconds, lastingHandles: false },
  // fs/ufs/super.c: s_time_gran is a nanosecond for UFS2, a second for the others.
  ufs: { ...withoutXattrs, timeResolutionNs: wholeSeconds },
  // fs/udf/super.c: s_time_gran is 1000; names are UTF-8 without options.
  udf: { ...withoutXattrs, timeResolutionNs: 1000 },
  // fs/fat/misc.c, fat_truncate_mtime; fs/fat/nfs.c: without nfs=nostale_ro a handle finds an inode
  // only while it is in memory. fs/fat/namei_vfat.c: vfat_ci_dentry_ops.
  // `utf8` and not iocharset=utf8, whose table knows neither surrogate pairs nor case (fs/nls/
  // nls_utf8.c): with it "A" and "a" would be two files. Short names are the codepage's.
  vfat: {
    ...withoutOwners,
    timeResolutionNs: 2 * second,
    maxNameUnits: 255,
    utf8Options: ['utf8'],
  },
  // fs/fat/namei_msdos.c: msdos_format_name makes capitals. Names are the bytes on the disk.
  msdos: { ...withoutOwners, caseRule: 'folded', timeResolutionNs: 2 * second },
  // fs/exfat/super.c: s_time_gran; fs/exfat/namei.c: exfat_dentry_ops; no s_export_op.
  // CONFIG_EXFAT_DEFAULT_IOCHARSET is utf8.
  exfat: { ...withoutOwners, timeResolutionNs: second / 100, maxNameUnits: 255 },
  // fs/hfs/string.c: hfs_compare_dentry. The only attributes are hfs.type and hfs.creator.
  // No utf8Options: hfs_compare_dentry compares names as MacRoman also under iocharset=utf8, where
  // À and Ê are one file then; and hfs_asc2mac writes "?" for what MacRoman lacks.
  hfs: { ...withoutOwners, timeResolutionNs: wholeSeconds },
  // fs/hfsplus/unicode.c: folds case but on HFSX volumes made to tell it apart, which nothing
  // outside of the driver shows; fs/hfsplus/inode.c: hfsplus_get_perms. fs/hfsplus/extents.c fills
  // holes. fs/hfsplus/options.c: names are UTF-8 without options.
  hfsplus: {
    ...everything,
    acls: false,
    caseRule: 'preserved',
    timeResolutionNs: wholeSeconds,
    lastingHandles: false,
    sparseFiles: false,
    maxNameUnits: 255,
  },
  // fs/ntfs3/super.c: folds case with the option nocase alone, ACLs with acl alone; owners and
  // modes are $LXUID, $LXGID, $LXMOD (xattr.c); holes are for files that were made sparse (file.c).
  ntfs3: {
    ...everything,
    acls: false,
    timeResolutionNs: 100,
    sparseFiles: false,
    maxNameUnits: 255,
    // ntfs_load_nls: for utf8 without a table, and so with surrogate pairs.
    utf8Options: ['iocharset=utf8'],
  },
  erofs: everything,
  // fs/squashfs/xattr.c knows no system.posix_acl_*.
  squashfs: { ...everything, acls: false, timeResolutionNs: wholeSeconds },
  // Rock Ridge (fs/isofs/rock.c) has owners, modes and links; without it Joliet folds case.
  // iocharset is for Joliet alone, and utf8 has no table there either (fs/isofs/joliet.c).
  iso9660: {
    ...withoutXattrs,
    timeResolutionNs: second / 100,
    sparseFiles: false,
    utf8Options: ['iocharset=utf8'],
  },
  // fs/cramfs/inode.c: no times at all, no s_export_op.
  cramfs: { ...withoutXattrs, timeResolutionNs: wholeSeconds, lastingHandles: false },
  // fs/romfs/super.c: no owners, no times; modes are romfs_modemap's.
  romfs: {
    ...withoutXattrs,
    owners: false,
    modes: false,
    timeResolutionNs: wholeSeconds,
    lastingHandles: false,
    sparseFiles: false,
  },
  // mm/shmem.c on a machine without MMU is fs/ramfs: neither xattr handlers nor s_export_op.
  tmpfs: { ...withoutXattrs, lastingHandles: false },
  ramfs: { ...withoutXattrs, lastingHandles: false },
};

/**
 * What a file system of that type (`Volume.type`) keeps. With the statx of a volume's root a volume
 * that differs from its type is told apart: ext2 to ext4 with inodes of 128 bytes keep whole
 * seconds, and no time of birth.
 */
export function traitsOf(type: string, root?: Statx): FileSystemTraits {
  const traits = table[type] ?? everything;
  const hasSmallInodes = /^ext[234]$/.test(type) && root?.hasBtime === false;
  return hasSmallInodes ? { ...traits, timeResolutionNs: wholeSeconds } : traits;
}
