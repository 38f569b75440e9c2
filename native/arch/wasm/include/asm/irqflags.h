/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_IRQFLAGS_H
#define _ASM_WASM_IRQFLAGS_H

/*
 * Interrupts are bits of one word in wasm_shared. The host sets them while the kernel is suspended,
 * and the kernel tests them wherever it enables interrupts. Here it also reads the clock from time
 * to time (kernel/irq.c), because nothing can preempt it from outside.
 */

#define ARCH_IRQ_ENABLED  0
#define ARCH_IRQ_DISABLED 1

#include <asm/shared.h>

extern unsigned long wasm_irqs_disabled;
extern int wasm_poll_budget;
extern void wasm_irqs_enabled(void);

static inline unsigned long arch_local_save_flags(void)
{
	return wasm_irqs_disabled;
}

static inline void arch_local_irq_restore(unsigned long flags)
{
	asm volatile("" ::: "memory");
	wasm_irqs_disabled = flags;
	if (!flags && __builtin_expect(wasm_shared.irq_pending || --wasm_poll_budget < 0, 0))
		wasm_irqs_enabled();
}

#define arch_local_irq_restore arch_local_irq_restore
#define arch_local_save_flags arch_local_save_flags
#include <asm-generic/irqflags.h>

#endif
