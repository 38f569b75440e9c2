/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_CURRENT_H
#define _ASM_WASM_CURRENT_H
struct task_struct;
extern struct task_struct *__current_task;
#define get_current() (__current_task)
#define current __current_task
#endif
