// SPDX-License-Identifier: GPL-2.0-only
/* Operations on descriptors: the system calls of the same names. */
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/fsnotify.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/openat2.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uio.h>
#include <asm/statfs.h>
#include "slots.h"

s64 op_openat2(struct bridge_slot *s)
{
	struct open_how how = {
		.flags = s->arg[1] | (s->arg[1] & O_PATH ? 0 : O_LARGEFILE),
		.mode = s->arg[2],
		.resolve = s->arg[3],
	};

	return sys_openat2(s->arg[0], slot_first(s), &how, sizeof(how));
}

s64 bridge_open_path(const struct path *path, u32 flags)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = file_open_root(path, "", flags | (flags & O_PATH ? 0 : O_LARGEFILE), 0);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* The same as open("/proc/self/fd/N") on Linux: makes an open file of an O_PATH descriptor. */
s64 op_reopen(struct bridge_slot *s)
{
	CLASS(fd_raw, from)(s->arg[0]);
	if (fd_empty(from))
		return -EBADF;
	return bridge_open_path(&fd_file(from)->f_path, s->arg[1]);
}

s64 op_close(struct bridge_slot *s)
{
	return sys_close(s->arg[0]);
}

/* Returns how many could not be closed. */
s64 op_close_many(struct bridge_slot *s)
{
	u32 i, failed = 0, count = s->arg[0], *fds = (u32 *)slot_first(s);

	if (count > BRIDGE_THIRD / sizeof(*fds))
		return -EINVAL;
	for (i = 0; i < count; i++)
		failed += sys_close(fds[i]) < 0;
	return failed;
}

s64 op_pread64(struct bridge_slot *s)
{
	return sys_pread64(s->arg[0], slot_window(s), s->arg[1], s->wide[0]);
}

s64 op_pwrite64(struct bridge_slot *s)
{
	return sys_pwrite64(s->arg[0], slot_window(s), s->arg[1], s->wide[0]);
}

/* How many bytes of a write lie before the file's end. */
static s64 below_end(u32 fd, loff_t offset, size_t bytes)
{
	loff_t size;

	CLASS(fd, f)(fd);
	if (fd_empty(f))
		return -EBADF;
	size = i_size_read(file_inode(fd_file(f)));
	return offset < size ? min_t(loff_t, bytes, size - offset) : 0;
}

s64 op_pwritev2(struct bridge_slot *s)
{
	u32 flags = s->arg[2];
	s64 bytes = s->arg[1];
	struct iovec iov;

	if ((s64)s->wide[0] < 0)	/* the system call takes -1 for the file's own position */
		return -EINVAL;
	if (flags & BRIDGE_PWRITE_CLIP) {
		bytes = below_end(s->arg[0], s->wide[0], bytes);
		if (bytes <= 0)
			return bytes;
	}
	iov.iov_base = slot_window(s);
	iov.iov_len = bytes;
	return sys_pwritev2(s->arg[0], &iov, 1, s->wide[0], s->wide[0] >> 32,
			    flags & ~BRIDGE_PWRITE_CLIP);
}

s64 op_getdents64(struct bridge_slot *s)
{
	size_t size = min_t(size_t, s->arg[1], BRIDGE_DIRENTS);
	void *entries = kvmalloc(size, GFP_KERNEL);
	s64 ret;

	if (!entries)
		return -ENOMEM;
	ret = sys_getdents64(s->arg[0], entries, size);
	s->data = (unsigned long)entries;
	s->data_bytes = ret > 0 ? ret : 0;
	return ret;
}

s64 op_lseek(struct bridge_slot *s)
{
	loff_t offset = 0;
	long ret = sys_llseek(s->arg[0], s->wide[0] >> 32, s->wide[0], &offset, s->arg[1]);

	return ret < 0 ? ret : offset;
}

s64 op_fsync(struct bridge_slot *s)
{
	return sys_fsync(s->arg[0]);
}

s64 op_fdatasync(struct bridge_slot *s)
{
	return sys_fdatasync(s->arg[0]);
}

/* Unlike the system call, takes any descriptor of the file system, O_PATH too. */
s64 op_syncfs(struct bridge_slot *s)
{
	struct super_block *sb;
	int ret, ret2;

	CLASS(fd_raw, f)(s->arg[0]);
	if (fd_empty(f))
		return -EBADF;
	sb = fd_file(f)->f_path.dentry->d_sb;
	down_read(&sb->s_umount);
	ret = sync_filesystem(sb);
	up_read(&sb->s_umount);
	ret2 = errseq_check_and_advance(&sb->s_wb_err, &fd_file(f)->f_sb_err);
	return ret ? ret : ret2;
}

s64 op_sync(struct bridge_slot *s)
{
	return sys_sync();
}

s64 op_ftruncate(struct bridge_slot *s)
{
	return sys_ftruncate64(s->arg[0], s->wide[0]);
}

/* Unlike ftruncate(): if the size stays, so do the times (where the file system agrees). */
s64 op_truncate(struct bridge_slot *s)
{
	CLASS(fd_raw, f)(s->arg[0]);
	if (fd_empty(f))
		return -EBADF;
	if ((s64)s->wide[0] < 0)
		return -EINVAL;
	return vfs_truncate(&fd_file(f)->f_path, s->wide[0]);
}

s64 op_fallocate(struct bridge_slot *s)
{
	return sys_fallocate(s->arg[0], s->arg[1], s->wide[0], s->wide[1]);
}

s64 op_copy_file_range(struct bridge_slot *s)
{
	loff_t in = s->wide[0], out = s->wide[1];

	return sys_copy_file_range(s->arg[0], &in, s->arg[1], &out, s->arg[2], s->arg[3]);
}

s64 op_ioctl(struct bridge_slot *s)
{
	unsigned long arg = s->arg[2] == ~0u ? (unsigned long)slot_first(s) : s->arg[2];

	return sys_ioctl(s->arg[0], s->arg[1], arg);
}

s64 op_fstatfs(struct bridge_slot *s)
{
	return sys_fstatfs64(s->arg[0], sizeof(struct statfs64), (void *)slot_second(s));
}

static int any_dentry(void *context, struct dentry *dentry)
{
	return 1;
}

/* Opens the file of a handle, on the mount of root. */
static s64 open_handle(const struct path *root, struct file_handle *handle, u32 flags)
{
	struct path path = { .mnt = root->mnt };
	s64 ret;

	if (!handle->handle_bytes || handle->handle_bytes > MAX_HANDLE_SZ)
		return -EINVAL;
	path.dentry = exportfs_decode_fh(path.mnt, (struct fid *)handle->f_handle,
					 handle->handle_bytes / sizeof(u32), handle->handle_type,
					 any_dentry, NULL);
	if (IS_ERR_OR_NULL(path.dentry))
		return path.dentry ? PTR_ERR(path.dentry) : -ESTALE;
	ret = bridge_open_path(&path, flags);
	dput(path.dentry);
	return ret;
}

/*
 * Unlike the system call, takes an O_PATH descriptor of the mount, and needs no capability to find
 * the file: only the host has handles, and only those that it got from here. To open the file, the
 * caller needs the usual permission.
 */
s64 op_open_by_handle_at(struct bridge_slot *s)
{
	struct file_handle *handle = (void *)slot_first(s);

	if ((int)s->arg[0] == AT_FDCWD)
		return open_handle(&current->fs->pwd, handle, s->arg[1]);
	CLASS(fd_raw, mount)(s->arg[0]);
	if (fd_empty(mount))
		return -EBADF;
	return open_handle(&fd_file(mount)->f_path, handle, s->arg[1]);
}
