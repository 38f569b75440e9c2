// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface as data: every constant, size and offset that the host needs, with its name, from
 * the headers that the kernel itself is compiled with. scripts/kernel.ts reads the table out of the
 * image and writes src/vfs-linux/abi.gen.ts, so no number is typed twice.
 *
 * An entry's name is the constant's, or "struct.size", or "struct.member" for an offset in bytes.
 */
#include <linux/capability.h>
#include <linux/errname.h>
#include <linux/exportfs.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fiemap.h>
#include <linux/dirent.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/mount.h>
#include <uapi/linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/statfs.h>
#include <linux/xattr.h>
#include <asm/shared.h>
#include "disk.h"
#include "slots.h"

struct abi_entry {
	const char *name;
	s64 value;
};

#define CONSTANT(name)		{ #name, (s64)(name) },
#define SIZE(type)		{ #type ".size", sizeof(struct type) },
#define OFFSET(type, member)	{ #type "." #member, offsetof(struct type, member) },
#define OP(name)		{ "BRIDGE_OP_" #name, BRIDGE_OP_##name },

const struct abi_entry wasm_abi[] = {
	BRIDGE_OPS(OP)

	CONSTANT(PAGE_SIZE) CONSTANT(WASM_WINDOWS) CONSTANT(WASM_WINDOW_SIZE)
	CONSTANT(WASM_IRQ_TIMER) CONSTANT(WASM_IRQ_REQUEST) CONSTANT(WASM_IRQ_DISK)
	CONSTANT(WASM_QUEUE_SIZE)
	CONSTANT(HOST_SWITCH_FRESH) CONSTANT(HOST_SWITCH_DEAD)
	OFFSET(wasm_shared, irq_pending) OFFSET(wasm_shared, request_head)
	OFFSET(wasm_shared, urgent_head) OFFSET(wasm_shared, disk_done_head)
	OFFSET(wasm_shared, disk_done_tail)
	OFFSET(wasm_shared, ready) OFFSET(wasm_shared, turn_ns) OFFSET(wasm_shared, requests)
	OFFSET(wasm_shared, urgent) OFFSET(wasm_shared, disk_done)
	SIZE(wasm_disk_done) OFFSET(wasm_disk_done, command) OFFSET(wasm_disk_done, status)

	CONSTANT(BRIDGE_SLOTS) CONSTANT(BRIDGE_BUFFER) CONSTANT(BRIDGE_SECOND)
	CONSTANT(BRIDGE_THIRD) CONSTANT(BRIDGE_PWRITE_CLIP) CONSTANT(BRIDGE_XATTR_VALUE)
	CONSTANT(BRIDGE_LOOKUP_FD) CONSTANT(BRIDGE_LOOKUP_OPENED) CONSTANT(BRIDGE_LOOKUP_FIRST)
	CONSTANT(BRIDGE_LOOKUP_SECOND) CONSTANT(BRIDGE_LOOKUP_LINK) CONSTANT(BRIDGE_LOOKUP_HANDLE)
	CONSTANT(BRIDGE_LOOKUP_XATTRS)
	SIZE(bridge_piece) OFFSET(bridge_piece, address) OFFSET(bridge_piece, bytes)
	SIZE(bridge_xattrs) OFFSET(bridge_xattrs, list_bytes) OFFSET(bridge_xattrs, value_bytes)
	OFFSET(bridge_xattrs, value) OFFSET(bridge_lookup, statx) OFFSET(bridge_lookup, handle)
	OFFSET(bridge_lookup, created) OFFSET(bridge_lookup, xattrs)
	CONSTANT(BRIDGE_DIRENTS) CONSTANT(BRIDGE_LIST) CONSTANT(BRIDGE_LIST_DOTS)
	CONSTANT(BRIDGE_LIST_STATX) CONSTANT(BRIDGE_LIST_HANDLES) CONSTANT(BRIDGE_LIST_HANDLE)
	CONSTANT(BRIDGE_LIST_XATTRS)
	CONSTANT(BRIDGE_LIST_STATX_BYTES)
	SIZE(bridge_slot) OFFSET(bridge_slot, op) OFFSET(bridge_slot, root)
	OFFSET(bridge_slot, cred) OFFSET(bridge_slot, lookup) OFFSET(bridge_slot, umask)
	OFFSET(bridge_slot, arg) OFFSET(bridge_slot, wide)
	OFFSET(bridge_slot, ret) OFFSET(bridge_slot, data) OFFSET(bridge_slot, data_bytes)

	CONSTANT(BRIDGE_DISK_READ_ONLY) CONSTANT(BRIDGE_DISK_CACHE)
	CONSTANT(BRIDGE_DISK_DISCARD) CONSTANT(BRIDGE_DISK_WRITE_ZEROES)
	CONSTANT(BRIDGE_DISK_READ) CONSTANT(BRIDGE_DISK_WRITE) CONSTANT(BRIDGE_DISK_FLUSH)
	CONSTANT(BRIDGE_DISK_DISCARD_RANGE) CONSTANT(BRIDGE_DISK_ZERO_RANGE)
	SIZE(bridge_disk_info) OFFSET(bridge_disk_info, size_bytes)
	OFFSET(bridge_disk_info, disk) OFFSET(bridge_disk_info, logical_block_bytes)
	OFFSET(bridge_disk_info, physical_block_bytes) OFFSET(bridge_disk_info, flags)
	OFFSET(bridge_disk_command, offset_bytes) OFFSET(bridge_disk_command, bytes)
	OFFSET(bridge_disk_command, op) OFFSET(bridge_disk_command, fua)
	OFFSET(bridge_disk_command, segment_count) OFFSET(bridge_disk_command, segments)
	SIZE(bridge_disk_segment) OFFSET(bridge_disk_segment, address)
	OFFSET(bridge_disk_segment, bytes)

	CONSTANT(O_RDONLY) CONSTANT(O_WRONLY) CONSTANT(O_RDWR) CONSTANT(O_CREAT) CONSTANT(O_EXCL)
	CONSTANT(O_TRUNC) CONSTANT(O_APPEND) CONSTANT(O_NONBLOCK) CONSTANT(O_SYNC)
	CONSTANT(O_DSYNC) CONSTANT(O_DIRECT) CONSTANT(O_DIRECTORY) CONSTANT(O_NOFOLLOW)
	CONSTANT(O_NOATIME) CONSTANT(O_PATH) CONSTANT(O_TMPFILE) CONSTANT(O_CLOEXEC)
	CONSTANT(RESOLVE_NO_XDEV) CONSTANT(RESOLVE_NO_SYMLINKS) CONSTANT(RESOLVE_BENEATH)
	CONSTANT(RESOLVE_IN_ROOT) CONSTANT(RESOLVE_CACHED) CONSTANT(RESOLVE_NO_MAGICLINKS)
	CONSTANT(AT_FDCWD) CONSTANT(AT_SYMLINK_NOFOLLOW) CONSTANT(AT_SYMLINK_FOLLOW)
	CONSTANT(AT_EMPTY_PATH) CONSTANT(AT_REMOVEDIR) CONSTANT(AT_EACCESS)
	CONSTANT(AT_STATX_SYNC_AS_STAT) CONSTANT(AT_STATX_DONT_SYNC)
	CONSTANT(RWF_DSYNC) CONSTANT(RWF_SYNC) CONSTANT(RWF_APPEND)
	CONSTANT(CAP_CHOWN) CONSTANT(CAP_DAC_OVERRIDE) CONSTANT(CAP_DAC_READ_SEARCH)
	CONSTANT(CAP_FOWNER) CONSTANT(CAP_FSETID) CONSTANT(CAP_LINUX_IMMUTABLE)
	CONSTANT(CAP_MKNOD) CONSTANT(CAP_SETFCAP) CONSTANT(CAP_SYS_ADMIN)
	CONSTANT(CAP_SYS_RESOURCE) CONSTANT(CAP_LAST_CAP)
	CONSTANT(S_IFMT) CONSTANT(S_IFREG) CONSTANT(S_IFDIR) CONSTANT(S_IFLNK) CONSTANT(S_IFCHR)
	CONSTANT(S_IFBLK) CONSTANT(S_IFIFO) CONSTANT(S_IFSOCK)
	CONSTANT(DT_UNKNOWN) CONSTANT(DT_REG) CONSTANT(DT_DIR) CONSTANT(DT_LNK) CONSTANT(DT_CHR)
	CONSTANT(DT_BLK) CONSTANT(DT_FIFO) CONSTANT(DT_SOCK)
	CONSTANT(SEEK_SET) CONSTANT(SEEK_CUR) CONSTANT(SEEK_END) CONSTANT(SEEK_DATA)
	CONSTANT(SEEK_HOLE)
	CONSTANT(RENAME_NOREPLACE) CONSTANT(RENAME_EXCHANGE) CONSTANT(RENAME_WHITEOUT)
	CONSTANT(XATTR_CREATE) CONSTANT(XATTR_REPLACE) CONSTANT(XATTR_SIZE_MAX)
	CONSTANT(XATTR_LIST_MAX) CONSTANT(XATTR_NAME_MAX)
	CONSTANT(UTIME_NOW) CONSTANT(UTIME_OMIT)
	CONSTANT(PATH_MAX) CONSTANT(NAME_MAX)

	CONSTANT(STATX_BASIC_STATS) CONSTANT(STATX_BTIME) CONSTANT(STATX_MNT_ID)
	CONSTANT(STATX_ATTR_COMPRESSED) CONSTANT(STATX_ATTR_IMMUTABLE)
	CONSTANT(STATX_ATTR_APPEND) CONSTANT(STATX_ATTR_NODUMP) CONSTANT(STATX_ATTR_ENCRYPTED)
	CONSTANT(STATX_ATTR_VERITY) CONSTANT(STATX_SUBVOL)
	SIZE(statx) OFFSET(statx, stx_mask) OFFSET(statx, stx_blksize)
	OFFSET(statx, stx_attributes) OFFSET(statx, stx_nlink) OFFSET(statx, stx_uid)
	OFFSET(statx, stx_gid) OFFSET(statx, stx_mode) OFFSET(statx, stx_ino)
	OFFSET(statx, stx_size) OFFSET(statx, stx_blocks) OFFSET(statx, stx_atime)
	OFFSET(statx, stx_btime) OFFSET(statx, stx_ctime) OFFSET(statx, stx_mtime)
	OFFSET(statx, stx_rdev_major) OFFSET(statx, stx_rdev_minor)
	OFFSET(statx, stx_dev_major) OFFSET(statx, stx_dev_minor) OFFSET(statx, stx_subvol)
	OFFSET(statx_timestamp, tv_sec) OFFSET(statx_timestamp, tv_nsec)

	SIZE(statfs64) OFFSET(statfs64, f_type) OFFSET(statfs64, f_bsize)
	OFFSET(statfs64, f_blocks) OFFSET(statfs64, f_bfree) OFFSET(statfs64, f_bavail)
	OFFSET(statfs64, f_files) OFFSET(statfs64, f_ffree) OFFSET(statfs64, f_fsid)
	OFFSET(statfs64, f_namelen) OFFSET(statfs64, f_frsize) OFFSET(statfs64, f_flags)

	OFFSET(linux_dirent64, d_ino) OFFSET(linux_dirent64, d_off)
	OFFSET(linux_dirent64, d_reclen) OFFSET(linux_dirent64, d_type)
	OFFSET(linux_dirent64, d_name)
	SIZE(file_handle) OFFSET(file_handle, handle_bytes) OFFSET(file_handle, handle_type)
	OFFSET(file_handle, f_handle) CONSTANT(MAX_HANDLE_SZ)

	CONSTANT(MS_RDONLY) CONSTANT(MS_NOSUID) CONSTANT(MS_NODEV) CONSTANT(MS_NOEXEC)
	CONSTANT(MS_SYNCHRONOUS) CONSTANT(MS_REMOUNT) CONSTANT(MS_BIND) CONSTANT(MS_NOATIME)
	CONSTANT(MS_NODIRATIME) CONSTANT(MS_RELATIME) CONSTANT(MS_STRICTATIME)
	CONSTANT(MS_LAZYTIME) CONSTANT(MS_SILENT) CONSTANT(MS_POSIXACL)
	CONSTANT(MNT_FORCE) CONSTANT(MNT_DETACH)

	CONSTANT(FALLOC_FL_KEEP_SIZE) CONSTANT(FALLOC_FL_PUNCH_HOLE)
	CONSTANT(FALLOC_FL_COLLAPSE_RANGE) CONSTANT(FALLOC_FL_ZERO_RANGE)
	CONSTANT(FALLOC_FL_INSERT_RANGE) CONSTANT(FALLOC_FL_UNSHARE_RANGE)

	CONSTANT(FICLONE) CONSTANT(FICLONERANGE) CONSTANT(FIDEDUPERANGE) CONSTANT(FITRIM)
	CONSTANT(FIFREEZE) CONSTANT(FITHAW) CONSTANT(FS_IOC_FIEMAP) CONSTANT(FS_IOC_GETFLAGS)
	CONSTANT(FS_IOC_SETFLAGS) CONSTANT(FS_IOC_FSGETXATTR) CONSTANT(FS_IOC_FSSETXATTR)
	CONSTANT(FS_IOC_GETFSLABEL) CONSTANT(FS_IOC_SETFSLABEL) CONSTANT(FSLABEL_MAX)
	CONSTANT(FS_IOC_GETVERSION) CONSTANT(FS_IOC_ENABLE_VERITY)
	SIZE(file_clone_range) OFFSET(file_clone_range, src_fd)
	OFFSET(file_clone_range, src_offset) OFFSET(file_clone_range, src_length)
	OFFSET(file_clone_range, dest_offset)
	SIZE(fstrim_range) OFFSET(fstrim_range, start) OFFSET(fstrim_range, len)
	OFFSET(fstrim_range, minlen)
	SIZE(fiemap) OFFSET(fiemap, fm_start) OFFSET(fiemap, fm_length) OFFSET(fiemap, fm_flags)
	OFFSET(fiemap, fm_mapped_extents) OFFSET(fiemap, fm_extent_count)
	OFFSET(fiemap, fm_extents)
	SIZE(fiemap_extent) OFFSET(fiemap_extent, fe_logical)
	OFFSET(fiemap_extent, fe_physical) OFFSET(fiemap_extent, fe_length)
	OFFSET(fiemap_extent, fe_flags)
	CONSTANT(FIEMAP_FLAG_SYNC) CONSTANT(FIEMAP_EXTENT_LAST) CONSTANT(FIEMAP_EXTENT_UNKNOWN)
	CONSTANT(FIEMAP_EXTENT_DELALLOC) CONSTANT(FIEMAP_EXTENT_ENCODED)
	CONSTANT(FIEMAP_EXTENT_DATA_INLINE) CONSTANT(FIEMAP_EXTENT_UNWRITTEN)
	CONSTANT(FIEMAP_EXTENT_SHARED)
	{ NULL, 0 },
};

/* The name of errno number err, such as "ENOENT", or NULL. */
const char *wasm_errname(int err);

__attribute__((export_name("wasm_errname")))
const char *wasm_errname(int err)
{
	return errname(err);
}
