// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks of the host. A request of the block layer becomes one command, with adjacent segments
 * merged. The host answers at once, or later through wasm_shared.disk_done and an interrupt; the
 * kernel does other work meanwhile. After a disk's removal the commands under way fail as soon as
 * the host fails them.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/major.h>
#include <linux/slab.h>
#include <asm/host.h>
#include <asm/machine.h>
#include <asm/shared.h>
#include "disk.h"

#define DISK_MINORS	64
#define QUEUE_DEPTH	64
#define COMMAND_BYTES	(1 << 20)
/* Sequential reading keeps this much under way, because the host runs several commands at once. */
#define READ_AHEAD_BYTES (4 * COMMAND_BYTES)

struct bridge_disk {
	struct blk_mq_tag_set tags;
	struct gendisk *gendisk;
	u32 number;
	bool gone;
};

static DEFINE_IDR(disks);
static int disk_major;

static void fill_segments(struct request *rq, struct bridge_disk_command *command)
{
	struct bridge_disk_segment *last = NULL;
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_bvec(bvec, rq, iter) {
		u32 address = page_to_phys(bvec.bv_page) + bvec.bv_offset;

		if (last && last->address + last->bytes == address) {
			last->bytes += bvec.bv_len;
			continue;
		}
		if (WARN_ON_ONCE(command->segment_count == BRIDGE_DISK_SEGMENTS))
			return;
		last = &command->segments[command->segment_count++];
		last->address = address;
		last->bytes = bvec.bv_len;
	}
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;
	struct bridge_disk *disk = rq->q->queuedata;
	struct bridge_disk_command *command = blk_mq_rq_to_pdu(rq);
	s32 status;

	if (disk->gone)
		return BLK_STS_OFFLINE;
	command->offset_bytes = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
	command->bytes = blk_rq_bytes(rq);
	command->fua = !!(rq->cmd_flags & REQ_FUA);
	command->segment_count = 0;
	switch (req_op(rq)) {
	case REQ_OP_READ:
		command->op = BRIDGE_DISK_READ;
		fill_segments(rq, command);
		break;
	case REQ_OP_WRITE:
		command->op = BRIDGE_DISK_WRITE;
		fill_segments(rq, command);
		break;
	case REQ_OP_FLUSH:
		command->op = BRIDGE_DISK_FLUSH;
		break;
	case REQ_OP_DISCARD:
		command->op = BRIDGE_DISK_DISCARD_RANGE;
		break;
	case REQ_OP_WRITE_ZEROES:
		command->op = BRIDGE_DISK_ZERO_RANGE;
		break;
	default:
		return BLK_STS_NOTSUPP;
	}
	blk_mq_start_request(rq);
	status = host_disk_submit(disk->number, command);
	if (status <= 0)
		blk_mq_end_request(rq, errno_to_blk_status(status));
	return BLK_STS_OK;
}

static void disk_interrupt(void)
{
	while (wasm_shared.disk_done_tail != wasm_shared.disk_done_head) {
		struct wasm_disk_done *done =
			&wasm_shared.disk_done[wasm_shared.disk_done_tail++ % WASM_QUEUE_SIZE];
		struct request *rq = blk_mq_rq_from_pdu((void *)done->command);

		blk_mq_end_request(rq, errno_to_blk_status(done->status));
	}
}

static const struct blk_mq_ops queue_ops = { .queue_rq = queue_rq };

static void free_disk(struct gendisk *gendisk)
{
	struct bridge_disk *disk = gendisk->private_data;

	blk_mq_free_tag_set(&disk->tags);
	kfree(disk);
}

static const struct block_device_operations disk_ops = { .free_disk = free_disk };

static void disk_limits(const struct bridge_disk_info *info, struct queue_limits *lim)
{
	lim->logical_block_size = info->logical_block_bytes;
	lim->physical_block_size = info->physical_block_bytes;
	lim->max_segments = BRIDGE_DISK_SEGMENTS;
	lim->max_segment_size = UINT_MAX;
	lim->max_hw_sectors = COMMAND_BYTES >> SECTOR_SHIFT;
	lim->io_opt = READ_AHEAD_BYTES / 2;	/* the block layer reads ahead twice this */
	if (info->flags & BRIDGE_DISK_CACHE)
		lim->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	if (info->flags & BRIDGE_DISK_DISCARD) {
		lim->max_hw_discard_sectors = UINT_MAX >> SECTOR_SHIFT;
		lim->discard_granularity = info->physical_block_bytes;
	}
	if (info->flags & BRIDGE_DISK_WRITE_ZEROES)
		lim->max_write_zeroes_sectors = UINT_MAX >> SECTOR_SHIFT;
}

int bridge_disk_add(const struct bridge_disk_info *info, char *name, size_t size)
{
	struct queue_limits lim = {};
	struct bridge_disk *disk;
	int err, index;

	if (!disk_major) {
		disk_major = register_blkdev(0, "fsbridge");
		if (disk_major < 0)
			return disk_major;
		wasm_handlers.disk = disk_interrupt;
	}
	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk)
		return -ENOMEM;
	disk->number = info->disk;
	disk->tags.ops = &queue_ops;
	disk->tags.nr_hw_queues = 1;
	disk->tags.queue_depth = QUEUE_DEPTH;
	disk->tags.numa_node = NUMA_NO_NODE;
	disk->tags.cmd_size = sizeof(struct bridge_disk_command);
	err = blk_mq_alloc_tag_set(&disk->tags);
	if (err)
		goto free;
	disk_limits(info, &lim);
	disk->gendisk = blk_mq_alloc_disk(&disk->tags, &lim, disk);
	if (IS_ERR(disk->gendisk)) {
		err = PTR_ERR(disk->gendisk);
		goto free_tags;
	}
	index = idr_alloc(&disks, disk, 0, (1 << MINORBITS) / DISK_MINORS, GFP_KERNEL);
	if (index < 0) {
		err = index;
		goto put;
	}
	disk->gendisk->major = disk_major;
	disk->gendisk->first_minor = index * DISK_MINORS;
	disk->gendisk->minors = DISK_MINORS;
	disk->gendisk->fops = &disk_ops;
	disk->gendisk->private_data = disk;
	snprintf(disk->gendisk->disk_name, DISK_NAME_LEN, "disk%d", index);
	strscpy(name, disk->gendisk->disk_name, size);
	set_capacity(disk->gendisk, info->size_bytes >> SECTOR_SHIFT);
	set_disk_ro(disk->gendisk, info->flags & BRIDGE_DISK_READ_ONLY);
	err = add_disk(disk->gendisk);
	if (!err)
		return index;
	idr_remove(&disks, index);
put:
	put_disk(disk->gendisk);	/* does not call free_disk(), as the disk was never added */
free_tags:
	blk_mq_free_tag_set(&disk->tags);
free:
	kfree(disk);
	return err;
}

int bridge_disk_remove(u32 index)
{
	struct bridge_disk *disk = idr_remove(&disks, index);

	if (!disk)
		return -ENODEV;
	disk->gone = true;
	blk_mark_disk_dead(disk->gendisk);
	del_gendisk(disk->gendisk);
	put_disk(disk->gendisk);
	return 0;
}
