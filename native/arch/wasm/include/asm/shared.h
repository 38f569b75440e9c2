/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_SHARED_H
#define _ASM_WASM_SHARED_H

/* Memory that both the kernel and the host write, each while the other one is stopped. */

#include <linux/types.h>

#define WASM_IRQ_TIMER   1
#define WASM_IRQ_REQUEST 2
#define WASM_IRQ_DISK    4

#define WASM_QUEUE_SIZE 1024	/* a power of two, more than can be under way at once */

struct wasm_disk_done {
	u32 command;		/* the address that host_disk_submit() got */
	s32 status;		/* 0 or -errno */
};

struct wasm_shared {
	u32 irq_pending;	/* WASM_IRQ_*: the host sets, the kernel clears */
	u32 request_head;	/* the host has filled requests[] up to here */
	u32 request_tail;	/* the kernel has taken them up to here */
	u32 urgent_head;	/* the same for urgent[] */
	u32 urgent_tail;
	u32 disk_done_head;	/* the same for disk_done[] */
	u32 disk_done_tail;
	u32 ready;		/* requests may be sent */
	double turn_ns;		/* host_monotonic_ns() when the event loop last took a turn */
	u32 requests[WASM_QUEUE_SIZE];		/* slot numbers */
	u32 urgent[WASM_QUEUE_SIZE];		/* numbers of slots that must not wait for others */
	struct wasm_disk_done disk_done[WASM_QUEUE_SIZE];
};

extern struct wasm_shared wasm_shared;

#endif
