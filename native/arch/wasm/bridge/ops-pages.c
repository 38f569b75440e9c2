// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading without a copy: the answer says where the file's pages lie in the kernel's memory. A
 * transport that writes its reply while host_complete() runs hands the pages themselves to the
 * host's kernel.
 *
 * This is splice(2), with its read-ahead, its locks and its check of the file's end. The file
 * system puts its pages into a pipe, which belongs to the thread, and the pipe holds them until
 * the host has taken the answer.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include "slots.h"

/* The pages of a full window, and one more because the first byte may lie inside a page. */
#define PIPE_SLOTS	roundup_pow_of_two(WASM_WINDOW_SIZE / PAGE_SIZE + 1)

static struct pipe_inode_info *own_pipe(void)
{
	struct pipe_inode_info *pipe = current->splice_pipe;

	if (!pipe) {
		pipe = alloc_pipe_info();
		if (!pipe)
			return NULL;
		pipe->readers = 1;	/* a pipe without readers would end with EPIPE */
		current->splice_pipe = pipe;
	}
	if (pipe->ring_size < PIPE_SLOTS && pipe_resize_ring(pipe, PIPE_SLOTS))
		return NULL;
	return pipe;
}

/* Writes the addresses of the pages; adjacent pages are one piece. */
static void put_pieces(struct bridge_piece *piece, const struct pipe_inode_info *pipe)
{
	struct bridge_piece *last = NULL;
	u32 at;

	for (at = pipe->tail; at != pipe->head; at++) {
		const struct pipe_buffer *buf = &pipe->bufs[at & (pipe->ring_size - 1)];
		u32 address = page_to_phys(buf->page) + buf->offset;

		if (last && last->address + last->bytes == address) {
			last->bytes += buf->len;
			continue;
		}
		last = piece++;
		*last = (struct bridge_piece) { .address = address, .bytes = buf->len };
	}
	*piece = (struct bridge_piece) {};
}

void bridge_release_pages(void)
{
	struct pipe_inode_info *pipe = current->splice_pipe;

	while (pipe && !pipe_empty(pipe->head, pipe->tail))
		pipe_buf_release(pipe, &pipe->bufs[pipe->tail++ & (pipe->ring_size - 1)]);
}

s64 op_pread_pages(struct bridge_slot *s)
{
	size_t bytes = min_t(size_t, s->arg[1], WASM_WINDOW_SIZE), done = 0;
	struct pipe_inode_info *pipe;
	loff_t at = s->wide[0];
	ssize_t ret;

	CLASS(fd, f)(s->arg[0]);
	if (fd_empty(f) || !(fd_file(f)->f_mode & FMODE_READ))
		return -EBADF;
	if (!fd_file(f)->f_op->splice_read || (fd_file(f)->f_flags & O_DIRECT))
		return -EOPNOTSUPP;
	pipe = own_pipe();
	if (!pipe)
		return -ENOMEM;
	do {
		ret = vfs_splice_read(fd_file(f), &at, pipe, bytes - done, 0);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < bytes);
	if (ret < 0 && !done)
		return ret;
	put_pieces((struct bridge_piece *)slot_first(s), pipe);
	return done;
}
