// SPDX-License-Identifier: GPL-2.0-only
/* The last object of the link: the ends of begin.c's tables, and the very last initcall. */
#define END(symbol, name) \
	char symbol[0] __attribute__((section(name), aligned(1), used))

END(__sched_class_lowest, "__idle_sched_class");
END(__setup_end, ".init.setup");
END(__stop___param, "__param");
END(__con_initcall_end, ".con_initcall.init");
END(__stop___ex_table, "__ex_table");
END(__stop___modver, "__modver");

/* arch/wasm/bridge/request.c: runs after all other initcalls and does not return. */
extern int bridge_main(void);
static int (*const last_initcall)(void)
	__attribute__((section(".initcall7s.init"), used)) = bridge_main;

/*
 * The bounds of sections that an ELF image has. Code has no addresses here and no data is
 * protected, so each range is empty.
 */
#define BOUND(symbol) char symbol[1]

BOUND(_text);
BOUND(_stext);
BOUND(_etext);
BOUND(_sinittext);
BOUND(_einittext);
BOUND(_sdata);
BOUND(_edata);
BOUND(__bss_start);
BOUND(__bss_stop);
BOUND(_end);
BOUND(__start_rodata);
BOUND(__end_rodata);
BOUND(__init_begin);
BOUND(__init_end);
BOUND(__start_once);
BOUND(__end_once);
BOUND(__sched_text_start);
BOUND(__sched_text_end);
BOUND(__cpuidle_text_start);
BOUND(__cpuidle_text_end);
BOUND(__noinstr_text_start);
BOUND(__noinstr_text_end);
BOUND(__irqentry_text_start);
BOUND(__irqentry_text_end);
BOUND(__softirqentry_text_start);
BOUND(__softirqentry_text_end);
BOUND(__start_notes);
BOUND(__stop_notes);
