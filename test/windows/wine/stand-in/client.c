/* The requests of client.h, without the driver's own checks (names, shares, locks). */
#include "client.h"

#include <string.h>

#define NO_TIME 0
#define NO_ATTRIBUTES 0xffffffffu

static uint32_t aligned(uint32_t bytes)
{
	return (bytes + 7) & ~7u;
}

static void begin(struct client *c, enum kind kind)
{
	memset(&c->request, 0, sizeof(c->request));
	c->request.kind = kind;
	c->request.size = sizeof(c->request);
}

static void begin_file(struct client *c, enum kind kind, const struct file *file)
{
	begin(c, kind);
	c->request.context = file->context;
	c->request.context2 = file->context2;
}

static struct buf add(struct client *c, const void *bytes, uint32_t length)
{
	struct buf buf = { .offset = c->request.size - sizeof(c->request), .size = length };

	memcpy(c->request_bytes + c->request.size, bytes, length);
	c->request.size += aligned(length);
	return buf;
}

/* Converts UTF-8 of the basic plane to UTF-16 with a NUL. Answers the number of units. */
static uint32_t widen(const char *text, uint16_t *units)
{
	const uint8_t *in = (const uint8_t *)text;
	uint32_t count = 0;

	while (*in) {
		if (*in < 0x80) {
			units[count++] = *in++;
		} else if (*in < 0xe0) {
			units[count++] = (in[0] & 0x1f) << 6 | (in[1] & 0x3f);
			in += 2;
		} else {
			units[count++] = (in[0] & 0xf) << 12 | (in[1] & 0x3f) << 6 | (in[2] & 0x3f);
			in += 3;
		}
	}
	units[count++] = 0;
	return count;
}

static void narrow(const uint16_t *units, uint32_t count, char *text)
{
	for (uint32_t i = 0; i < count; i++) {
		uint16_t u = units[i];
		if (u < 0x80) {
			*text++ = (char)u;
		} else if (u < 0x800) {
			*text++ = (char)(0xc0 | u >> 6);
			*text++ = (char)(0x80 | (u & 0x3f));
		} else {
			*text++ = (char)(0xe0 | u >> 12);
			*text++ = (char)(0x80 | (u >> 6 & 0x3f));
			*text++ = (char)(0x80 | (u & 0x3f));
		}
	}
	*text = 0;
}

static struct buf add_name(struct client *c, const char *name)
{
	uint16_t units[1024];

	return add(c, units, widen(name, units) * 2);
}

static NTSTATUS32 send(struct client *c)
{
	c->requests++;
	return transact(c->volume, &c->request, &c->response);
}

NTSTATUS32 nt_create(struct client *c, const char *name, enum disposition disposition,
		     uint32_t options, uint32_t access, struct file *file)
{
	begin(c, KIND_CREATE);
	c->request.create.create_options = (uint32_t)disposition << 24 | options;
	c->request.create.attributes = options & DIRECTORY_FILE ? ATTRIBUTE_DIRECTORY : 0x80;
	c->request.create.desired_access = access;
	c->request.create.share_access = 7;
	/* User mode, SeChangeNotifyPrivilege, case-sensitive. */
	c->request.create.flags = 1 | 2 | 1 << 5;
	c->request.file_name = add_name(c, name);
	NTSTATUS32 status = send(c);
	if (status != STATUS_SUCCESS)
		return status;
	uint32_t information = c->response.information;
	file->context = c->response.opened.context;
	file->context2 = c->response.opened.context2;
	file->info = c->response.opened.info;
	if (information != 0 && information != 3)
		return status;
	/* Superseded or overwritten: the Overwrite request is the second half. */
	begin_file(c, KIND_OVERWRITE, file);
	c->request.overwrite.attributes = 0x80;
	c->request.overwrite.supersede = information == 0;
	status = send(c);
	if (status == STATUS_SUCCESS)
		file->info = c->response.info.info;
	return status;
}

NTSTATUS32 nt_cleanup(struct client *c, struct file *file, const char *name_to_delete)
{
	begin_file(c, KIND_CLEANUP, file);
	if (name_to_delete) {
		c->request.cleanup.flags = 1;
		c->request.file_name = add_name(c, name_to_delete);
	}
	return send(c);
}

NTSTATUS32 nt_close(struct client *c, struct file *file)
{
	begin_file(c, KIND_CLOSE, file);
	return send(c);
}

/* A Cleanup and a Close cannot fail, but a stopped volume cancels them. */
static void expect_done(NTSTATUS32 status)
{
	if (status != STATUS_SUCCESS && status != STATUS_CANCELLED)
		fault("a Cleanup or a Close that failed");
}

void nt_done(struct client *c, struct file *file)
{
	expect_done(nt_cleanup(c, file, NULL));
	expect_done(nt_close(c, file));
}

static void transfer(struct client *c, enum kind kind, struct file *file, uint64_t offset,
		     const struct data *data)
{
	begin_file(c, kind, file);
	c->request.transfer.address = (uint64_t)(uintptr_t)data->bytes;
	c->request.transfer.offset = offset;
	c->request.transfer.length = data->length;
}

NTSTATUS32 nt_read(struct client *c, struct file *file, uint64_t offset, void *to, uint32_t length,
		   uint32_t *done)
{
	struct data data = take_data(c->volume, length);

	transfer(c, KIND_READ, file, offset, &data);
	NTSTATUS32 status = send(c);
	*done = status == STATUS_SUCCESS ? c->response.information : 0;
	if (*done > length) {
		fault("more bytes read than asked for");
		*done = length;
	}
	memcpy(to, data.bytes, *done);
	give_data(c->volume, &data);
	return status;
}

NTSTATUS32 nt_write(struct client *c, struct file *file, uint64_t offset, const void *from,
		    uint32_t length, int constrained, uint32_t *done)
{
	struct data data = take_data(c->volume, length);

	memcpy(data.bytes, from, length);
	transfer(c, KIND_WRITE, file, offset, &data);
	c->request.transfer.constrained = (uint32_t)constrained;
	NTSTATUS32 status = send(c);
	*done = status == STATUS_SUCCESS ? c->response.information : 0;
	if (status == STATUS_SUCCESS)
		file->info = c->response.info.info;
	give_data(c->volume, &data);
	return status;
}

static NTSTATUS32 send_for_info(struct client *c, struct file *file)
{
	NTSTATUS32 status = send(c);

	if (status == STATUS_SUCCESS)
		file->info = c->response.info.info;
	return status;
}

NTSTATUS32 nt_query(struct client *c, struct file *file)
{
	begin_file(c, KIND_QUERY_INFORMATION, file);
	return send_for_info(c, file);
}

NTSTATUS32 nt_flush(struct client *c, struct file *file)
{
	begin_file(c, KIND_FLUSH_BUFFERS, file);
	return send_for_info(c, file);
}

NTSTATUS32 nt_set_size(struct client *c, struct file *file, uint64_t size)
{
	begin_file(c, KIND_SET_INFORMATION, file);
	c->request.set_information.class = 20;
	c->request.set_information.size = size;
	return send_for_info(c, file);
}

NTSTATUS32 nt_set_write_time(struct client *c, struct file *file, uint64_t time)
{
	begin_file(c, KIND_SET_INFORMATION, file);
	c->request.set_information.class = 4;
	c->request.set_information.basic.attributes = NO_ATTRIBUTES;
	c->request.set_information.basic.creation = NO_TIME;
	c->request.set_information.basic.write = time;
	return send_for_info(c, file);
}

NTSTATUS32 nt_dispose(struct client *c, struct file *file)
{
	begin_file(c, KIND_SET_INFORMATION, file);
	c->request.set_information.class = 13;
	c->request.set_information.flags = 1;
	return send(c);
}

NTSTATUS32 nt_rename(struct client *c, struct file *file, const char *to, int replace)
{
	begin_file(c, KIND_SET_INFORMATION, file);
	c->request.set_information.class = 10;
	c->request.set_information.rename.name = add_name(c, to);
	c->request.set_information.rename.flags = (uint32_t)replace;
	return send_for_info(c, file);
}

NTSTATUS32 nt_delete(struct client *c, const char *name)
{
	struct file file;
	NTSTATUS32 status = nt_create(c, name, OPEN, OPEN_REPARSE_POINT, 0x10000, &file);

	if (status != STATUS_SUCCESS)
		return status;
	status = nt_dispose(c, &file);
	nt_cleanup(c, &file, status == STATUS_SUCCESS ? name : NULL);
	nt_close(c, &file);
	return status;
}

NTSTATUS32 nt_query_volume(struct client *c, struct volume_info *info)
{
	begin(c, KIND_QUERY_VOLUME_INFORMATION);
	NTSTATUS32 status = send(c);
	if (status == STATUS_SUCCESS)
		*info = c->response.volume;
	return status;
}

NTSTATUS32 nt_query_security(struct client *c, struct file *file, uint32_t *length)
{
	begin_file(c, KIND_QUERY_SECURITY, file);
	NTSTATUS32 status = send(c);
	*length = status == STATUS_SUCCESS ? c->response.buffer.size : 0;
	return status;
}

NTSTATUS32 nt_set_ea(struct client *c, struct file *file, const char *name, const char *value)
{
	/* FILE_FULL_EA_INFORMATION: next, flags, name length, value length, name, NUL, value. */
	uint8_t ea[512] = { 0 };
	uint16_t value_length = (uint16_t)strlen(value);
	uint8_t name_length = (uint8_t)strlen(name);

	ea[5] = name_length;
	memcpy(ea + 6, &value_length, 2);
	memcpy(ea + 8, name, name_length + 1u);
	memcpy(ea + 9 + name_length, value, value_length);
	begin_file(c, KIND_SET_EA, file);
	c->request.set_ea.ea = add(c, ea, 9u + name_length + value_length);
	return send_for_info(c, file);
}

NTSTATUS32 nt_get_ea(struct client *c, struct file *file, const char *name, char *value,
		     int *length)
{
	*length = -1;
	begin_file(c, KIND_QUERY_EA, file);
	NTSTATUS32 status = send(c);
	if (status != STATUS_SUCCESS || c->response.buffer.size == 0)
		return status;
	const uint8_t *ea = c->response.trailer + c->response.buffer.offset;
	for (;;) {
		uint32_t next;
		uint16_t value_length;
		memcpy(&next, ea, 4);
		memcpy(&value_length, ea + 6, 2);
		if (strcmp((const char *)ea + 8, name) == 0) {
			memcpy(value, ea + 9 + ea[5], value_length);
			value[value_length] = 0;
			*length = value_length;
			return status;
		}
		if (next == 0)
			return status;
		ea += next;
	}
}

NTSTATUS32 nt_unknown(struct client *c)
{
	begin(c, 40);
	return send(c);
}

int nt_list(struct client *c, struct file *directory, uint32_t part, entry_function each,
	    void *context)
{
	uint64_t marker = 0;

	for (int count = 0;;) {
		struct data data = take_data(c->volume, part);
		uint8_t marker_bytes[10] = { 0 };
		begin_file(c, KIND_QUERY_DIRECTORY, directory);
		c->request.directory.address = (uint64_t)(uintptr_t)data.bytes;
		c->request.directory.length = part;
		memcpy(marker_bytes, &marker, 8);
		if (marker != 0)
			c->request.directory.marker = add(c, marker_bytes, sizeof(marker_bytes));
		NTSTATUS32 status = send(c);
		uint32_t bytes = status == STATUS_SUCCESS ? c->response.information : 0;
		int over = status != STATUS_SUCCESS || bytes == 0;
		for (uint32_t at = 0; !over && at + 2 <= bytes;) {
			const struct dir_info *entry = (const struct dir_info *)(data.bytes + at);
			char name[1024];
			if (entry->size == 0) {
				over = 1;
				break;
			}
			if (entry->size < sizeof(*entry) || entry->size > bytes - at) {
				fault("a directory entry whose size is wrong");
				over = 1;
				break;
			}
			narrow(entry->name, (entry->size - sizeof(*entry)) / 2, name);
			each(context, name, &entry->info);
			count++;
			marker = entry->next_offset;
			at += aligned(entry->size);
		}
		give_data(c->volume, &data);
		if (status != STATUS_SUCCESS)
			return -1;
		if (over)
			return count;
	}
}
