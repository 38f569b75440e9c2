/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WASM_BRIDGE_REQUEST_H
#define _WASM_BRIDGE_REQUEST_H

/*
 * The file-request interface. The host fills a slot, puts its number into wasm_shared.requests (or
 * .urgent), and raises WASM_IRQ_REQUEST. A kernel thread that is like a user's process runs the
 * operation; host_complete() tells of its end, with the results still in the slot.
 *
 * Each operation is a system call of Linux under its own name, with that call's arguments in that
 * call's order: those of 32 bits in arg[], those of 64 in wide[]. Names lie in the slot's buffer:
 * the first at its start, the second (or a structure's result) at BRIDGE_SECOND.
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
#define BRIDGE_DIRENTS		32768	/* bytes of directory entries in one answer, at most */
#define BRIDGE_LIST		131072	/* and of those with what they stand for */

/*
 * What a request may find out besides, with no more way to go: bridge_slot.lookup says of what. It
 * lies in second, as a struct bridge_lookup; stx_mask is 0 where it was not to be found.
 */
#define BRIDGE_LOOKUP_FD		1	/* of the descriptor in arg[0] */
#define BRIDGE_LOOKUP_OPENED	2	/* of the descriptor that was opened; or it is not opened */
#define BRIDGE_LOOKUP_FIRST	3	/* of the name in first, below arg[0] */
#define BRIDGE_LOOKUP_SECOND	4	/* of the name in second, below arg[0] */
#define BRIDGE_LOOKUP_LINK	5	/* of the name in second, below arg[1] */
#define BRIDGE_LOOKUP_KIND	7
#define BRIDGE_LOOKUP_HANDLE	8	/* its file_handle too */
#define BRIDGE_LOOKUP_XATTRS	16	/* and bridge_xattrs; third names a small one, or is '' */

#define BRIDGE_XATTR_VALUE	64

/* Neither asks for permission: they are to a transport what stat() is to Linux. */
struct bridge_xattrs {
	s32 list_bytes;		/* listxattr()'s answer, or -errno: 0 is no attributes at all */
	s32 value_bytes;	/* getxattr()'s, or -errno; -ERANGE where it does not fit */
	char value[BRIDGE_XATTR_VALUE];
};

struct bridge_lookup {
	struct statx statx;
	char handle[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	u32 created;		/* BRIDGE_LOOKUP_OPENED: the file was not there before */
	struct bridge_xattrs xattrs;
};

/*
 * What getdents_statx gives. An answer is records of linux_dirent64, each with these at its end, in
 * this order, as asked for: the first bytes of a struct statx (up to stx_dev_minor, 0 throughout if
 * there is none), a struct file_handle with room for BRIDGE_LIST_HANDLE bytes (handle_bytes 0 if
 * there is none), a struct bridge_xattrs.
 */
#define BRIDGE_LIST_DOTS	1	/* "." and ".." too */
#define BRIDGE_LIST_STATX	2
#define BRIDGE_LIST_HANDLES	4
#define BRIDGE_LIST_XATTRS	8
#define BRIDGE_LIST_HANDLE	32	/* no file system that keeps one's own files needs more */
#define BRIDGE_LIST_STATX_BYTES	offsetofend(struct statx, stx_dev_minor)

/*
 * Where pread_pages found bytes of a file: an array in first, up to one of 0 bytes. Laid out as a
 * struct iovec of 64 bits, to which only the address of this memory is to be added. The pages are
 * the kernel's, to be read during host_complete() and no longer.
 */
struct bridge_piece {
	u32 address;
	u32 address_high;
	u32 bytes;
	u32 bytes_high;
};

#define BRIDGE_PWRITE_CLIP	0x80000000	/* beside RWF_*: nothing beyond the file's end */

struct bridge_slot {
	u32 op;		/* BRIDGE_OP_* */
	u32 root;	/* descriptor of the directory that "/" names; 0: the kernel's own root */
	u32 cred;	/* identity, from BRIDGE_OP_CRED_ADD; 0: root with every capability */
	u32 lookup;	/* BRIDGE_LOOKUP_*, or 0 */
	u32 umask;	/* of what is created */
	u32 arg[7];
	u64 wide[3];
	s64 ret;	/* the call's result, or -errno */
	u32 data;	/* address and size of a result that has no room in the buffer: */
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

/* The host's own buffer for this request, in the terms of uaccess.h. */
static inline void __user *slot_window(struct bridge_slot *s)
{
	return (void __user *)(WASM_WINDOWS + (s - bridge_slots) * WASM_WINDOW_SIZE);
}

/* Every operation, once: its name, and for the reader its arguments. */
#define BRIDGE_OPS(X)								\
	/* the machine's, in ops-control.c */					\
	X(disk_add)		/* bridge_disk_info first; name to first */	\
	X(disk_remove)		/* disk */					\
	X(disk_resize)		/* disk; sizeBytes */				\
	X(mount)		/* 0: flags, 1: offsets in first of source, target, type, options */ \
	X(umount2)		/* flags; path */				\
	X(cred_add)		/* uid, gid, groups; capabilities; gids in first */ \
	X(cred_remove)		/* cred */					\
	X(clock_settime)	/* nsec; sec: the time of day */		\
	X(panic)		/* for tests of the kernel's end */		\
	X(spin)			/* milliseconds of computing, for tests */	\
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
	X(truncate)		/* fd of any kind; length: by what it stands for, as of a name */ \
	X(fallocate)		/* fd, mode; offset, length */			\
	X(fadvise64)		/* fd, advice; offset, length */		\
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
	X(renameat2_held)	/* the same; who was there before to second */	\
	X(linkat)		/* dirfd, dirfd, flags; path, path */		\
	X(symlinkat)		/* dirfd; target, path */			\
	X(fchmodat2)		/* dirfd, mode, flags; path */			\
	X(fchownat)		/* dirfd, uid, gid, flags; path */		\
	X(utimensat)		/* dirfd, flags, nsec, nsec; path; sec, sec */	\
	X(utimensat_ctime)	/* the same, nsec; ..., sec: for a host that keeps ctime itself */ \
	X(faccessat2)		/* dirfd, mode, flags; path */			\
	X(name_to_handle_at)	/* dirfd, flags; path; file_handle to second */	\
	/* extended attributes, in ops-xattr.c */				\
	X(getxattrat)		/* dirfd, at flags, bytes; path, name; window */ \
	X(setxattrat)		/* dirfd, at flags, bytes, flags; path, name; window */ \
	X(listxattrat)		/* dirfd, at flags, bytes; path; window */	\
	X(removexattrat)	/* dirfd, at flags; path, name */		\
	/* what is there, in lookup.c and ops-list.c */				\
	X(lookup)			/* dirfd, at flags, BRIDGE_LOOKUP_*; path */	\
	X(getdents_statx)	/* fd, BRIDGE_LIST_*, budget, entry bytes; offset; data */

#define DECLARE_OP(name) s64 op_##name(struct bridge_slot *s);
BRIDGE_OPS(DECLARE_OP)
#undef DECLARE_OP

/* lookup.c: what there is at path; into the parts that are not NULL. */
int bridge_put_statx(struct statx *to, const struct path *path);
void bridge_put_handle(struct file_handle *to, struct dentry *dentry, u32 room);
void bridge_put_xattrs(struct bridge_xattrs *to, struct dentry *dentry, const char *name);
/* What slot.lookup asks for, of an operation that ended with ret (0 or more). Returns the new end. */
s64 bridge_lookup(struct bridge_slot *s, s64 ret);
/* ops-pages.c: after the answer to pread_pages. */
void bridge_release_pages(void);
/* ops-file.c: opens what is there, without a walk. */
s64 bridge_open_path(const struct path *path, u32 flags);

enum bridge_op {
#define NUMBER_OP(name) BRIDGE_OP_##name,
	BRIDGE_OPS(NUMBER_OP)
#undef NUMBER_OP
	BRIDGE_OP_COUNT,
};

#endif
