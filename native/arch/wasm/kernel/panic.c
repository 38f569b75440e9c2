// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of this kernel. BUG(), panic() and a halt all call host_panic(), which never returns: the
 * host fails every request that waits, and never enters this memory again.
 */
#include <linux/printk.h>
#include <linux/reboot.h>
#include <asm/bug.h>
#include <asm/host.h>

void (*pm_power_off)(void);

void wasm_bug(const char *file, int line)
{
	pr_emerg("kernel BUG at %s:%d!\n", file, line);
	host_panic();
}

/* panic() calls this at once: CONFIG_PANIC_TIMEOUT is -1. */
void machine_restart(char *command)
{
	host_panic();
}

void machine_halt(void)
{
	host_panic();
}

void machine_power_off(void)
{
	host_panic();
}
