// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find something and statx it at once, so that a transport asks once for what its
 * own protocol asks once: open, look up, list a directory with all there is to know.
 *
 * A listing takes the directory's lock for the names alone. What they stand for is looked up
 * afterwards, one by one as nfsd does it, so that others may change the directory meanwhile: a
 * name that is gone by then has no statx.
 */
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/dirent.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/syscalls.h>
#include "request.h"

/* The part of struct statx that goes into a listing. */
#define STATX_SHORT	BRIDGE_LIST_STATX_BYTES
#define HANDLE_ROOM	(sizeof(struct file_handle) + BRIDGE_LIST_HANDLE)

static void put_time(struct statx_timestamp *to, const struct timespec64 *from)
{
	to->tv_sec = from->tv_sec;
	to->tv_nsec = from->tv_nsec;
}

/* Fills the first STATX_SHORT bytes. */
static int put_statx(struct statx *to, const struct path *path, u32 mask)
{
	struct user_namespace *ns = current_user_ns();
	struct kstat stat;
	int err = vfs_getattr(path, &stat, mask, AT_STATX_SYNC_AS_STAT);

	if (err)
		return err;
	stat.attributes_mask |= STATX_ATTR_MOUNT_ROOT;
	if (path->dentry == path->mnt->mnt_root)
		stat.attributes |= STATX_ATTR_MOUNT_ROOT;
	memset(to, 0, STATX_SHORT);
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

/* Leaves handle_bytes 0 where the file system has no handles, or none that short. */
static void put_handle(struct file_handle *to, struct dentry *dentry, u32 room)
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

/* The end of a request that opened something: a descriptor whose statx fails is closed again. */
static s64 statx_opened(struct bridge_slot *s, s64 fd, u32 mask)
{
	int err;

	if (fd < 0)
		return fd;
	err = sys_statx(fd, "", AT_EMPTY_PATH, mask, (void *)slot_second(s));
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

s64 op_openat2_statx(struct bridge_slot *s)
{
	return statx_opened(s, op_openat2(s), s->arg[4]);
}

s64 op_open_by_handle_at_statx(struct bridge_slot *s)
{
	return statx_opened(s, op_open_by_handle_at(s), s->arg[2]);
}

/* The handle lies in second, behind a whole struct statx. */
s64 op_name_to_handle_statx(struct bridge_slot *s)
{
	struct statx *statx = (void *)slot_second(s);
	u32 flags = s->arg[1], lookup = 0;
	struct path path;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_SYMLINK_NOFOLLOW))
		lookup |= LOOKUP_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(s->arg[0], slot_first(s), lookup, &path);
	if (err)
		return err;
	err = put_statx(statx, &path, s->arg[2]);
	if (!err)
		put_handle((struct file_handle *)(statx + 1), path.dentry, MAX_HANDLE_SZ);
	path_put(&path);
	return err;
}

struct listing {
	struct dir_context ctx;
	struct linux_dirent64 *last;	/* the entry whose d_off is not known yet */
	char *at, *end;
	u32 flags;		/* BRIDGE_LIST_* */
	u32 extra;		/* bytes of an entry behind its name */
	u32 entry_bytes;	/* the asker's own measure: this much, and the name, ... */
	s64 budget;		/* ... out of so much */
	bool called;
	int err;
};

static bool collect(struct dir_context *ctx, const char *name, int length, loff_t offset,
		    u64 ino, unsigned int type)
{
	struct listing *l = container_of(ctx, struct listing, ctx);
	u32 bytes = ALIGN(offsetof(struct linux_dirent64, d_name) + length + 1, 8) + l->extra;
	u32 cost = l->entry_bytes ? ALIGN(l->entry_bytes + length, 8) : bytes;
	struct linux_dirent64 *entry = (void *)l->at;

	l->called = true;
	if (l->last)
		l->last->d_off = offset;
	if (!(l->flags & BRIDGE_LIST_DOTS) && is_dot_dotdot(name, length))
		return true;
	/* As getdents64(2) has it: a broken disk, and nobody may take such a name for a path. */
	if (length <= 0 || length >= PATH_MAX || memchr(name, '/', length))
		l->err = -EIO;
	else if (!l->last && bytes > l->end - l->at)
		l->err = -EINVAL;
	if (l->err || (l->last && (cost > l->budget || bytes > l->end - l->at)))
		return false;
	entry->d_ino = ino;
	entry->d_reclen = bytes;
	entry->d_type = type & S_DT_MASK;
	memcpy(entry->d_name, name, length);
	memset(entry->d_name + length, 0,
	       bytes - l->extra - offsetof(struct linux_dirent64, d_name) - length);
	l->budget -= cost;
	l->at += bytes;
	l->last = entry;
	return true;
}

/* Reads names from a position on; the directory has its lock only meanwhile. */
static int collect_names(struct file *file, loff_t offset, struct listing *l)
{
	loff_t at;
	int err;

	mutex_lock(&file->f_pos_lock);
	/* ext4 and its like would give positions of 31 bits, and two names may share one. */
	file->f_mode |= FMODE_64BITHASH;
	at = vfs_llseek(file, offset, SEEK_SET);
	err = at < 0 ? at : 0;
	while (!err && !l->last) {
		l->called = false;
		err = iterate_dir(file, &l->ctx);
		if (!l->called)
			break;
		if (err >= 0)
			err = l->err;
	}
	if (l->last) {
		l->last->d_off = l->ctx.pos;
		err = 0;
	}
	mutex_unlock(&file->f_pos_lock);
	return err;
}

static struct dentry *look_up(const struct path *dir, const char *name)
{
	int length = strlen(name);

	if (!is_dot_dotdot(name, length))
		return lookup_one_positive_unlocked(mnt_idmap(dir->mnt), name, dir->dentry, length);
	if (length == 1 || path_equal(dir, &current->fs->root))
		return dget(dir->dentry);
	return dget_parent(dir->dentry);
}

/* Fills in what lies behind an entry's name. */
static void complete_entry(const struct path *dir, struct linux_dirent64 *entry, u32 flags,
			   u32 mask)
{
	u32 extra = (flags & BRIDGE_LIST_STATX ? STATX_SHORT : 0) +
		    (flags & BRIDGE_LIST_HANDLES ? HANDLE_ROOM : 0);
	char *to = (char *)entry + entry->d_reclen - extra;
	struct path path = { .mnt = dir->mnt, .dentry = look_up(dir, entry->d_name) };

	memset(to, 0, extra);
	if (IS_ERR(path.dentry))
		return;
	if (flags & BRIDGE_LIST_STATX) {
		if (put_statx((struct statx *)to, &path, mask))
			memset(to, 0, STATX_SHORT);
		to += STATX_SHORT;
	}
	if (flags & BRIDGE_LIST_HANDLES)
		put_handle((struct file_handle *)to, path.dentry, BRIDGE_LIST_HANDLE);
	dput(path.dentry);
}

/* As much as there is in one piece: without an MMU memory may be in crumbs. */
static char *allocate_list(size_t *bytes)
{
	char *list = NULL;

	for (*bytes = BRIDGE_LIST; !list && *bytes >= PAGE_SIZE; )
		if (!(list = kmalloc(*bytes, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)))
			*bytes /= 2;
	return list;
}

s64 op_getdents_statx(struct bridge_slot *s)
{
	struct listing l = {
		.ctx.actor = collect,
		.flags = s->arg[1],
		.budget = s->arg[3],
		.entry_bytes = s->arg[4],
	};
	char *list, *at;
	size_t room;
	int err;

	CLASS(fd, f)(s->arg[0]);
	if (fd_empty(f))
		return -EBADF;
	if (!S_ISDIR(file_inode(fd_file(f))->i_mode))
		return -ENOTDIR;
	list = allocate_list(&room);
	if (!list)
		return -ENOMEM;
	s->data = (unsigned long)list;
	l.at = list;
	l.end = list + room;
	l.extra = (l.flags & BRIDGE_LIST_STATX ? STATX_SHORT : 0) +
		  (l.flags & BRIDGE_LIST_HANDLES ? HANDLE_ROOM : 0);
	err = collect_names(fd_file(f), s->wide[0], &l);
	if (err)
		return err;
	if (l.extra) {
		for (at = list; at < l.at; at += ((struct linux_dirent64 *)at)->d_reclen) {
			complete_entry(&fd_file(f)->f_path, (void *)at, l.flags, s->arg[2]);
			cond_resched();
		}
	}
	s->data_bytes = l.at - list;
	return s->data_bytes;
}
