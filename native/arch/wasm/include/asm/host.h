/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_HOST_H
#define _ASM_WASM_HOST_H

/*
 * All that the kernel asks of the program around it: the whole of the image's imports, in one
 * place. src/vfs-linux/host.ts implements them under the same names, in the same order. Those
 * marked "suspends" put the calling coroutine to sleep; the rest return at once and never enter
 * the kernel again.
 */

#include <linux/types.h>

#define HOST(fn) __attribute__((import_module("host"), import_name(#fn)))

struct task_struct;

/* Copies the kernel's command line, NUL included, to buf. */
void host_command_line(char *buf, size_t size) HOST(command_line);
/* Nanoseconds since an arbitrary start, never going back. */
double host_monotonic_ns(void) HOST(monotonic_ns);
/* Milliseconds since 1970, as the host's clock has them. */
double host_realtime_ms(void) HOST(realtime_ms);
/* Fills buf with random bytes fit for keys. */
void host_random(void *buf, size_t size) HOST(random);
/* One piece of the console's output. */
void host_print(const char *text, size_t size) HOST(print);
/* The kernel is dead: does not return. */
void host_panic(void) HOST(panic) __attribute__((noreturn));

#define HOST_SWITCH_FRESH 1	/* next has never run: it starts at wasm_thread_entry() */
#define HOST_SWITCH_DEAD  2	/* prev never runs again */
/* Leaves the coroutine of prev, goes on with that of next. Suspends until somebody comes back. */
void host_switch(struct task_struct *prev, struct task_struct *next, u32 flags) HOST(switch);
/* Waits for an interrupt, or until due_ns of host_monotonic_ns(), or a little less. Suspends. */
void host_idle(double due_ns) HOST(idle);
/* Lets the host's event loop take a turn. Suspends. */
void host_yield(void) HOST(yield);

/* Copy between the kernel's memory and a window (see uaccess.h). Return the bytes not copied. */
unsigned long host_copy_in(void *to, unsigned long window, unsigned long n) HOST(copy_in);
unsigned long host_copy_out(unsigned long window, const void *from, unsigned long n) HOST(copy_out);

/* A request of bridge/request.c is answered; its slot still holds the results. */
void host_complete(u32 slot) HOST(complete);

/* Begins a disk's command. Returns 1 if it will be told of, or 0 or -errno if it is done. */
s32 host_disk_submit(u32 disk, void *command) HOST(disk_submit);

#endif
