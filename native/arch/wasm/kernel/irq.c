// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, and the clock that a kernel without preemption from outside must look at itself.
 *
 * The host sets bits in wasm_shared.irq_pending while the kernel stands still: suspended in
 * host_idle(), host_yield() or host_switch(). They are delivered where interrupts are, or become,
 * enabled.
 *
 * A thread that computes for long passes local_irq_restore() or cond_resched() again and again.
 * Every so many times (wasm_poll_budget, adapted to what the passes turn out to cost) the clock is
 * read: a timer that is due is raised, and the host's event loop gets a turn when it had none for
 * TURN_NS. Suspending is safe anywhere, atomic sections included: no other coroutine of this kernel
 * runs meanwhile, so it is what a CPU that was stopped for a while would see.
 */
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/sched/idle.h>
#include <asm/bridge.h>
#include <asm/host.h>
#include <asm/irq_regs.h>
#include <asm/ptrace.h>
#include <asm/shared.h>

#define TURN_NS		(3 * NSEC_PER_MSEC)
#define POLL_SHORT_NS	(50 * NSEC_PER_USEC)
#define POLL_LONG_NS	(300 * NSEC_PER_USEC)
#define POLL_BUDGET_MAX	128

struct wasm_shared wasm_shared;
unsigned long wasm_irqs_disabled = ARCH_IRQ_DISABLED;
int wasm_poll_budget = POLL_BUDGET_MAX;

static int poll_period = POLL_BUDGET_MAX;
static double last_poll_ns;

static void deliver(void)
{
	/* The tick's handler leaves timers and accounting out where there are no registers. */
	static struct pt_regs regs;
	struct pt_regs *old;
	u32 pending;

	while ((pending = wasm_shared.irq_pending)) {
		wasm_shared.irq_pending = 0;
		wasm_irqs_disabled = ARCH_IRQ_DISABLED;
		old = set_irq_regs(&regs);
		irq_enter();
		if (pending & WASM_IRQ_TIMER) {
			wasm_timer_interrupt();
			bridge_request_tick();
		}
		if (pending & WASM_IRQ_DISK)
			bridge_disk_interrupt();
		if (pending & WASM_IRQ_REQUEST)
			bridge_request_interrupt();
		irq_exit();
		set_irq_regs(old);
		wasm_irqs_disabled = ARCH_IRQ_ENABLED;
	}
}

/* Looks at the clock; may suspend. */
static void poll(void)
{
	double now = host_monotonic_ns();
	double since = now - last_poll_ns;

	if (since < POLL_SHORT_NS)
		poll_period = min(poll_period * 2, POLL_BUDGET_MAX);
	else if (since > POLL_LONG_NS)
		poll_period = max(poll_period / 4, 1);
	wasm_poll_budget = poll_period;
	last_poll_ns = now;

	if (now - wasm_shared.turn_ns > TURN_NS) {
		host_yield();
		last_poll_ns = now = host_monotonic_ns();
	}
	if (now >= wasm_timer_due_ns)
		wasm_shared.irq_pending |= WASM_IRQ_TIMER;
}

/* arch_local_irq_restore() has just enabled interrupts, and one waits or the budget is spent. */
void wasm_irqs_enabled(void)
{
	if (wasm_poll_budget < 0)
		poll();
	if (wasm_shared.irq_pending)
		deliver();
}

/* cond_resched() has spent the budget; interrupts may be on or off. */
void wasm_poll_soon(void)
{
	poll();
	if (wasm_shared.irq_pending && !wasm_irqs_disabled)
		deliver();
}

/*
 * Stops the CPU until an interrupt waits. Interrupts are off, and stay so. Returns when the host has
 * one, or when it was woken for the timer: then the clock says whether that is due.
 */
void wasm_halt(void)
{
	if (wasm_shared.irq_pending)
		return;
	host_idle(wasm_timer_due_ns);
	if (!wasm_shared.irq_pending && host_monotonic_ns() >= wasm_timer_due_ns)
		wasm_shared.irq_pending |= WASM_IRQ_TIMER;
}

void arch_cpu_idle(void)
{
	wasm_halt();
	raw_local_irq_enable();
	raw_local_irq_disable();
}

/* A loop that waits for another CPU or for time: there is no other CPU, so let time pass. */
void wasm_cpu_relax(void)
{
	wasm_poll_budget = min(wasm_poll_budget, 1);
	wasm_poll_soon();
}

void __init init_IRQ(void)
{
}
