// SPDX-License-Identifier: GPL-2.0-only
/*
 * A directory's names together with the statx, handle and extended attributes of each: as much as
 * one request of a transport asks for.
 *
 * The directory is locked only while its names are read. The files are looked up afterwards, one by
 * one as nfsd does it, so other threads may change the directory meanwhile. A name that is gone by
 * then gets no statx.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/dirent.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include "slots.h"

#define HANDLE_ROOM	(sizeof(struct file_handle) + BRIDGE_LIST_HANDLE)

struct listing {
	struct dir_context ctx;
	struct linux_dirent64 *last;	/* the entry that has no d_off yet */
	char *at, *end;
	u32 flags;		/* BRIDGE_LIST_* */
	u32 extra;		/* bytes of an entry after its name */
	u32 entry_bytes;	/* bytes of the transport's own entry, without the name, ... */
	s64 budget;		/* ... and the bytes of its answer that are left */
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
	/* The same test as in getdents64(2): the disk is damaged, and the name could pass for a path. */
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

/*
 * Moves to the position where a listing starts. btrfs lists the names that exist at the time of an
 * open, a rewind or a seek. A program that renames each name it gets would never reach the end if
 * every part of the listing began with a seek. So this seeks only to the beginning, or to a
 * position that is not the end of the part before.
 */
static loff_t go_to(struct file *file, loff_t offset)
{
	if (offset && offset == file->f_pos)
		return offset;
	return vfs_llseek(file, offset, SEEK_SET);
}

/* Reads names from offset on. The directory is locked only in here. */
static int collect_names(struct file *file, loff_t offset, struct listing *l)
{
	loff_t at;
	int err;

	mutex_lock(&file->f_pos_lock);
	/* Otherwise ext4 and others give positions of 31 bits, which two names may share. */
	file->f_mode |= FMODE_64BITHASH;
	at = go_to(file, offset);
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

/* Fills in the part of an entry that follows its name. */
static void complete_entry(const struct path *dir, struct linux_dirent64 *entry, u32 flags,
			   u32 extra, const char *xattr)
{
	char *to = (char *)entry + entry->d_reclen - extra;
	struct path path = { .mnt = dir->mnt, .dentry = look_up(dir, entry->d_name) };

	memset(to, 0, extra);
	if (IS_ERR(path.dentry))
		return;
	if (flags & BRIDGE_LIST_STATX) {
		bridge_put_statx((struct statx *)to, &path);
		to += BRIDGE_LIST_STATX_BYTES;
	}
	if (flags & BRIDGE_LIST_HANDLES) {
		bridge_put_handle((struct file_handle *)to, path.dentry, BRIDGE_LIST_HANDLE);
		to += HANDLE_ROOM;
	}
	if (flags & BRIDGE_LIST_XATTRS)
		bridge_put_xattrs((struct bridge_xattrs *)to, path.dentry, xattr);
	dput(path.dentry);
}

static u32 bytes_after_name(u32 flags)
{
	return (flags & BRIDGE_LIST_STATX ? BRIDGE_LIST_STATX_BYTES : 0) +
	       (flags & BRIDGE_LIST_HANDLES ? HANDLE_ROOM : 0) +
	       (flags & BRIDGE_LIST_XATTRS ? sizeof(struct bridge_xattrs) : 0);
}

/* Takes the largest piece of memory that there is: without an MMU, memory may be fragmented. */
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
		.extra = bytes_after_name(s->arg[1]),
		.budget = s->arg[2],
		.entry_bytes = s->arg[3],
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
	err = collect_names(fd_file(f), s->wide[0], &l);
	if (err)
		return err;
	if (l.extra) {
		for (at = list; at < l.at; at += ((struct linux_dirent64 *)at)->d_reclen) {
			complete_entry(&fd_file(f)->f_path, (void *)at, l.flags, l.extra,
				       slot_third(s));
			cond_resched();
		}
	}
	s->data_bytes = l.at - list;
	return s->data_bytes;
}
