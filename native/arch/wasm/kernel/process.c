// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads. Each is a coroutine of the host (JSPI): host_switch() suspends the calling coroutine
 * and resumes, or starts, another. WebAssembly's own stack goes with the coroutine. The stack in
 * memory, for variables that have an address, belongs to the task: this file sets __stack_pointer
 * itself.
 */
#include <linux/init_task.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <asm/host.h>
#include <asm/machine.h>
#include <asm/switch_to.h>

struct task_struct *__current_task = &init_task;
unsigned long init_stack[THREAD_SIZE / sizeof(unsigned long)] __aligned(THREAD_SIZE);

/* The thread that ran before the current one: the new thread hands it to the scheduler. */
static struct task_struct *switched_from;

extern void schedule_tail(struct task_struct *prev);

static __always_inline unsigned long get_stack_pointer(void)
{
	unsigned long sp;

	asm volatile(".globaltype __stack_pointer, i32\n"
		     "global.get __stack_pointer\n"
		     "local.set %0" : "=r"(sp));
	return sp;
}

static __always_inline void set_stack_pointer(unsigned long sp)
{
	asm volatile("local.get %0\n"
		     "global.set __stack_pointer" :: "r"(sp));
}

static __always_inline void use_stack_of(struct task_struct *task)
{
	set_stack_pointer((unsigned long)task_stack_page(task) + THREAD_SIZE - 64);
}

/* noinline: no frame of the caller may be open while the stack pointer changes. */
noinline struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	u32 flags = 0;

	prev->thread.sp = get_stack_pointer();
	if (!next->thread.started)
		flags |= HOST_SWITCH_FRESH;
	if (READ_ONCE(prev->__state) == TASK_DEAD)
		flags |= HOST_SWITCH_DEAD;
	if (prev->thread.ring)
		wasm_handlers.leave(prev->thread.ring);
	next->thread.started = true;
	__current_task = next;
	switched_from = prev;
	if (!(flags & HOST_SWITCH_FRESH))
		set_stack_pointer(next->thread.sp);
	host_switch(prev, next, flags);
	set_stack_pointer(prev->thread.sp);
	return switched_from;
}

static noinline void thread_main(struct task_struct *task)
{
	schedule_tail(switched_from);
	task->thread.fn(task->thread.arg);
	do_exit(0);
}

__attribute__((export_name("wasm_thread_entry")))
void wasm_thread_entry(struct task_struct *task)
{
	use_stack_of(task);
	thread_main(task);
}

__attribute__((export_name("wasm_boot")))
void wasm_boot(void)
{
	use_stack_of(&init_task);
	wasm_start();
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	p->thread.started = false;
	p->thread.ring = NULL;
	p->thread.fn = args->fn;
	p->thread.arg = args->fn_arg;
	return 0;
}

/* Only debuggers and user space need these. */
void show_regs(struct pt_regs *regs) {}
void show_stack(struct task_struct *task, unsigned long *sp, const char *level) {}
void ptrace_disable(struct task_struct *child) {}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EINVAL;
}
