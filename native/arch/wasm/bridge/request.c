// SPDX-License-Identifier: GPL-2.0-only
/*
 * File requests: from the host's ring to a thread that runs them.
 *
 * The threads are children of PID 1, not kernel threads: what a system call leaves to the return
 * to user space (the last fput(), the end of an unmount) is done before the answer. They share one
 * table of descriptors. One thread serves the ring for as long as nothing blocks; before it starts
 * a request with others waiting, it sees to it that another thread is ready to go on.
 *
 * A thread with nothing to do halts the CPU itself for a tick or two before it goes to sleep, so
 * that a client which asks one thing after the other pays for no switch of threads.
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
#include <linux/task_work.h>
#include <linux/wait.h>
#include <asm/bridge.h>
#include <asm/host.h>
#include <asm/shared.h>
#include "cred.h"
#include "request.h"

#define WORKERS_MAX	64
#define WORKERS_URGENT	2
#define DESCRIPTORS_MAX	(1 << 20)

struct ring {
	const u32 *slots;
	const u32 *head;
	u32 *tail;
	wait_queue_head_t wait;
	unsigned int workers, asleep, workers_max;
	bool help_coming;	/* a thread is on its way to this ring */
};

struct bridge_slot bridge_slots[BRIDGE_SLOTS];
char bridge_buffers[BRIDGE_SLOTS][BRIDGE_BUFFER] __aligned(8);

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

void bridge_request_interrupt(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		if (!ring_empty(&rings[i]))
			wake_up(&rings[i].wait);
}

/* Runs one operation with "/" at the descriptor that the slot names. */
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
	ret = operations[s->op](s);
	set_fs_root(current->fs, &own);
	set_fs_pwd(current->fs, &own);
	path_put(&own);
	return ret;
}

static void serve(u32 number)
{
	struct bridge_slot *s = &bridge_slots[number % BRIDGE_SLOTS];
	const struct cred *own = NULL, *cred = NULL;

	s->data = 0;
	if (s->op >= BRIDGE_OP_COUNT) {
		s->ret = -ENOSYS;
	} else if (s->cred && !(cred = bridge_cred(s->cred))) {
		s->ret = -EINVAL;
	} else {
		if (cred)
			own = override_creds(cred);
		s->ret = s->root ? run_rooted(s) : operations[s->op](s);
		if (own)
			revert_creds(own);
	}
	if (task_work_pending(current))
		task_work_run();
	host_complete(number);
	if (s->data)
		kvfree((void *)s->data);
}

static int worker(void *arg);

/* The caller may block: another thread must be ready for what waits in the ring. */
static void get_help(struct ring *ring)
{
	if (ring->help_coming)
		return;
	if (ring->asleep) {
		ring->help_coming = true;
		wake_up(&ring->wait);
	} else if (ring->workers < ring->workers_max) {
		ring->help_coming = true;
		if (user_mode_thread(worker, ring, CLONE_FILES) > 0)
			ring->workers++;
		else
			ring->help_coming = false;
	}
}

/* Waits where it stands for the next request, for two ticks at most. */
static void halt_briefly(struct ring *ring)
{
	unsigned long until = jiffies + 2;

	while (ring_empty(ring) && !need_resched() && single_task_running() &&
	       time_before(jiffies, until)) {
		local_irq_disable();
		wasm_halt();
		local_irq_enable();
	}
}

static int worker(void *arg)
{
	struct ring *ring = arg;

	current->fs->umask = 0;
	for (;;) {
		ring->help_coming = false;
		while (!ring_empty(ring)) {
			u32 number = ring->slots[(*ring->tail)++ % WASM_QUEUE_SIZE];

			if (!ring_empty(ring))
				get_help(ring);
			serve(number);
			cond_resched();
		}
		halt_briefly(ring);
		ring->asleep++;
		wait_event_idle_exclusive(ring->wait, !ring_empty(ring));
		ring->asleep--;
	}
	return 0;
}

static void __init mount_own(const char *type, char *dir)
{
	init_mkdir(dir, 0755);
	if (init_mount((char *)type, dir, (char *)type, 0, NULL))
		pr_warn("bridge: no %s on %s\n", type, dir);
}

/*
 * The last of the initcalls, on PID 1 (link/end.c): does what is left of kernel_init() and stays,
 * as there is no program to execute.
 */
int __init bridge_main(void)
{
	int i;

	async_synchronize_full();
	system_state = SYSTEM_RUNNING;
	rcu_end_inkernel_boot();
	/* Out of memory is the error of who asks: there is nobody to kill. */
	oom_killer_disable(0);
	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = DESCRIPTORS_MAX;
	current->signal->rlim[RLIMIT_NOFILE].rlim_max = DESCRIPTORS_MAX;

	mount_own("devtmpfs", "/dev");
	mount_own("proc", "/proc");
	mount_own("sysfs", "/sys");
	init_mkdir("/mnt", 0755);
	for (i = 0; i < 3; i++)		/* 0 is "no descriptor" in a slot */
		sys_openat(AT_FDCWD, (const char __user *)"/", O_PATH, 0);

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		init_waitqueue_head(&rings[i].wait);
		while (rings[i].workers < (i ? WORKERS_URGENT : 2)) {
			user_mode_thread(worker, &rings[i], CLONE_FILES);
			rings[i].workers++;
		}
	}
	wasm_shared.ready = 1;
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
}
