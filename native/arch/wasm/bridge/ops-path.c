// SPDX-License-Identifier: GPL-2.0-only
/* Operations on names below a directory's descriptor: the system calls of the same names. */
#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/syscalls.h>
#include <linux/time_types.h>
#include "slots.h"

s64 op_statx(struct bridge_slot *s)
{
	return sys_statx(s->arg[0], slot_first(s), s->arg[1], s->arg[2], (void *)slot_second(s));
}

s64 op_readlinkat(struct bridge_slot *s)
{
	return sys_readlinkat(s->arg[0], slot_first(s), slot_second(s), BRIDGE_SECOND);
}

s64 op_mkdirat(struct bridge_slot *s)
{
	return sys_mkdirat(s->arg[0], slot_first(s), s->arg[1]);
}

s64 op_mknodat(struct bridge_slot *s)
{
	return sys_mknodat(s->arg[0], slot_first(s), s->arg[1], s->arg[2]);
}

s64 op_unlinkat(struct bridge_slot *s)
{
	return sys_unlinkat(s->arg[0], slot_first(s), s->arg[1]);
}

s64 op_renameat2(struct bridge_slot *s)
{
	return sys_renameat2(s->arg[0], slot_first(s), s->arg[1], slot_second(s), s->arg[2]);
}

s64 op_linkat(struct bridge_slot *s)
{
	return sys_linkat(s->arg[0], slot_first(s), s->arg[1], slot_second(s), s->arg[2]);
}

s64 op_symlinkat(struct bridge_slot *s)
{
	return sys_symlinkat(slot_first(s), s->arg[0], slot_second(s));
}

s64 op_fchmodat2(struct bridge_slot *s)
{
	return sys_fchmodat2(s->arg[0], slot_first(s), s->arg[1], s->arg[2]);
}

s64 op_fchownat(struct bridge_slot *s)
{
	return sys_fchownat(s->arg[0], slot_first(s), s->arg[1], s->arg[2], s->arg[3]);
}

s64 op_utimensat(struct bridge_slot *s)
{
	struct __kernel_timespec times[2] = {
		{ .tv_sec = s->wide[0], .tv_nsec = s->arg[2] },
		{ .tv_sec = s->wide[1], .tv_nsec = s->arg[3] },
	};

	return sys_utimensat(s->arg[0], slot_first(s), times, s->arg[1]);
}

/*
 * Linux sets ctime to the present with every change. A host that caches writes keeps its own ctime
 * and sends it later, when the present would be too late. The file system's setattr() can set it.
 */
s64 op_utimensat_ctime(struct bridge_slot *s)
{
	struct iattr attr = {
		.ia_valid = ATTR_CTIME,
		.ia_ctime = { .tv_sec = s->wide[2], .tv_nsec = s->arg[4] },
	};
	u32 lookup = s->arg[1] & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct inode *inode;
	struct path path;
	s64 ret = op_utimensat(s);

	if (ret)
		return ret;
	if (s->arg[1] & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	ret = user_path_at(s->arg[0], slot_first(s), lookup, &path);
	if (ret)
		return ret;
	inode = d_inode(path.dentry);
	if (s->arg[4] >= NSEC_PER_SEC)
		ret = -EINVAL;
	else if (!inode->i_op->setattr)
		ret = -EOPNOTSUPP;
	else
		ret = mnt_want_write(path.mnt);
	if (!ret) {
		inode_lock(inode);
		attr.ia_ctime = timestamp_truncate(attr.ia_ctime, inode);
		ret = inode->i_op->setattr(mnt_idmap(path.mnt), path.dentry, &attr);
		inode_unlock(inode);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return ret;
}

s64 op_faccessat2(struct bridge_slot *s)
{
	return sys_faccessat2(s->arg[0], slot_first(s), s->arg[1], s->arg[2]);
}

s64 op_name_to_handle_at(struct bridge_slot *s)
{
	struct file_handle *handle = (void *)slot_second(s);
	int mount_id;

	handle->handle_bytes = MAX_HANDLE_SZ;
	return sys_name_to_handle_at(s->arg[0], slot_first(s), handle, &mount_id, s->arg[1]);
}
