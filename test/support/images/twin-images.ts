/**
 * The catalogue of images for the twin tests: every option of the real mkfs programs that changes
 * what is on the disk, one idea a recipe. See test/support/images/images.ts for what a recipe
 * says.
 *
 * A recipe that the mkfs of a machine does not know, or its kernel does not mount, is no fault of
 * the catalogue: Debian 12's mkfs.erofs has no zstd, and most kernels no XFS V4.
 */

import { mustRun } from '../run-program.ts';
import { fillStandard } from './fill-standard.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { otherImages } from './twin-images-other.ts';

const mib = 1024 * 1024;

type Extra = Partial<Omit<ImageRecipe, 'name' | 'type' | 'mkfs'>>;

/** mke2fs -d stops at an xattr that does not fit: 800 bytes fit in a block of 1024. */
const extSource = ['--xattr-room=800'];

function ext(name: string, options: string, extra: Extra = {}): ImageRecipe {
  const type = name.slice(0, 4);
  const mkfs = [
    'mke2fs',
    '-q',
    '-F',
    '-t',
    type,
    ...options.split(' ').filter((word) => word !== ''),
  ];
  const populate = [[...mkfs, '-d', '{source}', '{image}']];
  // mke2fs -d leaves quota files that count nothing.
  if (/quota/.test(options)) populate.push(['e2fsck', '-fy', '{image}']);
  const common = { fill: 'standard', populate, sourceOptions: extSource } as const;
  return { name, type, sizeBytes: 64 * mib, mkfs, ...common, ...extra };
}

const tune = (...options: string[]): Extra => ({ afterMkfs: [['tune2fs', ...options, '{image}']] });

const extImages: readonly ImageRecipe[] = [
  ext('ext2-1k', '-b 1024 -I 128'),
  ext('ext2-2k', '-b 2048 -I 256'),
  ext('ext2-4k', '-b 4096 -I 128'),
  ext('ext2-old', '-b 1024 -I 128 -O none'),
  ext('ext2-revision-0', '-b 1024 -r 0'),
  ext('ext2-no-dir-index', '-b 1024 -O ^dir_index,^filetype,^resize_inode'),
  ext('ext3-1k', '-b 1024 -I 128'),
  ext('ext3-2k', '-b 2048 -I 256'),
  ext('ext3-4k', '-b 4096 -I 256'),
  ext('ext3-big-inodes', '-b 4096 -I 1024'),
  ext('ext4-1k', '-b 1024 -I 128'),
  ext('ext4-2k', '-b 2048 -I 256'),
  ext('ext4-4k', '-b 4096 -I 256'),
  ext('ext4-4k-by-mke2fs', '-b 4096 -I 256', { preferPopulate: true }),
  ext('ext4-4k-inode-1024', '-b 4096 -I 1024 -N 8192'),
  ext('ext4-32bit', '-b 4096 -O ^64bit'),
  ext('ext4-32bit-no-csum', '-b 4096 -O ^64bit,^metadata_csum'),
  ext('ext4-no-csum', '-b 1024 -O ^metadata_csum'),
  ext('ext4-uninit-bg', '-b 1024 -O ^metadata_csum,uninit_bg'),
  ext('ext4-csum-seed', '-b 4096 -O metadata_csum_seed'),
  ext('ext4-bigalloc', '-b 4096 -O bigalloc -C 16384', { sizeBytes: 128 * mib }),
  ext('ext4-bigalloc-1k', '-b 1024 -O bigalloc -C 16384', { sizeBytes: 128 * mib }),
  ext('ext4-bigalloc-64k', '-b 4096 -O bigalloc -C 65536', { sizeBytes: 256 * mib }),
  ext('ext4-inline-data', '-b 4096 -I 256 -O inline_data'),
  ext('ext4-inline-data-1k', '-b 1024 -I 512 -O inline_data'),
  ext('ext4-inline-data-inode-4096', '-b 4096 -I 4096 -N 6000 -O inline_data'),
  ext('ext4-casefold', '-b 4096 -O casefold -E encoding=utf8', {
    // A directory that ignores case: 0x40000000 is EXT4_CASEFOLD_FL (fs/ext4/ext4.h), 0x80000
    // extents.
    afterFill: [
      ['debugfs', '-w', '-R', 'mkdir casefolded', '{image}'],
      ['debugfs', '-w', '-R', 'set_inode_field casefolded flags 0x40080000', '{image}'],
      ['debugfs', '-w', '-R', 'symlink casefolded/MixedCase target', '{image}'],
    ],
  }),
  ext('ext4-casefold-strict', '-b 1024 -O casefold -E encoding=utf8-12.1,encoding_flags=strict'),
  ext('ext4-encrypt', '-b 4096 -O encrypt'),
  ext('ext4-verity', '-b 4096 -O verity'),
  ext('ext4-stable-inodes', '-b 4096 -O encrypt,stable_inodes'),
  ext('ext4-no-journal', '-b 4096 -O ^has_journal'),
  ext('ext4-data-journal', '-b 4096', { fillOptions: 'data=journal' }),
  ext('ext4-data-journal-by-default', '-b 1024', tune('-o', 'journal_data')),
  ext('ext4-data-writeback', '-b 4096', { fillOptions: 'data=writeback' }),
  ext('ext4-journal-async', '-b 4096', {
    fillOptions: 'journal_async_commit,data=writeback,nodelalloc',
  }),
  ext('ext4-fast-commit', '-b 4096 -O fast_commit'),
  ext('ext4-ea-inode', '-b 4096 -O ea_inode', { sizeBytes: 96 * mib }),
  ext('ext4-ea-inode-1k', '-b 1024 -O ea_inode', { sizeBytes: 96 * mib }),
  ext('ext4-quota', '-b 4096 -O quota'),
  ext('ext4-project', '-b 4096 -I 256 -O quota,project'),
  ext('ext4-large-dir', '-b 1024 -O large_dir'),
  ext('ext4-meta-bg', '-b 1024 -O meta_bg,^resize_inode'),
  ext('ext4-meta-bg-32bit', '-b 1024 -O meta_bg,^resize_inode,^64bit'),
  ext('ext4-no-resize-inode', '-b 4096 -O ^resize_inode'),
  ext('ext4-no-flex-bg', '-b 1024 -O ^flex_bg'),
  ext('ext4-flex-bg-2', '-b 1024 -G 2'),
  ext('ext4-flex-bg-64', '-b 1024 -G 64'),
  ext('ext4-small-groups', '-b 1024 -g 1024'),
  ext('ext4-sparse-super2', '-b 1024 -O sparse_super2,^resize_inode'),
  ext('ext4-no-sparse-super', '-b 1024 -O ^sparse_super,^resize_inode'),
  ext('ext4-orphan-file', '-b 4096 -O orphan_file'),
  // A writable mount waits 11 seconds for another host to show itself (fs/ext4/mmp.c).
  ext('ext4-mmp', '-b 4096 -O mmp', { preferPopulate: true }),
  ext('ext4-no-extents', '-b 1024 -O ^extents,^64bit'),
  ext('ext4-no-extents-4k', '-b 4096 -O ^extents,^64bit'),
  ext('ext4-no-dir-index', '-b 4096 -O ^dir_index'),
  ext('ext4-no-extra-isize', '-b 4096 -I 256 -O ^extra_isize,^metadata_csum'),
  ext('ext4-hash-tea', '-b 1024', tune('-E', 'hash_alg=tea')),
  ext('ext4-hash-legacy', '-b 1024', tune('-E', 'hash_alg=legacy')),
  ext('ext4-no-user-xattr-acl', '-b 4096', tune('-o', '^user_xattr,^acl')),
  ext('ext4-dir-nlink', '-b 1024 -I 128 -N 66000 -O dir_nlink', {
    sizeBytes: 160 * mib,
    fill: async (folder) => {
      await fillStandard(folder, 1, ['--subdirs=65003']);
    },
  }),
  ext('ext4-over-4-GiB', '-b 4096', {
    sizeBytes: 6144 * mib,
    fill: async (folder) => {
      await fillStandard(folder, 1, ['--big']);
    },
  }),
];

/**
 * mkfs.xfs makes nothing below 300 MB, with a log below 64 MB or that looks so, but with
 * --unsupported (xfsprogs 5.19, mkfs/xfs_mkfs.c, validate_supported). Old file systems are like
 * that all the same.
 */
function xfs(name: string, options: string, extra: Extra = {}): ImageRecipe {
  const mkfs = ['mkfs.xfs', '-q', '-f', ...options.split(' ').filter((word) => word !== '')];
  const proto = options.includes('crc=0') ? '{proto-v4}' : '{proto-v5}';
  const populate = [[...mkfs, '-p', proto, '{image}']];
  const common = { type: 'xfs', sizeBytes: 320 * mib, fill: 'standard', populate } as const;
  return { name, mkfs, ...common, ...extra };
}

const xfsImages: readonly ImageRecipe[] = [
  xfs('xfs-default', ''),
  xfs('xfs-v4', '-m crc=0'),
  xfs('xfs-v4-no-ftype', '-m crc=0 -n ftype=0'),
  xfs('xfs-v4-old', '-m crc=0,finobt=0 -i attr=1,projid32bit=0 -l lazy-count=0,version=1'),
  xfs('xfs-v4-dir-64k', '-m crc=0 -n size=65536'),
  xfs('xfs-v4-inode-256-512', '-m crc=0 -i size=256 -b size=512'),
  xfs('xfs-ascii-ci', '-n size=4096,version=ci'),
  xfs('xfs-no-finobt', '-m finobt=0,reflink=0,rmapbt=0'),
  xfs('xfs-rmapbt', '-m rmapbt=1'),
  xfs('xfs-no-reflink', '-m reflink=0'),
  xfs('xfs-bigtime-0', '-m bigtime=0'),
  xfs('xfs-bigtime-1', '-m bigtime=1'),
  xfs('xfs-inobtcount-0', '-m inobtcount=0'),
  xfs('xfs-inobtcount-1', '-m inobtcount=1,finobt=1'),
  xfs('xfs-dir-64k', '-n size=65536'),
  xfs('xfs-1k', '-b size=1024'),
  xfs('xfs-1k-dir-1k', '-b size=1024 -n size=4096'),
  xfs('xfs-2k', '-b size=2048'),
  xfs('xfs-inode-1024', '-i size=1024'),
  xfs('xfs-inode-2048', '-i size=2048'),
  xfs('xfs-no-sparse-inodes', '-i sparse=0'),
  xfs('xfs-2-groups', '-d agcount=2'),
  xfs('xfs-16-groups', '--unsupported -d agcount=16'),
  xfs('xfs-sector-4k', '-s size=4096'),
  xfs('xfs-small', '--unsupported', { sizeBytes: 64 * mib }),
  xfs('xfs-small-log', '--unsupported -l size=6m'),
  xfs('xfs-log-stripe', '-l version=2,su=64k'),
  xfs('xfs-stripe', '--unsupported -d su=64k,sw=4 -l size=16m'),
  xfs('xfs-nrext64', '-i nrext64=1'),
  xfs('xfs-exchange', '-i exchange=1'),
  xfs('xfs-parent', '-n parent=1'),
  xfs('xfs-over-4-GiB', '', {
    fill: async (folder) => {
      await fillStandard(folder, 1, ['--big']);
    },
  }),
];

function btrfs(name: string, options: string, extra: Extra = {}): ImageRecipe {
  const mkfs = ['mkfs.btrfs', '-q', '-f', ...options.split(' ').filter((word) => word !== '')];
  return { name, type: 'btrfs', sizeBytes: 256 * mib, mkfs, fill: 'standard', ...extra };
}

/**
 * A subvolume in a subvolume, snapshots (one read-only, one changed after), a reflinked file. The
 * inner one comes after the snapshots: in them it would be an empty directory with the time of the
 * look as its mtime (fs/btrfs/inode.c, new_simple_dir), never twice the same.
 */
async function fillSubvolumes(folder: string): Promise<void> {
  const at = (name: string): string => `${folder}/${name}`;
  await mustRun(['btrfs', 'subvolume', 'create', at('outer')]);
  await fillStandard(at('outer'), 1, ['--for-tools']);
  await mustRun(['btrfs', 'subvolume', 'snapshot', at('outer'), at('changed')]);
  await mustRun(['btrfs', 'subvolume', 'snapshot', '-r', at('outer'), at('read-only')]);
  await mustRun(['btrfs', 'subvolume', 'create', at('outer/inner')]);
  await fillStandard(at('outer/inner'), 2, ['--subdirs=10']);
  await mustRun(['rm', '-r', at('changed/many'), at('changed/sizes/0065537')]);
  await mustRun(['cp', '--reflink=always', at('outer/sizes/text-2M'), at('changed/reflinked')]);
}

const compressed = (options: string): Extra => ({ fillOptions: `compress-force=${options}` });

const btrfsImages: readonly ImageRecipe[] = [
  btrfs('btrfs-default', ''),
  btrfs('btrfs-node-4k', '-n 4096'),
  btrfs('btrfs-node-32k', '-n 32768'),
  btrfs('btrfs-node-64k', '-n 65536'),
  btrfs('btrfs-mixed', '-M -n 4096', { sizeBytes: 192 * mib }),
  btrfs('btrfs-xxhash', '--csum xxhash'),
  btrfs('btrfs-sha256', '--csum sha256'),
  btrfs('btrfs-blake2', '--csum blake2'),
  btrfs('btrfs-dup', '-d dup -m dup', { sizeBytes: 300 * mib }),
  btrfs('btrfs-single', '-d single -m single'),
  btrfs('btrfs-holes', '-O ^no-holes'),
  btrfs('btrfs-old-format', '-O ^no-holes,^extref,^skinny-metadata -R ^free-space-tree'),
  btrfs('btrfs-space-cache-v1', '-R ^free-space-tree', { fillOptions: 'space_cache=v1' }),
  btrfs('btrfs-free-space-tree', '-R free-space-tree'),
  btrfs('btrfs-block-group-tree', '-O block-group-tree'),
  btrfs('btrfs-squota', '-O squota'),
  btrfs('btrfs-quota', '-R quota'),
  btrfs('btrfs-zlib', '', compressed('zlib:9')),
  btrfs('btrfs-lzo', '', compressed('lzo')),
  btrfs('btrfs-zstd', '', compressed('zstd:3')),
  btrfs('btrfs-zstd-15-node-4k', '-n 4096', compressed('zstd:15')),
  btrfs('btrfs-nodatacow', '', { fillOptions: 'nodatacow' }),
  btrfs('btrfs-nodatasum', '', { fillOptions: 'nodatasum' }),
  btrfs('btrfs-no-inline', '', { fillOptions: 'max_inline=0' }),
  btrfs('btrfs-subvolumes', '', { fill: fillSubvolumes }),
  btrfs('btrfs-subvolumes-zstd', '', { fill: fillSubvolumes, ...compressed('zstd') }),
  btrfs('btrfs-over-4-GiB', '', {
    fill: async (folder) => {
      await fillStandard(folder, 1, ['--big']);
    },
  }),
];

/** Every recipe there is. A name says the type first. */
export const twinImages: readonly ImageRecipe[] = [
  ...extImages,
  ...xfsImages,
  ...btrfsImages,
  ...otherImages,
];
