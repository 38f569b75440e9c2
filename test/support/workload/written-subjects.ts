/** The file systems that fsbridge writes, and what each of them can do: what a test expects. */
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type { Abilities } from './workload.ts';

const mib = 1024 * 1024;

/** A file system to write on. */
export interface Subject {
  readonly name: string;
  /** The kernel's name. */
  readonly type: string;
  readonly sizeBytes: number;
  /** The image's path comes last. */
  readonly mkfs: readonly string[];
  /** Of the mount. */
  readonly options?: string;
  readonly abilities: Abilities;
  readonly memoryBytes?: number;
  /** Names in the root that mkfs or the driver makes. */
  readonly ignored?: readonly string[];
  /** Names in a directory at once. */
  readonly crowd?: number;
  /** false: newer kernels know the type, but not this variant of it. */
  readonly native?: false;
}

const words = (text: string): readonly string[] => text.split(' ');

const plainNames = ['a', 'b.txt', 'Ordner', 'with space', 'c1', 'd22', 'e333', 'long'.repeat(14)];
/** For drivers that refuse what is not UTF-8. */
const utf8Names = [...plainNames, Buffer.from('grüße-日本語-😀').toString('latin1')];
const bytesNames = [
  ...utf8Names,
  'n'.repeat(255),
  '\xff\xfe no utf-8 \x80',
  '-leading',
  '\x01control\n',
];

const { RENAME_NOREPLACE: noReplace, RENAME_EXCHANGE: exchange } = abi;
const { FALLOC_FL_PUNCH_HOLE: punch, FALLOC_FL_ZERO_RANGE: zero } = abi;
const { FALLOC_FL_COLLAPSE_RANGE: collapse, FALLOC_FL_INSERT_RANGE: insert } = abi;

const everything: Abilities = {
  names: bytesNames,
  symlinks: true,
  hardLinks: true,
  modes: true,
  idLimit: 2 ** 31,
  xattrBytes: 200,
  renameFlags: noReplace | exchange,
  renameOverFull: -errno.ENOTEMPTY,
  fallocate: [0, punch, zero, collapse, insert],
  renameLosesXattrs: false,
  append: true,
  copyRefusal: 0,
  allocationBytes: 4096,
  cloneBytes: 0,
  timeGrainNs: 1,
  fileBytes: 1.5 * mib,
};
const reflinks: Abilities = { ...everything, cloneBytes: 4096, xattrBytes: 2000 };
/** xfs_rename() of fs/xfs/xfs_inode.c has the other of the two errors. */
const xfsAbilities: Abilities = { ...reflinks, renameOverFull: -errno.EEXIST };
const btrfsAbilities: Abilities = { ...reflinks, fallocate: [0, punch, zero] };
/** No extents: only holes can be made (ext4_fallocate() of fs/ext4/extents.c). */
const blockMapped: Abilities = { ...everything, fallocate: [punch] };
const dos: Abilities = {
  ...everything,
  names: utf8Names,
  symlinks: false,
  hardLinks: false,
  modes: false,
  xattrBytes: 0,
  fallocate: [0],
  timeGrainNs: 2e9,
};
const simple: Abilities = { ...everything, renameFlags: noReplace, fallocate: [] };

function ext(name: string, mkfs: string, more: Partial<Subject> = {}): Subject {
  const type = name.slice(0, 4);
  return {
    ...{
      name,
      type,
      sizeBytes: 256 * mib,
      mkfs: ['mke2fs', '-q', '-F', '-t', type, ...words(mkfs)],
    },
    ...{ abilities: everything, ignored: ['lost+found'], ...more },
  };
}

const extSubjects: readonly Subject[] = [
  ext('ext2-1k', '-b 1024 -I 128', { abilities: { ...blockMapped, timeGrainNs: 1e9 } }),
  ext('ext2-4k', '-b 4096', { abilities: blockMapped }),
  ext('ext3-1k', '-b 1024', { abilities: blockMapped }),
  ext('ext3-4k-128', '-b 4096 -I 128', { abilities: { ...blockMapped, timeGrainNs: 1e9 } }),
  ext('ext4-1k', '-b 1024', { abilities: { ...everything, allocationBytes: 1024 } }),
  ext('ext4-4k', '-b 4096'),
  ext('ext4-4k-48-megabytes-of-memory', '-b 4096', { memoryBytes: 48 * mib }),
  ext('ext4-journalled-data', '-b 4096', { options: 'data=journal' }),
  ext('ext4-no-journal-inline', '-b 4096 -O ^has_journal,inline_data -I 512', {
    // What was inline waits in the disk's cache while fallocate zeroes the file's, and comes back
    // over the zeroes: in 6.12 and in 6.18, on any machine.
    abilities: { ...everything, fallocate: undefined },
  }),
  ext('ext4-bigalloc', '-b 4096 -O bigalloc -C 16384', {
    abilities: { ...everything, allocationBytes: 16384 },
  }),
  ext('ext4-old-features', '-b 1024 -O ^extent,^64bit,^metadata_csum,^flex_bg,^dir_index', {
    abilities: blockMapped,
  }),
  ext('ext4-quota-project', '-b 4096 -O quota,project,ea_inode -E quotatype=usrquota:grpquota'),
  ext('ext4-dirsync-commit', '-b 4096 -O fast_commit', { options: 'commit=1' }),
];

function xfs(name: string, mkfs: string, abilities = xfsAbilities): Subject {
  const make = ['mkfs.xfs', '-q', '-f', ...(mkfs === '' ? [] : words(mkfs))];
  return { name, type: 'xfs', sizeBytes: 400 * mib, mkfs: make, abilities, crowd: 3000 };
}

const xfsSubjects: readonly Subject[] = [
  xfs('xfs', ''),
  xfs('xfs-64k-directories', '-n size=65536'),
  xfs('xfs-1k-blocks', '-b size=1024', {
    ...xfsAbilities,
    ...{ allocationBytes: 1024, cloneBytes: 1024 },
  }),
  {
    ...xfs('xfs-v4', '-m crc=0,finobt=0,reflink=0 -n ftype=0', { ...xfsAbilities, cloneBytes: 0 }),
    native: false,
  },
];

function btrfs(name: string, mkfs: string, options = ''): Subject {
  const make = ['mkfs.btrfs', '-q', '-f', ...words(mkfs)];
  const abilities = btrfsAbilities;
  return { name, type: 'btrfs', sizeBytes: 400 * mib, mkfs: make, abilities, options };
}

const btrfsSubjects: readonly Subject[] = [
  btrfs('btrfs', '-d single'),
  btrfs('btrfs-zstd', '-d single', 'compress-force=zstd'),
  btrfs('btrfs-4k-nodes-sha256', '-n 4096 --csum sha256 -m single', 'compress=lzo'),
];

const compressed = 'compress_algorithm=zstd,compress_extension=*,compress_cache';
const otherSubjects: readonly Subject[] = [
  {
    ...{ name: 'f2fs', type: 'f2fs', sizeBytes: 400 * mib },
    ...{ mkfs: ['mkfs.f2fs', '-q', '-O', 'extra_attr,inode_crtime'], abilities: everything },
  },
  {
    ...{ name: 'f2fs-compressed', type: 'f2fs', sizeBytes: 400 * mib, options: compressed },
    mkfs: ['mkfs.f2fs', '-q', '-O', 'extra_attr,compression,inode_checksum,sb_checksum'],
    // f2fs_fallocate(): a compressed file can only grow.
    abilities: { ...everything, fallocate: [0] },
  },
  {
    ...{ name: 'nilfs2', type: 'nilfs2', sizeBytes: 400 * mib, mkfs: ['mkfs.nilfs2', '-q'] },
    ...{ abilities: { ...simple, xattrBytes: 0 }, ignored: ['.nilfs'] },
  },
  {
    ...{ name: 'jfs', type: 'jfs', sizeBytes: 256 * mib, mkfs: ['mkfs.jfs', '-q'] },
    // jfs_rename() of 6.12 does not free them, as jfs_rmdir() does.
    abilities: { ...simple, renameLosesXattrs: true },
  },
  {
    ...{ name: 'minix3', type: 'minix', sizeBytes: 128 * mib, mkfs: ['mkfs.minix', '-3'] },
    abilities: {
      ...simple,
      ...{ names: plainNames, xattrBytes: 0, timeGrainNs: 1e9, idLimit: 65_535 },
      // It has no splice_write, which copying without a file system's help is made of.
      copyRefusal: -errno.EINVAL,
    },
  },
  {
    ...{ name: 'udf', type: 'udf', sizeBytes: 256 * mib, mkfs: ['mkfs.udf', '--media-type=hd'] },
    abilities: { ...simple, names: plainNames, xattrBytes: 0, timeGrainNs: 1000 },
    ignored: ['lost+found'],
  },
  {
    ...{ name: 'vfat', type: 'vfat', sizeBytes: 256 * mib, mkfs: ['mkfs.vfat', '-F', '32'] },
    abilities: dos,
  },
  {
    ...{ name: 'exfat', type: 'exfat', sizeBytes: 256 * mib, mkfs: ['mkfs.exfat'] },
    // exfat_file_write_iter() of 6.12 looks at the offset before O_APPEND changes it, and
    // zero-fills up to there: natively, too.
    abilities: { ...dos, renameFlags: noReplace, fallocate: [], append: false },
  },
  {
    ...{ name: 'ntfs3', type: 'ntfs3', sizeBytes: 256 * mib },
    mkfs: ['mkfs.ntfs', '-q', '-F', '-f'],
    abilities: {
      ...dos,
      // Extended attributes are one of Windows' there, with rules of their own.
      ...{ xattrBytes: undefined, symlinks: true },
      ...{ hardLinks: true, renameFlags: noReplace, fallocate: undefined, timeGrainNs: 100 },
    },
  },
];

export const subjects: readonly Subject[] = [
  ...extSubjects,
  ...xfsSubjects,
  ...btrfsSubjects,
  ...otherSubjects,
];
