/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WASM_BRIDGE_DISK_H
#define _WASM_BRIDGE_DISK_H

/* The block-device interface: a disk as the host describes it, and the commands that it gets. */

#include <linux/types.h>

#define BRIDGE_DISK_READ_ONLY	 1
#define BRIDGE_DISK_CACHE	 2	/* written data may wait for a flush; FUA works */
#define BRIDGE_DISK_DISCARD	 4
#define BRIDGE_DISK_WRITE_ZEROES 8

struct bridge_disk_info {
	u64 size_bytes;
	u32 disk;		/* the host's number for it */
	u32 logical_block_bytes;
	u32 physical_block_bytes;
	u32 flags;		/* BRIDGE_DISK_* */
};

#define BRIDGE_DISK_READ	 0
#define BRIDGE_DISK_WRITE	 1
#define BRIDGE_DISK_FLUSH	 2
#define BRIDGE_DISK_DISCARD_RANGE 3
#define BRIDGE_DISK_ZERO_RANGE	 4

#define BRIDGE_DISK_SEGMENTS	 256

struct bridge_disk_segment {
	u32 address;
	u32 bytes;
};

struct bridge_disk_command {
	u64 offset_bytes;
	u32 bytes;
	u8 op;			/* BRIDGE_DISK_READ ... */
	u8 fua;			/* of a write: make it durable before the answer */
	u16 segment_count;
	struct bridge_disk_segment segments[BRIDGE_DISK_SEGMENTS];
};

/*
 * disk.c: adds a disk and reads its partitions. Returns the disk's number, with its name in /dev in
 * name, or -errno.
 */
int bridge_disk_add(const struct bridge_disk_info *info, char *name, size_t size);
/* disk.c: removes a disk, in use or not: later I/O fails, and a file system on it shuts down. */
int bridge_disk_remove(u32 index);

#endif
