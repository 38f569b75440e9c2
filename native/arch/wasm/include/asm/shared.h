/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_SHARED_H
#define _ASM_WASM_SHARED_H

/* The words that the kernel and its host both write, each while the other stands still. */

#include <linux/types.h>

#define WASM_IRQ_TIMER   1
#define WASM_IRQ_REQUEST 2
#define WASM_IRQ_DISK    4

#define WASM_QUEUE_SIZE 1024	/* a power of two, and more than can be in flight */

struct wasm_disk_done {
	u32 command;		/* the address that host_disk_submit() was given */
	s32 status;		/* 0 or -errno */
};

struct wasm_shared {
	u32 irq_pending;	/* WASM_IRQ_*: the host sets, the kernel clears */
	u32 request_head;	/* requests[] up to here are filled, by the host */
	u32 request_tail;	/* and up to here taken, by the kernel */
	u32 urgent_head;	/* the same for urgent[] */
	u32 urgent_tail;
	u32 disk_done_head;	/* disk_done[] up to here is filled, by the host */
	u32 disk_done_tail;
	u32 ready;		/* requests may be sent */
	double turn_ns;		/* host_monotonic_ns() when the event loop last took a turn */
	u32 requests[WASM_QUEUE_SIZE];		/* slot numbers */
	u32 urgent[WASM_QUEUE_SIZE];		/* slot numbers that must not wait behind others */
	struct wasm_disk_done disk_done[WASM_QUEUE_SIZE];
};

extern struct wasm_shared wasm_shared;

#endif
