/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PREEMPT_H
#define _ASM_WASM_PREEMPT_H

/* asm-generic's version, except that cond_resched() reads the clock too (wasm_poll_soon). */
#define should_resched generic_should_resched
#include <asm-generic/preempt.h>
#undef should_resched

extern int wasm_poll_budget;
extern void wasm_poll_soon(void);

static __always_inline bool should_resched(int preempt_offset)
{
	if (__builtin_expect((wasm_poll_budget -= 8) < 0, 0))
		wasm_poll_soon();
	return generic_should_resched(preempt_offset);
}

#endif
