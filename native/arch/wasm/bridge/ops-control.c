// SPDX-License-Identifier: GPL-2.0-only
/* Operations on the machine itself: disks, mounts, identities. */
#include <linux/cred.h>
#include <linux/idr.h>
#include <linux/panic.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include "cred.h"
#include "disk.h"
#include "slots.h"

s64 op_disk_add(struct bridge_slot *s)
{
	struct bridge_disk_info info;

	memcpy(&info, slot_first(s), sizeof(info));
	return bridge_disk_add(&info, slot_second(s), BRIDGE_SECOND);
}

s64 op_disk_remove(struct bridge_slot *s)
{
	return bridge_disk_remove(s->arg[0]);
}

s64 op_mount(struct bridge_slot *s)
{
	char *text = slot_first(s);

	return sys_mount(text + s->arg[1], text + s->arg[2], text + s->arg[3], s->arg[0],
			 text + s->arg[4]);
}

s64 op_umount2(struct bridge_slot *s)
{
	return sys_umount(slot_first(s), s->arg[0]);
}

static DEFINE_IDR(creds);

const struct cred *bridge_cred(u32 number)
{
	return idr_find(&creds, number);
}

s64 op_cred_add(struct bridge_slot *s)
{
	u32 i, count = s->arg[2], *gids = (u32 *)slot_first(s);
	struct group_info *groups;
	struct cred *cred;
	int number;

	if (count > BRIDGE_SECOND / sizeof(*gids))
		return -EINVAL;
	groups = groups_alloc(count);
	cred = prepare_creds();
	if (!groups || !cred) {
		kvfree(groups);
		if (cred)
			abort_creds(cred);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++)
		groups->gid[i] = KGIDT_INIT(gids[i]);
	groups_sort(groups);
	set_groups(cred, groups);
	put_group_info(groups);
	cred->uid = cred->euid = cred->suid = cred->fsuid = KUIDT_INIT(s->arg[0]);
	cred->gid = cred->egid = cred->sgid = cred->fsgid = KGIDT_INIT(s->arg[1]);
	cred->cap_permitted.val = cred->cap_effective.val = s->wide[0] & CAP_VALID_MASK;
	cred->cap_ambient = cred->cap_inheritable = CAP_EMPTY_SET;
	number = idr_alloc(&creds, cred, 1, 0, GFP_KERNEL);
	if (number < 0)
		abort_creds(cred);
	return number;
}

s64 op_cred_remove(struct bridge_slot *s)
{
	struct cred *cred = idr_remove(&creds, s->arg[0]);

	if (!cred)
		return -EINVAL;
	put_cred(cred);
	return 0;
}

s64 op_clock_settime(struct bridge_slot *s)
{
	struct timespec64 now = { .tv_sec = s->wide[0], .tv_nsec = s->arg[0] };

	return do_settimeofday64(&now);
}

/* Only tests call the next two: of a kernel's end, and of a kernel that computes for long. */
s64 op_panic(struct bridge_slot *s)
{
	panic("asked for by the host");
}

s64 op_spin(struct bridge_slot *s)
{
	u64 until = ktime_get_ns() + (u64)s->arg[0] * NSEC_PER_MSEC;
	u64 rounds = 0;

	while (ktime_get_ns() < until) {
		rounds++;
		cond_resched();
	}
	return rounds;
}
