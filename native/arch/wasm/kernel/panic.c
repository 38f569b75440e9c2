// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of this kernel. Whatever ends it (BUG(), panic(), a halt) comes to host_panic(), which
 * never returns: the host fails all that waits, and this memory is not entered again.
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

/* panic() comes here at once: CONFIG_PANIC_TIMEOUT is -1. */
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
