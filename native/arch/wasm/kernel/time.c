// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's clock as clock source and one-shot timer. The timer is only a due time: a busy kernel
 * compares it with the clock in poll(), an idle kernel hands it to host_idle() (both in irq.c).
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/sched/clock.h>
#include <linux/sched_clock.h>
#include <linux/timekeeping.h>
#include <asm/host.h>
#include <asm/machine.h>

double wasm_timer_due_ns = WASM_TIMER_NEVER;

static u64 host_clock_read(struct clocksource *cs)
{
	return (u64)host_monotonic_ns();
}

static struct clocksource host_clock = {
	.name	= "host",
	.rating	= 499,
	.read	= host_clock_read,
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
	.mask	= CLOCKSOURCE_MASK(64),
};

static int host_timer_next(unsigned long delta_ns, struct clock_event_device *ce)
{
	wasm_timer_due_ns = host_monotonic_ns() + delta_ns;
	return 0;
}

static int host_timer_stop(struct clock_event_device *ce)
{
	wasm_timer_due_ns = WASM_TIMER_NEVER;
	return 0;
}

static struct clock_event_device host_timer = {
	.name			= "host",
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.rating			= 400,
	.set_next_event		= host_timer_next,
	.set_state_shutdown	= host_timer_stop,
	.set_state_oneshot	= host_timer_stop,
};

void wasm_timer_interrupt(void)
{
	wasm_timer_due_ns = WASM_TIMER_NEVER;
	host_timer.event_handler(&host_timer);
}

unsigned long long sched_clock(void)
{
	return (u64)host_monotonic_ns();
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64((s64)host_realtime_ms() * NSEC_PER_MSEC);
}

void __init time_init(void)
{
	clocksource_register_hz(&host_clock, NSEC_PER_SEC);
	host_timer.cpumask = cpumask_of(0);
	clockevents_config_and_register(&host_timer, NSEC_PER_SEC, 1000, 0x7fffffff);
}

static void spin_ns(double ns)
{
	double until = host_monotonic_ns() + ns;

	while (host_monotonic_ns() < until)
		;
}

void __udelay(unsigned long us)
{
	spin_ns(us * 1000.0);
}

void __ndelay(unsigned long ns)
{
	spin_ns(ns);
}

void __delay(unsigned long loops)
{
	spin_ns(loops);
}

void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;	/* __delay() counts nanoseconds */
}
