/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WASM_BRIDGE_SLOTS_H
#define _WASM_BRIDGE_SLOTS_H

/*
 * The interface for file requests. The host fills a slot, puts the slot's number into
 * wasm_shared.requests (or .urgent), and raises WASM_IRQ_REQUEST. A thread runs the operation as a
 * user's process would. host_complete() reports its end, while the results are still in the slot.
 *
 * Most operations are system calls of Linux, with the call's name and its arguments in their
 * order: arguments of 32 bits in arg[], arguments of 64 bits in wide[]. Names are in the slot's
 * buffer: the first one at its start, the second one (or a structure that is the result) at
 * BRIDGE_SECOND.
 */

#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/uaccess.h>

#define BRIDGE_SLOTS		256
#define BRIDGE_BUFFER		8448
#define BRIDGE_SECOND		4096
#define BRIDGE_THIRD		8192	/* for the name of an extended attribute */
#define BRIDGE_DIRENTS		32768	/* most bytes of directory entries in an answer */
#define BRIDGE_LIST		131072	/* the same with statx, handle and attributes */

/*
 * bridge_slot.lookup: what an operation looks up after it has succeeded, in the same request. One
 * of the first five names the file, the flags add to the statx. The result is a struct
 * bridge_lookup in second; its stx_mask is 0 if the lookup failed.
 */
#define BRIDGE_LOOKUP_FD	1	/* the descriptor in arg[0] */
#define BRIDGE_LOOKUP_OPENED	2	/* the opened descriptor; if this fails, so does the open */
#define BRIDGE_LOOKUP_FIRST	3	/* the name in first, below arg[0] */
#define BRIDGE_LOOKUP_SECOND	4	/* the name in second, below arg[0] */
#define BRIDGE_LOOKUP_LINK	5	/* the name in second, below arg[1] */
#define BRIDGE_LOOKUP_KIND	7	/* mask of the five */
#define BRIDGE_LOOKUP_HANDLE	8	/* with its file_handle */
#define BRIDGE_LOOKUP_XATTRS	16	/* with bridge_xattrs; third has the name of one, or is '' */

#define BRIDGE_XATTR_VALUE	64

/* No permission is checked for these, as none is for stat(). */
struct bridge_xattrs {
	s32 list_bytes;		/* result of listxattr(), or -errno; 0: there are no attributes */
	s32 value_bytes;	/* result of getxattr(), or -errno; -ERANGE if value is too small */
	char value[BRIDGE_XATTR_VALUE];
};

struct bridge_lookup {
	struct statx statx;
	char handle[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	u32 created;		/* BRIDGE_LOOKUP_OPENED: the open created the file */
	struct bridge_xattrs xattrs;
};

/*
 * The answer of getdents_statx is a list of linux_dirent64 records. Each has these parts at its
 * end, if they were asked for, in this order: the first bytes of a struct statx (up to
 * stx_dev_minor; all 0 if the lookup failed), a struct file_handle with room for
 * BRIDGE_LIST_HANDLE bytes (handle_bytes is 0 if there is no handle), a struct bridge_xattrs.
 */
#define BRIDGE_LIST_DOTS	1	/* list "." and ".." too */
#define BRIDGE_LIST_STATX	2
#define BRIDGE_LIST_HANDLES	4
#define BRIDGE_LIST_XATTRS	8
#define BRIDGE_LIST_HANDLE	32	/* enough for every file system on a disk */
#define BRIDGE_LIST_STATX_BYTES	offsetofend(struct statx, stx_dev_minor)

/*
 * pread_pages puts an array of these into first: where the bytes of the file are. An element of 0
 * bytes ends it. The layout is that of a struct iovec of 64 bits; the host adds the address of the
 * kernel's memory. The pages may be read only during host_complete().
 */
struct bridge_piece {
	u32 address;
	u32 address_high;
	u32 bytes;
	u32 bytes_high;
};

#define BRIDGE_PWRITE_CLIP	0x80000000	/* with RWF_*: write nothing after the file's end */

struct bridge_slot {
	u32 op;		/* BRIDGE_OP_* */
	u32 root;	/* descriptor of the directory that is "/"; 0: the kernel's own root */
	u32 cred;	/* identity, from BRIDGE_OP_cred_add; 0: root with every capability */
	u32 lookup;	/* BRIDGE_LOOKUP_*, or 0 */
	u32 umask;	/* for files that the operation creates */
	u32 arg[7];
	u64 wide[3];
	s64 ret;	/* the call's result, or -errno */
	u32 data;	/* address and size of a result that is too large for the buffer: */
	u32 data_bytes;	/* valid during host_complete() */
};

extern struct bridge_slot bridge_slots[BRIDGE_SLOTS];
extern char bridge_buffers[BRIDGE_SLOTS][BRIDGE_BUFFER];

static inline char *slot_first(struct bridge_slot *s)
{
	return bridge_buffers[s - bridge_slots];
}

static inline char *slot_second(struct bridge_slot *s)
{
	return slot_first(s) + BRIDGE_SECOND;
}

static inline char *slot_third(struct bridge_slot *s)
{
	return slot_first(s) + BRIDGE_THIRD;
}

static inline struct bridge_lookup *slot_lookup(struct bridge_slot *s)
{
	return (struct bridge_lookup *)slot_second(s);
}

/* The host's buffer for this request, as an address in uaccess.h's terms. */
static inline void __user *slot_window(struct bridge_slot *s)
{
	return (void __user *)(WASM_WINDOWS + (s - bridge_slots) * WASM_WINDOW_SIZE);
}

/* Every operation. Its arguments: arg[]; then wide[] or names; then where data and results are. */
#define BRIDGE_OPS(X)								\
	/* on the machine, in ops-control.c */					\
	X(disk_add)		/* bridge_disk_info first; name to first */	\
	X(disk_remove)		/* disk */					\
	X(mount)		/* 0: flags, 1: offsets in first of source, target, type, options */ \
	X(umount2)		/* flags; path */				\
	X(cred_add)		/* uid, gid, groups; capabilities; gids in first */ \
	X(cred_remove)		/* cred */					\
	X(clock_settime)	/* nsec; sec: the time of day */		\
	X(panic)		/* only for tests: ends the kernel */		\
	X(spin)			/* only for tests: milliseconds to compute */	\
	/* on descriptors, in ops-file.c */					\
	X(openat2)		/* dirfd, flags, mode, resolve; path */		\
	X(reopen)		/* fd of any kind, flags */			\
	X(close)		/* fd */					\
	X(close_many)		/* count; descriptors in first */		\
	X(pread64)		/* fd, bytes; offset; window */			\
	X(pread_pages)		/* fd, bytes; offset; bridge_pieces to first */	\
	X(pwrite64)		/* fd, bytes; offset; window */			\
	X(pwritev2)		/* fd, bytes, flags; offset; window */		\
	X(getdents64)		/* fd, bytes; data */				\
	X(lseek)		/* fd, whence; offset */			\
	X(fsync)		/* fd */					\
	X(fdatasync)		/* fd */					\
	X(syncfs)		/* fd */					\
	X(sync)									\
	X(ftruncate)		/* fd; length */				\
	X(truncate)		/* fd of any kind; length: as truncate(2) of its file */ \
	X(fallocate)		/* fd, mode; offset, length */			\
	X(copy_file_range)	/* fd in, fd out, bytes, flags; offset in, offset out */ \
	X(ioctl)		/* fd, command, argument or ~0 for first */	\
	X(fstatfs)		/* fd of any kind; statfs64 to second */	\
	X(open_by_handle_at)	/* mount's fd, flags; file_handle in first */	\
	/* on names, in ops-path.c */						\
	X(statx)		/* dirfd, flags, mask; path; statx to second */	\
	X(readlinkat)		/* dirfd; path; text to second */		\
	X(mkdirat)		/* dirfd, mode; path */				\
	X(mknodat)		/* dirfd, mode, dev; path */			\
	X(unlinkat)		/* dirfd, flags; path */			\
	X(unlinkat_held)	/* the same; the victim to second */		\
	X(renameat2)		/* dirfd, dirfd, flags; path, path */		\
	X(renameat2_held)	/* the same; the replaced file to second */	\
	X(linkat)		/* dirfd, dirfd, flags; path, path */		\
	X(symlinkat)		/* dirfd; target, path */			\
	X(fchmodat2)		/* dirfd, mode, flags; path */			\
	X(fchownat)		/* dirfd, uid, gid, flags; path */		\
	X(utimensat)		/* dirfd, flags, nsec, nsec; path; sec, sec */	\
	X(utimensat_ctime)	/* the same, nsec; ..., sec: sets ctime too */	\
	X(faccessat2)		/* dirfd, mode, flags; path */			\
	X(name_to_handle_at)	/* dirfd, flags; path; file_handle to second */	\
	/* extended attributes, in ops-xattr.c */				\
	X(getxattrat)		/* dirfd, at flags, bytes; path, name; window */ \
	X(setxattrat)		/* dirfd, at flags, bytes, flags; path, name; window */ \
	X(listxattrat)		/* dirfd, at flags, bytes; path; window */	\
	X(removexattrat)	/* dirfd, at flags; path, name */		\
	/* lookups, in lookup.c and ops-list.c */				\
	X(lookup)		/* dirfd, at flags, BRIDGE_LOOKUP_*; path */	\
	X(getdents_statx)	/* fd, BRIDGE_LIST_*, budget, entry bytes; offset; data */

#define DECLARE_OP(name) s64 op_##name(struct bridge_slot *s);
BRIDGE_OPS(DECLARE_OP)
#undef DECLARE_OP

/* lookup.c: fills the first BRIDGE_LIST_STATX_BYTES; stx_mask is 0 after an error. */
int bridge_put_statx(struct statx *to, const struct path *path);
/* lookup.c: sets handle_bytes to 0 if the file system has no handles, or none that short. */
void bridge_put_handle(struct file_handle *to, struct dentry *dentry, u32 room);
/* lookup.c: value is the attribute of that name; '' is none. */
void bridge_put_xattrs(struct bridge_xattrs *to, struct dentry *dentry, const char *name);
/* lookup.c: does what s->lookup asks for, after a result ret >= 0. Returns the new result. */
s64 bridge_lookup(struct bridge_slot *s, s64 ret);
/* ops-pages.c: releases the pages after the answer to pread_pages. */
void bridge_release_pages(void);
/* ops-file.c: opens the file at path without a walk. Returns a descriptor or -errno. */
s64 bridge_open_path(const struct path *path, u32 flags);

/* request.c: the last initcall, which link/end.c names; does not return. */
int bridge_main(void);

enum bridge_op {
#define NUMBER_OP(name) BRIDGE_OP_##name,
	BRIDGE_OPS(NUMBER_OP)
#undef NUMBER_OP
	BRIDGE_OP_COUNT,
};

#endif
