// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first object of the link. wasm-ld has no linker script. It lays named segments out in the
 * order in which it first sees them, and the parts of a segment in the order of the objects. So the
 * empty arrays of this file fix the order and mark where each table starts; those of end.c mark
 * where each one ends. Linux lists the tables in include/asm-generic/vmlinux.lds.h.
 */
#define START(symbol, name) \
	char symbol[0] __attribute__((section(name), aligned(4), used))

START(__sched_class_highest, "__dl_sched_class");
START(order_of_rt_sched_class, "__rt_sched_class");
START(order_of_fair_sched_class, "__fair_sched_class");
START(order_of_idle_sched_class, "__idle_sched_class");

START(__setup_start, ".init.setup");
START(__start___param, "__param");

START(__initcall_start, ".initcallearly.init");
START(__initcall0_start, ".initcall0.init");
START(order_of_initcall0s, ".initcall0s.init");
START(__initcall1_start, ".initcall1.init");
START(order_of_initcall1s, ".initcall1s.init");
START(__initcall2_start, ".initcall2.init");
START(order_of_initcall2s, ".initcall2s.init");
START(__initcall3_start, ".initcall3.init");
START(order_of_initcall3s, ".initcall3s.init");
START(__initcall4_start, ".initcall4.init");
START(order_of_initcall4s, ".initcall4s.init");
START(__initcall5_start, ".initcall5.init");
START(order_of_initcall5s, ".initcall5s.init");
START(order_of_initcallrootfs, ".initcallrootfs.init");
START(__initcall6_start, ".initcall6.init");
START(order_of_initcall6s, ".initcall6s.init");
START(__initcall7_start, ".initcall7.init");
START(order_of_initcall7s, ".initcall7s.init");
START(__initcall_end, ".initcallend.init");

START(__con_initcall_start, ".con_initcall.init");
START(__start___ex_table, "__ex_table");
START(__start___modver, "__modver");
