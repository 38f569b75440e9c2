/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PTRACE_H
#define _ASM_WASM_PTRACE_H
#include <uapi/asm/ptrace.h>
struct pt_regs { unsigned long sp, pc; };
struct task_struct;
#define user_mode(r) 0
#define instruction_pointer(r) ((r)->pc)
#define profile_pc(r) ((r)->pc)
#define user_stack_pointer(r) ((r)->sp)
#define task_pt_regs(t) ((struct pt_regs *)((char *)task_stack_page(t) + THREAD_SIZE) - 1)
#define current_pt_regs() task_pt_regs(current)
static inline void instruction_pointer_set(struct pt_regs *r, unsigned long v) { r->pc = v; }
#endif
