/**
 * The catalogue's second half: file systems whose own tools make the image from a folder, or that
 * few kernels mount natively. See test/support/images/twin-images.ts.
 */
import type { ImageRecipe } from './image-recipe.ts';

const mib = 1024 * 1024;

const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');

/** mkfs.erofs 1.5 fails on names of 255 bytes (ENOENT), so they are left out. */
function erofs(name: string, options: string): ImageRecipe {
  const mkfs = ['mkfs.erofs', '-d0', '--exclude-regex=[^/]{255}', ...words(options)];
  const common = { type: 'erofs', sizeBytes: 0, fill: 'standard' } as const;
  return { name, ...common, mkfs: [...mkfs, '{image}', '{source}'] };
}

const erofsImages: readonly ImageRecipe[] = [
  erofs('erofs-plain', ''),
  erofs('erofs-compact', '-Eforce-inode-compact --all-root --ignore-mtime'),
  erofs('erofs-extended', '-Eforce-inode-extended'),
  erofs('erofs-old-compatible', '-Elegacy-compress -zlz4'),
  erofs('erofs-no-inline-data', '-Enoinline_data'),
  erofs('erofs-chunks', '--chunksize=65536'),
  erofs('erofs-no-xattrs', '-x-1'),
  erofs('erofs-xattr-inline', '-x1000'),
  erofs('erofs-lz4', '-zlz4'),
  erofs('erofs-lz4hc', '-zlz4hc,12'),
  erofs('erofs-lz4hc-64k', '-zlz4hc -C65536'),
  erofs('erofs-lz4-1m', '-zlz4 -C1048576'),
  erofs('erofs-lzma', '-zlzma'),
  erofs('erofs-deflate', '-zdeflate'),
  erofs('erofs-zstd', '-zzstd'),
  erofs('erofs-fragments', '-zlz4hc -Efragments -C65536'),
  erofs('erofs-all-fragments', '-zlz4hc -Eall-fragments -C65536'),
  erofs('erofs-dedupe', '-zlz4hc -Ededupe'),
  erofs('erofs-ztailpacking', '-zlz4hc -Eztailpacking'),
  erofs('erofs-everything', '-zlz4hc -Efragments,dedupe,ztailpacking -C65536'),
];

function squashfs(name: string, options: string): ImageRecipe {
  const common = { type: 'squashfs', sizeBytes: 0, fill: 'standard' } as const;
  const quiet = ['-noappend', '-no-progress', '-quiet', ...words(options)];
  return { name, ...common, mkfs: ['mksquashfs', '{source}', '{image}', ...quiet] };
}

const squashfsImages: readonly ImageRecipe[] = [
  squashfs('squashfs-gzip', '-comp gzip'),
  squashfs('squashfs-gzip-window', '-comp gzip -Xcompression-level 1 -Xwindow-size 8'),
  squashfs('squashfs-lzo', '-comp lzo'),
  squashfs('squashfs-lz4', '-comp lz4'),
  squashfs('squashfs-lz4hc', '-comp lz4 -Xhc'),
  squashfs('squashfs-xz', '-comp xz'),
  squashfs('squashfs-xz-bcj', '-comp xz -Xbcj x86'),
  squashfs('squashfs-zstd', '-comp zstd'),
  squashfs('squashfs-4k', '-comp gzip -b 4K'),
  squashfs('squashfs-64k-zstd', '-comp zstd -b 64K'),
  squashfs('squashfs-1m-xz', '-comp xz -b 1M'),
  squashfs('squashfs-1m-lz4', '-comp lz4 -b 1M'),
  squashfs('squashfs-no-fragments', '-comp gzip -no-fragments'),
  squashfs('squashfs-always-fragments', '-comp gzip -always-use-fragments'),
  squashfs('squashfs-uncompressed', '-noI -noId -noD -noF -noX'),
  squashfs('squashfs-uncompressed-inodes', '-comp zstd -noI -noId'),
  squashfs('squashfs-no-xattrs', '-comp gzip -no-xattrs'),
  squashfs('squashfs-no-exports', '-comp gzip -no-exports -no-duplicates -no-sparse'),
];

/**
 * Not flexible_inline_xattr: sload.f2fs 1.15 fails on it. Nothing is compressed: Debian builds
 * sload.f2fs without lz4 and lzo.
 */
function f2fs(name: string, options: string): ImageRecipe {
  const mkfs = ['mkfs.f2fs', '-q', '-f', ...words(options)];
  const populate = [['sload.f2fs', '-P', '-f', '{source}', '{image}']];
  const common = { type: 'f2fs', sizeBytes: 128 * mib, fill: 'standard' } as const;
  return { name, ...common, mkfs, populate };
}

const f2fsImages: readonly ImageRecipe[] = [
  f2fs('f2fs-default', ''),
  f2fs('f2fs-extra-attr', '-O extra_attr,inode_checksum,inode_crtime'),
  f2fs('f2fs-compression', '-O extra_attr,compression'),
  f2fs('f2fs-casefold', '-O casefold -C utf8'),
  f2fs('f2fs-project-quota', '-O extra_attr,project_quota,quota'),
  f2fs('f2fs-checksums', '-O extra_attr,inode_checksum,sb_checksum'),
  f2fs('f2fs-encrypt-verity', '-O encrypt,verity,lost_found'),
  { ...f2fs('f2fs-sections', '-s 2 -z 2'), sizeBytes: 320 * mib },
];

function plain(name: string, type: string, sizeMib: number, mkfs: string): ImageRecipe {
  return { name, type, sizeBytes: sizeMib * mib, mkfs: words(mkfs), fill: 'none' };
}

/**
 * Filled by fsbridge's own writing tests, as no kernel of a common distribution mounts them all.
 */
const emptyImages: readonly ImageRecipe[] = [
  plain('vfat-16', 'vfat', 64, 'mkfs.vfat -F 16'),
  plain('vfat-32', 'vfat', 64, 'mkfs.vfat -F 32'),
  plain('exfat', 'exfat', 64, 'mkfs.exfat'),
  plain('ntfs3', 'ntfs3', 64, 'mkfs.ntfs --force --fast --quiet'),
  plain('jfs', 'jfs', 64, 'mkfs.jfs -q'),
  plain('nilfs2', 'nilfs2', 160, 'mkfs.nilfs2 -q'),
  plain('udf-2.01', 'udf', 64, 'mkudffs --utf8 --blocksize=2048'),
  plain('udf-1.02-hd', 'udf', 64, 'mkudffs --blocksize=512 --udfrev=1.02'),
  plain('minix-1', 'minix', 32, 'mkfs.minix -1'),
  plain('minix-3', 'minix', 64, 'mkfs.minix -3'),
];

function fromFolder(name: string, type: string, mkfs: string): ImageRecipe {
  return { name, type, sizeBytes: 0, mkfs: words(mkfs), fill: 'standard' };
}

const folderImages: readonly ImageRecipe[] = [
  fromFolder('iso9660-rock-ridge', 'iso9660', 'xorriso -as mkisofs -quiet -R -o {image} {source}'),
  fromFolder('iso9660-joliet', 'iso9660', 'xorriso -as mkisofs -quiet -R -J -o {image} {source}'),
  fromFolder('cramfs', 'cramfs', 'mkfs.cramfs {source} {image}'),
];

/** EROFS, SquashFS, F2FS, and the file systems of other worlds. */
export const otherImages: readonly ImageRecipe[] = [
  ...erofsImages,
  ...squashfsImages,
  ...f2fsImages,
  ...emptyImages,
  ...folderImages,
];
