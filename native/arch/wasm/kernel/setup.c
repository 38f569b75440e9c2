// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot: memory from the end of the image to the end of WebAssembly's memory, one zone, one CPU, and
 * a console that prints through the host.
 */
#include <linux/console.h>
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <asm/host.h>
#include <asm/machine.h>
#include <asm/setup.h>

unsigned long memory_end;
char empty_zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

static char command_line[COMMAND_LINE_SIZE];

extern char __heap_base[];	/* set by the linker: where the image ends */

void __init setup_arch(char **command_line_p)
{
	unsigned long zones[MAX_NR_ZONES] = { 0 };
	unsigned long memory_start = PAGE_ALIGN((unsigned long)__heap_base);

	wasm_crc32c_init();
	memory_end = __builtin_wasm_memory_size(0) << 16;
	host_command_line(command_line, sizeof(command_line));
	strscpy(boot_command_line, command_line, COMMAND_LINE_SIZE);
	*command_line_p = command_line;

	min_low_pfn = PFN_UP(memory_start);
	max_low_pfn = max_pfn = PFN_DOWN(memory_end);
	memblock_add(0, memory_end);
	memblock_reserve(0, memory_start);
	/* Early callers keep addresses in signed numbers (pcpu_find_block_fit). */
	memblock_set_current_limit(min(memory_end, 0x80000000UL));
	high_memory = (void *)memory_end;
	zones[ZONE_NORMAL] = max_low_pfn;
	free_area_init(zones);
}

void __init mem_init(void)
{
	memblock_free_all();
}

void __init trap_init(void)
{
}

void free_initmem(void)
{
}

static void console_write(struct console *con, const char *text, unsigned int size)
{
	host_print(text, size);
}

static struct console host_console = {
	.name	= "host",
	.write	= console_write,
	.flags	= CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
	.index	= -1,
};

void wasm_start(void)
{
	register_console(&host_console);
	start_kernel();
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos) { return NULL; }
static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos) { return NULL; }
static void cpuinfo_stop(struct seq_file *m, void *v) {}
static int cpuinfo_show(struct seq_file *m, void *v) { return 0; }

const struct seq_operations cpuinfo_op = {
	.start	= cpuinfo_start,
	.next	= cpuinfo_next,
	.stop	= cpuinfo_stop,
	.show	= cpuinfo_show,
};
