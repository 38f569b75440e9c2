// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, and the clock, which this kernel must read itself because nothing can preempt it from
 * outside.
 *
 * The host sets bits in wasm_shared.irq_pending while the kernel is suspended in host_idle(),
 * host_yield() or host_switch(). The kernel delivers them where interrupts are, or become, enabled.
 *
 * A thread that computes for long passes local_irq_restore() or cond_resched() again and again.
 * wasm_poll_budget counts these passes down, from a start value that adapts to the time they take.
 * At the end of the budget the kernel reads the clock: it raises a timer interrupt that is due, and
 * lets the host's event loop take a turn if the loop had none for TURN_NS. Suspending is safe
 * anywhere, in atomic sections too: no other coroutine of this kernel runs meanwhile, so the kernel
 * sees what a CPU sees that was stopped for a while.
 */
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/sched/idle.h>
#include <asm/host.h>
#include <asm/irq_regs.h>
#include <asm/machine.h>
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

static void no_handler(void)
{
}

static void no_leave(struct ring *ring)
{
}

struct wasm_handlers wasm_handlers = {
	.tick		= no_handler,
	.disk		= no_handler,
	.request	= no_handler,
	.leave		= no_leave,
};

static void deliver(void)
{
	/* Without registers the tick's handler would leave out timers and accounting. */
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
			wasm_handlers.tick();
		}
		if (pending & WASM_IRQ_DISK)
			wasm_handlers.disk();
		if (pending & WASM_IRQ_REQUEST)
			wasm_handlers.request();
		irq_exit();
		set_irq_regs(old);
		wasm_irqs_disabled = ARCH_IRQ_ENABLED;
	}
}

/* Reads the clock; may suspend. */
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

/*
 * arch_local_irq_restore() calls this when it has just enabled interrupts and an interrupt is
 * pending or the budget is spent.
 */
void wasm_irqs_enabled(void)
{
	if (wasm_poll_budget < 0)
		poll();
	if (wasm_shared.irq_pending)
		deliver();
}

/* cond_resched() calls this when the budget is spent; interrupts may be on or off. */
void wasm_poll_soon(void)
{
	poll();
	if (wasm_shared.irq_pending && !wasm_irqs_disabled)
		deliver();
}

/*
 * Stops the CPU until an interrupt is pending. Interrupts are off, and stay off. The host returns
 * when it has an interrupt or when the timer may be due; the clock decides whether the timer is
 * due.
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

/* In a loop that waits for another CPU or for time: there is no other CPU, so let time pass. */
void wasm_cpu_relax(void)
{
	wasm_poll_budget = min(wasm_poll_budget, 1);
	wasm_poll_soon();
}

void __init init_IRQ(void)
{
}
