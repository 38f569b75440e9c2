/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_HOST_H
#define _ASM_WASM_HOST_H

/*
 * Everything that the kernel needs from the program around it: all imports of the image.
 * src/vfs-linux/host.ts implements them under the same names, in the same order. An import marked
 * "Suspends" puts the calling coroutine to sleep. The others return at once and do not call back
 * into the kernel.
 */

#include <linux/types.h>

#define HOST(fn) __attribute__((import_module("host"), import_name(#fn)))

struct task_struct;

/* Copies the kernel's command line, NUL included, to buf. */
void host_command_line(char *buf, size_t size) HOST(command_line);
/* Nanoseconds since an arbitrary start; never goes back. */
double host_monotonic_ns(void) HOST(monotonic_ns);
/* Milliseconds since 1970, by the host's clock. */
double host_realtime_ms(void) HOST(realtime_ms);
/* Fills buf with random bytes that are good enough for keys. */
void host_random(void *buf, size_t size) HOST(random);
/* Prints a piece of the console's output. */
void host_print(const char *text, size_t size) HOST(print);
/* The kernel is dead: does not return. */
void host_panic(void) HOST(panic) __attribute__((noreturn));

#define HOST_SWITCH_FRESH 1	/* next has never run: it starts at wasm_thread_entry() */
#define HOST_SWITCH_DEAD  2	/* prev never runs again */
/* Suspends the coroutine of prev and resumes that of next; returns when a switch leads to prev. */
void host_switch(struct task_struct *prev, struct task_struct *next, u32 flags) HOST(switch);
/* Waits for an interrupt, or until about due_ns of host_monotonic_ns(). Suspends. */
void host_idle(double due_ns) HOST(idle);
/* Lets the host's event loop take a turn. Suspends. */
void host_yield(void) HOST(yield);

/* Copy between the kernel's memory and a window (uaccess.h). Return the bytes not copied. */
unsigned long host_copy_in(void *to, unsigned long window, unsigned long n) HOST(copy_in);
unsigned long host_copy_out(unsigned long window, const void *from, unsigned long n) HOST(copy_out);

/* bridge/request.c has answered a request; its slot holds the results until this returns. */
void host_complete(u32 slot) HOST(complete);

/* Starts a command. Returns 1 if an interrupt will report its end, else its status: 0 or -errno. */
s32 host_disk_submit(u32 disk, void *command) HOST(disk_submit);

#endif
