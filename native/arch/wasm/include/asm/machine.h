/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_MACHINE_H
#define _ASM_WASM_MACHINE_H

/* What the files of arch/wasm/kernel offer to each other and to bridge/, which they never call. */

#include <linux/types.h>

struct ring;
struct task_struct;

/* kernel/time.c: when the timer is due, in host_monotonic_ns(). */
#define WASM_TIMER_NEVER 1e300
extern double wasm_timer_due_ns;
extern void wasm_timer_interrupt(void);

/* kernel/crc32c.c: fills the tables; runs before anything is summed. */
extern void wasm_crc32c_init(void);

/* kernel/irq.c */
extern void wasm_halt(void);

/*
 * kernel/irq.c: what runs at an interrupt, after the kernel's own part of it. The bridge sets its
 * functions at boot, in the way of request_irq(); until then each one does nothing.
 */
struct wasm_handlers {
	void (*tick)(void);	/* WASM_IRQ_TIMER */
	void (*disk)(void);	/* WASM_IRQ_DISK */
	void (*request)(void);	/* WASM_IRQ_REQUEST */
	/* Not an interrupt: a thread with a ring leaves the CPU. Nothing can be woken there. */
	void (*leave)(struct ring *ring);
};
extern struct wasm_handlers wasm_handlers;

/* kernel/process.c: the host's two entries, for the first thread and for every other one. */
extern void wasm_boot(void);
extern void wasm_thread_entry(struct task_struct *task);

/* kernel/setup.c: runs on the first thread's stack; wasm_boot() calls it. */
extern void wasm_start(void);

#endif
