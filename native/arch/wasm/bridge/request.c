// SPDX-License-Identifier: GPL-2.0-only
/*
 * File requests: from the host's ring to a thread that runs them.
 *
 * The threads are children of PID 1, not kernel threads, so that the work which a system call
 * leaves to the return to user space (the last fput(), the end of an unmount) is done before the
 * answer. They share one table of descriptors. One thread serves the ring as long as nothing
 * blocks. When it leaves the CPU while requests wait, __switch_to() raises the request interrupt
 * again, which wakes the next thread or has PID 1 make one. The timer's tick does the same if a
 * request computes for long.
 *
 * A thread without work halts the CPU itself for a tick or two before it sleeps. A client that
 * sends one request after the other then causes no switch of threads.
 */
#include <linux/async.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/sysctl.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include <asm/host.h>
#include <asm/machine.h>
#include <asm/shared.h>
#include "cred.h"
#include "slots.h"

#define WORKERS_MAX	64
#define WORKERS_URGENT	2
#define WORKERS_MIN	2
#define DESCRIPTORS_MAX	(1 << 20)

struct ring {
	const u32 *slots;
	const u32 *head;
	u32 *tail;
	wait_queue_head_t wait;
	unsigned int workers, asleep, workers_max;
	bool help_coming;	/* a thread has been woken for this ring and has not run yet */
};

static struct ring rings[2] = {
	{
		.slots = wasm_shared.requests,
		.head = &wasm_shared.request_head,
		.tail = &wasm_shared.request_tail,
		.workers_max = WORKERS_MAX,
	}, {
		.slots = wasm_shared.urgent,
		.head = &wasm_shared.urgent_head,
		.tail = &wasm_shared.urgent_tail,
		.workers_max = WORKERS_URGENT,
	},
};

static s64 (*const operations[BRIDGE_OP_COUNT])(struct bridge_slot *s) = {
#define POINT_TO_OP(name) [BRIDGE_OP_##name] = op_##name,
	BRIDGE_OPS(POINT_TO_OP)
#undef POINT_TO_OP
};

static bool ring_empty(struct ring *ring)
{
	return READ_ONCE(*ring->head) == *ring->tail;
}

/* PID 1. It makes the threads, because an interrupt cannot. */
static struct task_struct *spawner;

static void call_for_help(struct ring *ring)
{
	if (ring_empty(ring) || ring->help_coming)
		return;
	if (ring->asleep) {
		ring->help_coming = true;
		wake_up(&ring->wait);
	} else if (ring->workers < ring->workers_max) {
		wake_up_process(spawner);
	}
}

static void request_interrupt(void)
{
	struct ring *ring;

	/* A running thread of the ring sees the request by itself, very soon. */
	for (ring = rings; ring < rings + ARRAY_SIZE(rings); ring++)
		if (current->thread.ring != ring)
			call_for_help(ring);
}

/* A running thread of the ring that computes for long does not see the request soon. */
static void request_tick(void)
{
	struct ring *ring;

	for (ring = rings; ring < rings + ARRAY_SIZE(rings); ring++)
		call_for_help(ring);
}

static void worker_leaves(struct ring *ring)
{
	if (!ring_empty(ring))
		wasm_shared.irq_pending |= WASM_IRQ_REQUEST;
}

static s64 run(struct bridge_slot *s)
{
	s64 ret = operations[s->op](s);

	return s->lookup && ret >= 0 ? bridge_lookup(s, ret) : ret;
}

/* Runs one operation with the directory of s->root as "/". */
static s64 run_rooted(struct bridge_slot *s)
{
	struct path own;
	s64 ret;

	CLASS(fd_raw, root)(s->root);
	if (fd_empty(root))
		return -EBADF;
	get_fs_root(current->fs, &own);
	set_fs_root(current->fs, &fd_file(root)->f_path);
	set_fs_pwd(current->fs, &fd_file(root)->f_path);
	ret = run(s);
	set_fs_root(current->fs, &own);
	set_fs_pwd(current->fs, &own);
	path_put(&own);
	return ret;
}

static void serve(u32 number)
{
	struct bridge_slot *s = &bridge_slots[number % BRIDGE_SLOTS];
	const struct cred *own = NULL, *cred = NULL;
	/* The host may fill the slot again before host_complete() returns. */
	bool pages = s->op == BRIDGE_OP_pread_pages;

	s->data = 0;
	if (s->op >= BRIDGE_OP_COUNT) {
		s->ret = -ENOSYS;
	} else if (s->cred && !(cred = bridge_cred(s->cred))) {
		s->ret = -EINVAL;
	} else {
		if (cred)
			own = override_creds(cred);
		current->fs->umask = s->umask;
		s->ret = s->root ? run_rooted(s) : run(s);
		if (own)
			revert_creds(own);
	}
	if (task_work_pending(current))
		task_work_run();
	host_complete(number);
	if (s->data)
		kvfree((void *)s->data);
	if (pages)
		bridge_release_pages();
}

/*
 * Waits for the next request without a switch of threads, for at most two ticks. An interrupt for
 * this ring alone needs no handler, because this thread sees the request itself.
 */
static void halt_briefly(struct ring *ring)
{
	unsigned long until = jiffies + 2;

	while (ring_empty(ring) && !need_resched() && single_task_running() &&
	       time_before(jiffies, until)) {
		local_irq_disable();
		wasm_halt();
		if (wasm_shared.irq_pending == WASM_IRQ_REQUEST && ring_empty(&rings[1]))
			wasm_shared.irq_pending = 0;
		local_irq_enable();
	}
}

static void sleep_until_called(struct ring *ring)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(&ring->wait, &wait, TASK_IDLE);
	if (ring_empty(ring)) {
		ring->asleep++;
		schedule();
		ring->asleep--;
	}
	finish_wait(&ring->wait, &wait);
	ring->help_coming = false;
}

static int worker(void *arg)
{
	struct ring *ring = arg;

	current->thread.ring = ring;
	ring->help_coming = false;
	for (;;) {
		while (!ring_empty(ring)) {
			serve(ring->slots[(*ring->tail)++ % WASM_QUEUE_SIZE]);
			cond_resched();
		}
		if (ring == &rings[0])
			halt_briefly(ring);
		if (ring_empty(ring))
			sleep_until_called(ring);
	}
	return 0;
}

static void add_worker(struct ring *ring)
{
	if (user_mode_thread(worker, ring, CLONE_FILES) > 0)
		ring->workers++;
	else
		ring->help_coming = false;	/* no memory: the next tick tries again */
}

static void __init mount_own(const char *type, char *dir)
{
	init_mkdir(dir, 0755);
	if (init_mount((char *)type, dir, (char *)type, 0, NULL))
		pr_warn("bridge: no %s on %s\n", type, dir);
}

/*
 * The last initcall, on PID 1 (link/end.c): does the rest of kernel_init(). It does not return,
 * because there is no program to execute.
 */
int __init bridge_main(void)
{
	struct ring *ring;
	int i;

	async_synchronize_full();
	system_state = SYSTEM_RUNNING;
	rcu_end_inkernel_boot();
	do_sysctl_args();
	/* Out of memory is an error of the request: there is no process to kill. */
	oom_killer_disable(0);
	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = DESCRIPTORS_MAX;
	current->signal->rlim[RLIMIT_NOFILE].rlim_max = DESCRIPTORS_MAX;

	mount_own("devtmpfs", "/dev");
	mount_own("proc", "/proc");
	mount_own("sysfs", "/sys");
	init_mkdir("/mnt", 0755);
	for (i = 0; i < 3; i++)		/* in a slot, 0 means "no descriptor" */
		sys_openat(AT_FDCWD, (const char __user *)"/", O_PATH, 0);

	spawner = current;
	for (ring = rings; ring < rings + ARRAY_SIZE(rings); ring++) {
		init_waitqueue_head(&ring->wait);
		while (ring->workers < WORKERS_MIN)
			add_worker(ring);
	}
	wasm_handlers.tick = request_tick;
	wasm_handlers.request = request_interrupt;
	wasm_handlers.leave = worker_leaves;
	wasm_shared.ready = 1;
	for (;;) {
		set_current_state(TASK_IDLE);
		for (ring = rings; ring < rings + ARRAY_SIZE(rings); ring++) {
			if (ring_empty(ring) || ring->asleep || ring->workers >= ring->workers_max)
				continue;
			__set_current_state(TASK_RUNNING);
			ring->help_coming = true;
			add_worker(ring);
		}
		schedule();
	}
}
