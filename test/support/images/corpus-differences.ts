/**
 * Where an image of the corpus is not seen here as this machine's own kernel sees it, and why that
 * is right. test/host/corpus.test.ts fails for a difference that is not here, and for a row that
 * is no longer true: the latter on a machine with the kernel that the list was made with.
 */

/** The native kernel of the rows, as os.release() begins. */
export const listedFor = '6.18.';

/**
 * mounted here only, mounted natively only, errno: of the refusal; manifest: of the content;
 * detection: of the type, from the bytes alone; unstable: two runs of ours differ.
 */
export type What =
  | 'mounted here only'
  | 'mounted natively only'
  | 'errno'
  | 'manifest'
  | 'detection'
  | 'unstable';

export interface CorpusDifference {
  readonly image: string;
  readonly what: What;
  readonly cause: string;
  /** Of two manifests: the only fields that may differ. */
  readonly fields?: readonly string[];
}

/** Without CONFIG_XFS_SUPPORT_V4 there are no XFS of version 4. */
const xfsV4 = 'the native kernel is built without XFS V4';

/** fs/btrfs/disk-io.c, validate_sys_chunk_array: since 6.14; damage there is EINVAL then. */
const SYS_CHUNKS = 'since Linux 6.14 the system chunks are checked with the superblock: EINVAL';

/** fs/ext4/inode.c, __ext4_iget: "invalid fast symlink length", since 6.16. */
const fastSymlink = 'since Linux 6.16 the length of a fast symlink is checked: EUCLEAN';

/**
 * fs/ext4/file.c, fsverity_file_open: EOPNOTSUPP without it; here its descriptor is found damaged.
 */
const noVerity = 'the native kernel is built without fs-verity';

/** fs/btrfs/inode.c, new_simple_dir: the time at which it was looked at. */
const stubTime = 'what stands for a subvolume in a snapshot of its parent has the time of the look';

/** fs/exfat/super.c, exfat_read_root. */
const exfatRoot = 'the root of an exFAT has the time of the mount';

const tooSmall = 'less than a sector: said before a kernel is asked, whose loop device is empty';

export const corpusDifferences: readonly CorpusDifference[] = [
  { image: 'blkid__xfs', what: 'mounted here only', cause: xfsV4 },
  {
    image: 'btrfs-progs__fsck-tests__020-extent-ref-cases__shared_data_ref_only',
    what: 'manifest',
    cause: stubTime,
    fields: ['mtime'],
  },
  { image: 'btrfs-progs__fuzz-tests__images__bko-200409', what: 'errno', cause: SYS_CHUNKS },
  {
    image: 'btrfs-progs__fuzz-tests__images__bko-97031-invalid-stripe-len-sys-array',
    what: 'errno',
    cause: SYS_CHUNKS,
  },
  {
    image: 'btrfs-progs__fuzz-tests__images__bko-97041-invalid-sub-stripes-zero-FPE',
    what: 'errno',
    cause: SYS_CHUNKS,
  },
  {
    image: 'btrfs-progs__fuzz-tests__images__sys-array-num-stripes-0',
    what: 'errno',
    cause: SYS_CHUNKS,
  },
  {
    image: 'btrfs-progs__fuzz-tests__images__sys-chunk-type-bogus',
    what: 'errno',
    cause: SYS_CHUNKS,
  },
  { image: 'e2fsprogs__f_badinode', what: 'manifest', cause: fastSymlink },
  { image: 'e2fsprogs__f_badsymlinks', what: 'manifest', cause: fastSymlink },
  { image: 'e2fsprogs__f_detect_xfs', what: 'mounted here only', cause: xfsV4 },
  { image: 'e2fsprogs__f_inlinedata_repair', what: 'manifest', cause: fastSymlink },
  { image: 'e2fsprogs__f_verity', what: 'manifest', cause: noVerity, fields: ['error'] },
  { image: 'syzkaller__exfat_0', what: 'unstable', cause: exfatRoot, fields: ['mtime'] },
  { image: 'syzkaller__exfat_1', what: 'unstable', cause: exfatRoot, fields: ['mtime'] },
  { image: 'syzkaller__squashfs_1', what: 'errno', cause: tooSmall },
  { image: 'syzkaller__squashfs_7', what: 'errno', cause: tooSmall },
  { image: 'syzkaller__xfs_1', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_11', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_20', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_3', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_4', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_5', what: 'mounted here only', cause: xfsV4 },
  { image: 'syzkaller__xfs_8', what: 'mounted here only', cause: xfsV4 },
];

/** Images that this machine's own kernel is not asked to mount, with the reason. */
export const nativeForbidden: ReadonlyMap<string, string> = new Map([
  // s_journal_dev is 7:1.
  ['e2fsprogs__f_ext_journal', 'its journal lies on loop1, whatever that is at the moment'],
]);
