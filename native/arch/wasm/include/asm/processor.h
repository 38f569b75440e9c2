/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PROCESSOR_H
#define _ASM_WASM_PROCESSOR_H

#include <asm/ptrace.h>

struct ring;
struct task_struct;

/* "User space" may name any address: see uaccess.h. */
#define TASK_SIZE 0xffff0000UL
#define TASK_UNMAPPED_BASE 0
#define STACK_TOP TASK_SIZE
#define STACK_TOP_MAX STACK_TOP

struct thread_struct {
	unsigned long sp;	/* __stack_pointer while another thread runs */
	int (*fn)(void *);
	void *arg;
	struct ring *ring;	/* bridge/request.c: the ring that this thread serves, or NULL */
	bool started;
};
#define INIT_THREAD { .started = true }

extern void wasm_cpu_relax(void);
#define cpu_relax() wasm_cpu_relax()

static inline unsigned long __get_wchan(struct task_struct *p) { return 0; }
#define KSTK_EIP(task) 0UL
#define KSTK_ESP(task) 0UL
static inline void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp) {}
static inline void flush_thread(void) {}

#endif
