/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_BRIDGE_H
#define _ASM_WASM_BRIDGE_H

/* What arch/wasm's own files say to one another. */

#include <linux/types.h>

/* kernel/time.c: when the timer is to ring, in host_monotonic_ns(). */
#define WASM_TIMER_NEVER 1e300
extern double wasm_timer_due_ns;
extern void wasm_timer_interrupt(void);

/* kernel/crc32c.c: before anything is summed. */
extern void wasm_crc32c_init(void);

/* kernel/irq.c */
extern void wasm_halt(void);

/* kernel/process.c: where the host enters, once for the first thread and once for each other. */
struct task_struct;
extern void wasm_boot(void);
extern void wasm_thread_entry(struct task_struct *task);

/* kernel/setup.c: what wasm_boot() runs on the first thread's stack. */
extern void wasm_start(void);

/* bridge/disk.c */
struct bridge_disk_info;
extern void bridge_disk_interrupt(void);
extern int bridge_disk_add(const struct bridge_disk_info *info, char *name, size_t size);
extern int bridge_disk_remove(u32 disk);
extern int bridge_disk_resize(u32 disk, u64 size_bytes);

/* bridge/request.c */
struct ring;
extern void bridge_worker_leaves(struct ring *ring);
extern void bridge_request_interrupt(void);
extern void bridge_request_tick(void);
extern int bridge_main(void);

#endif
