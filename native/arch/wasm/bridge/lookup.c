// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookups: the statx, the handle and the extended attributes of the file that a request opened,
 * made or changed, in the same request. A transport needs them for nearly every answer; with
 * Linux's own calls it would need a second request.
 */
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/stat.h>
#include <linux/syscalls.h>
#include <linux/xattr.h>
#include "slots.h"

static void put_time(struct statx_timestamp *to, const struct timespec64 *from)
{
	to->tv_sec = from->tv_sec;
	to->tv_nsec = from->tv_nsec;
}

int bridge_put_statx(struct statx *to, const struct path *path)
{
	struct user_namespace *ns = current_user_ns();
	struct kstat stat;
	int err = vfs_getattr(path, &stat, STATX_BASIC_STATS | STATX_BTIME, AT_STATX_SYNC_AS_STAT);

	memset(to, 0, BRIDGE_LIST_STATX_BYTES);
	if (err)
		return err;
	stat.attributes_mask |= STATX_ATTR_MOUNT_ROOT;
	if (path->dentry == path->mnt->mnt_root)
		stat.attributes |= STATX_ATTR_MOUNT_ROOT;
	to->stx_mask = stat.result_mask & ~STATX_CHANGE_COOKIE;
	to->stx_blksize = stat.blksize;
	to->stx_attributes = stat.attributes & ~STATX_ATTR_CHANGE_MONOTONIC;
	to->stx_attributes_mask = stat.attributes_mask;
	to->stx_nlink = stat.nlink;
	to->stx_uid = from_kuid_munged(ns, stat.uid);
	to->stx_gid = from_kgid_munged(ns, stat.gid);
	to->stx_mode = stat.mode;
	to->stx_ino = stat.ino;
	to->stx_size = stat.size;
	to->stx_blocks = stat.blocks;
	put_time(&to->stx_atime, &stat.atime);
	put_time(&to->stx_btime, &stat.btime);
	put_time(&to->stx_ctime, &stat.ctime);
	put_time(&to->stx_mtime, &stat.mtime);
	to->stx_rdev_major = MAJOR(stat.rdev);
	to->stx_rdev_minor = MINOR(stat.rdev);
	to->stx_dev_major = MAJOR(stat.dev);
	to->stx_dev_minor = MINOR(stat.dev);
	return 0;
}

void bridge_put_handle(struct file_handle *to, struct dentry *dentry, u32 room)
{
	int words = room / sizeof(u32), type;

	to->handle_bytes = 0;
	if (!exportfs_can_encode_fh(dentry->d_sb->s_export_op, 0))
		return;
	type = exportfs_encode_fh(dentry, (struct fid *)to->f_handle, &words, 0);
	if (type < 0 || type == FILEID_INVALID)
		return;
	to->handle_type = type;
	to->handle_bytes = words * sizeof(u32);
}

void bridge_put_xattrs(struct bridge_xattrs *to, struct dentry *dentry, const char *name)
{
	to->list_bytes = vfs_listxattr(dentry, NULL, 0);
	to->value_bytes = -ENODATA;
	if (to->list_bytes > 0 && *name)
		to->value_bytes = __vfs_getxattr(dentry, d_inode(dentry), name, to->value,
						 sizeof(to->value));
}

static int look_up_path(struct bridge_slot *s, const struct path *path, u32 parts)
{
	struct bridge_lookup *result = slot_lookup(s);
	int err = bridge_put_statx(&result->statx, path);

	result->created = 0;
	if (!err && (parts & BRIDGE_LOOKUP_HANDLE))
		bridge_put_handle((struct file_handle *)result->handle, path->dentry, MAX_HANDLE_SZ);
	if (!err && (parts & BRIDGE_LOOKUP_XATTRS))
		bridge_put_xattrs(&result->xattrs, path->dentry, slot_third(s));
	return err;
}

static int look_up_name(struct bridge_slot *s, int dirfd, const char *name, u32 flags, u32 parts)
{
	struct path path;
	int err = user_path_at(dirfd, name, flags, &path);

	if (err)
		return err;
	err = look_up_path(s, &path, parts);
	path_put(&path);
	return err;
}

static int look_up_fd(struct bridge_slot *s, int fd, u32 parts)
{
	int err;

	CLASS(fd_raw, f)(fd);
	if (fd_empty(f))
		return -EBADF;
	err = look_up_path(s, &fd_file(f)->f_path, parts);
	slot_lookup(s)->created = !!(fd_file(f)->f_mode & FMODE_CREATED);
	return err;
}

s64 bridge_lookup(struct bridge_slot *s, s64 ret)
{
	int err = -EINVAL;

	switch (s->lookup & BRIDGE_LOOKUP_KIND) {
	case BRIDGE_LOOKUP_OPENED:
		err = look_up_fd(s, ret, s->lookup);
		if (!err)
			return ret;
		sys_close(ret);
		return err;
	case BRIDGE_LOOKUP_FD:
		err = look_up_fd(s, s->arg[0], s->lookup);
		break;
	case BRIDGE_LOOKUP_FIRST:
		err = look_up_name(s, s->arg[0], slot_first(s), 0, s->lookup);
		break;
	case BRIDGE_LOOKUP_SECOND:
		err = look_up_name(s, s->arg[0], slot_second(s), 0, s->lookup);
		break;
	case BRIDGE_LOOKUP_LINK:
		err = look_up_name(s, s->arg[1], slot_second(s), 0, s->lookup);
		break;
	}
	/* The operation itself has succeeded, so only the lookup is reported as missing. */
	if (err)
		slot_lookup(s)->statx.stx_mask = 0;
	return ret;
}

s64 op_lookup(struct bridge_slot *s)
{
	u32 at_flags = s->arg[1], flags = 0;

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(at_flags & AT_SYMLINK_NOFOLLOW))
		flags |= LOOKUP_FOLLOW;
	if (at_flags & AT_EMPTY_PATH)
		flags |= LOOKUP_EMPTY;
	return look_up_name(s, s->arg[0], slot_first(s), flags, s->arg[2]);
}

/*
 * A file that loses its last name exists for as long as it is open. The host may know a file
 * without having it open, so the answer is an O_PATH descriptor of the victim if it has no name
 * left, else 0.
 */
static s64 end_held(struct bridge_slot *s, const struct path *victim, s64 ret)
{
	slot_lookup(s)->statx.stx_mask = 0;
	if (ret || !victim->dentry)
		return ret;
	look_up_path(s, victim, BRIDGE_LOOKUP_HANDLE);
	if (d_inode(victim->dentry)->i_nlink)
		return 0;
	return bridge_open_path(victim, O_PATH | O_NOFOLLOW);
}

s64 op_unlinkat_held(struct bridge_slot *s)
{
	struct path victim = {};
	s64 ret;

	user_path_at(s->arg[0], slot_first(s), 0, &victim);
	ret = end_held(s, &victim, op_unlinkat(s));
	path_put(&victim);
	return ret;
}

s64 op_renameat2_held(struct bridge_slot *s)
{
	struct path victim = {};
	s64 ret;

	if (!(s->arg[2] & RENAME_EXCHANGE))
		user_path_at(s->arg[1], slot_second(s), 0, &victim);
	ret = end_held(s, &victim, op_renameat2(s));
	path_put(&victim);
	return ret;
}
