// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes of a name below a directory's descriptor. Linux has these calls since 6.13;
 * here they are made of the same functions of fs/xattr.c that the older calls use.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "../../../fs/internal.h"
#include "slots.h"

static int find_path(struct bridge_slot *s, struct path *path)
{
	unsigned int flags = 0;

	if (s->arg[1] & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(s->arg[1] & AT_SYMLINK_NOFOLLOW))
		flags |= LOOKUP_FOLLOW;
	if (s->arg[1] & AT_EMPTY_PATH)
		flags |= LOOKUP_EMPTY;
	return user_path_at(s->arg[0], slot_first(s), flags, path);
}

/* Copies the attribute's name to kname. Returns 0, or -errno as getxattr(2) does. */
static int copy_name(struct bridge_slot *s, struct xattr_name *kname)
{
	long length = strncpy_from_user(kname->name, slot_second(s), sizeof(kname->name));

	if (length == 0 || length == sizeof(kname->name))
		return -ERANGE;
	return length < 0 ? length : 0;
}

s64 op_getxattrat(struct bridge_slot *s)
{
	struct xattr_name kname;
	struct xattr_ctx ctx = {
		.value = slot_window(s), .kvalue = NULL, .size = s->arg[2], .kname = &kname,
	};
	struct path path;
	s64 ret = copy_name(s, &kname);

	if (ret)
		return ret;
	ret = find_path(s, &path);
	if (ret)
		return ret;
	ret = do_getxattr(mnt_idmap(path.mnt), path.dentry, &ctx);
	kvfree(ctx.kvalue);
	path_put(&path);
	return ret;
}

s64 op_setxattrat(struct bridge_slot *s)
{
	struct xattr_name kname;
	struct xattr_ctx ctx = {
		.cvalue = slot_window(s), .kvalue = NULL, .size = s->arg[2], .kname = &kname,
		.flags = s->arg[3],
	};
	struct path path;
	s64 ret = setxattr_copy(slot_second(s), &ctx);

	if (ret)
		return ret;
	ret = find_path(s, &path);
	if (!ret) {
		ret = mnt_want_write(path.mnt);
		if (!ret) {
			ret = do_setxattr(mnt_idmap(path.mnt), path.dentry, &ctx);
			mnt_drop_write(path.mnt);
		}
		path_put(&path);
	}
	kvfree(ctx.kvalue);
	return ret;
}

s64 op_listxattrat(struct bridge_slot *s)
{
	size_t size = min_t(size_t, s->arg[2], XATTR_LIST_MAX);
	char *list = NULL;
	struct path path;
	s64 ret = find_path(s, &path);

	if (ret)
		return ret;
	if (size)
		list = kvmalloc(size, GFP_KERNEL);
	if (size && !list)
		ret = -ENOMEM;
	else
		ret = vfs_listxattr(path.dentry, list, size);
	if (ret > 0 && size && copy_to_user(slot_window(s), list, ret))
		ret = -EFAULT;
	else if (ret == -ERANGE && size >= XATTR_LIST_MAX)
		ret = -E2BIG;
	kvfree(list);
	path_put(&path);
	return ret;
}

s64 op_removexattrat(struct bridge_slot *s)
{
	struct xattr_name kname;
	struct path path;
	s64 ret = copy_name(s, &kname);

	if (ret)
		return ret;
	ret = find_path(s, &path);
	if (ret)
		return ret;
	ret = mnt_want_write(path.mnt);
	if (!ret) {
		if (is_posix_acl_xattr(kname.name))
			ret = vfs_remove_acl(mnt_idmap(path.mnt), path.dentry, kname.name);
		else
			ret = vfs_removexattr(mnt_idmap(path.mnt), path.dentry, kname.name);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return ret;
}
