/*
 * The exported half of the stand-in: FspFsctl* and FspMount*, whose callers wait as the driver
 * makes them wait. One volume at a time.
 *
 *     transact() -> queued -> (Transact, output) -> delivered -> (input, by hint) -> answered
 *                     \-------------------- FspFsctlStop ------------------> cancelled
 *
 * Data buffers of up to 64 KiB come from a pool and are reused, as the driver's are. Between two
 * requests their pages are not accessible.
 */
#include "volume.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POOLED_BYTES 65536
#define MAX_POOLED 64
#define TRANSACT_TIMEOUT_AT 20
#define VERSION 0x20002

enum state { QUEUED, DELIVERED, ANSWERED, CANCELLED };

struct call {
	struct call *next;
	const struct request *request;
	struct response *response;
	uint64_t hint;
	enum state state;
	pthread_cond_t changed;
};

struct volume {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct call *first, *last;
	struct call *delivered;
	uint64_t handle;
	uint64_t last_hint;
	uint32_t timeout_ms;
	uint32_t flags;
	int ready, stopped0, stopped;
	uint16_t mounted_on[32];
	uint8_t *pool[MAX_POOLED];
	int pooled;
};

struct volume *the_volume;

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static int fault_count;
static char fault_text[256];

void fault(const char *what)
{
	pthread_mutex_lock(&fault_lock);
	fault_count++;
	snprintf(fault_text, sizeof(fault_text), "%s", what);
	pthread_mutex_unlock(&fault_lock);
}

int faults(void)
{
	return fault_count;
}

const char *last_fault(void)
{
	return fault_text;
}

uint64_t volume_handle(const struct volume *volume)
{
	return volume->handle;
}

static uint32_t aligned(uint32_t bytes)
{
	return (bytes + 7) & ~7u;
}

struct data take_data(struct volume *volume, uint32_t length)
{
	struct data data = { .length = length };

	if (length > POOLED_BYTES) {
		data.mapped = (length + 4095) & ~4095u;
		data.bytes = map_pages(data.mapped);
		return data;
	}
	data.mapped = POOLED_BYTES;
	pthread_mutex_lock(&volume->lock);
	if (volume->pooled > 0)
		data.bytes = volume->pool[--volume->pooled];
	pthread_mutex_unlock(&volume->lock);
	if (data.bytes)
		allow_pages(data.bytes, POOLED_BYTES);
	else
		data.bytes = map_pages(POOLED_BYTES);
	return data;
}

void give_data(struct volume *volume, struct data *data)
{
	int kept = 0;

	if (data->mapped == POOLED_BYTES) {
		forbid_pages(data->bytes, POOLED_BYTES);
		pthread_mutex_lock(&volume->lock);
		if (volume->pooled < MAX_POOLED) {
			volume->pool[volume->pooled++] = data->bytes;
			kept = 1;
		}
		pthread_mutex_unlock(&volume->lock);
	}
	if (!kept)
		unmap_pages(data->bytes, data->mapped);
	data->bytes = NULL;
}

NTSTATUS32 transact(struct volume *volume, struct request *request, struct response *response)
{
	struct call call = { .request = request, .response = response, .state = QUEUED };
	NTSTATUS32 status = STATUS_CANCELLED;

	pthread_cond_init(&call.changed, NULL);
	pthread_mutex_lock(&volume->lock);
	if (volume->ready && !volume->stopped0) {
		/* A kernel address: all of its bits are significant. */
		volume->last_hint += 0x150;
		call.hint = request->hint = volume->last_hint;
		request->size = (uint16_t)aligned(request->size);
		if (volume->last)
			volume->last->next = &call;
		else
			volume->first = &call;
		volume->last = &call;
		pthread_cond_signal(&volume->arrived);
		while (call.state == QUEUED || call.state == DELIVERED)
			pthread_cond_wait(&call.changed, &volume->lock);
		if (call.state == ANSWERED)
			status = (NTSTATUS32)response->status;
	}
	pthread_mutex_unlock(&volume->lock);
	pthread_cond_destroy(&call.changed);
	return status;
}

static void answer(struct volume *volume, const struct response *response)
{
	struct call **link = &volume->delivered;

	while (*link && (*link)->hint != response->hint)
		link = &(*link)->next;
	struct call *call = *link;
	if (!call) {
		fault("an answer to no request, or a second one");
		return;
	}
	if (response->kind != call->request->kind)
		fault("an answer of another kind than its request");
	if (response->status == STATUS_PENDING)
		fault("an answer with STATUS_PENDING");
	if (response->size > MAX_RESPONSE)
		fault("an answer that is too large");
	*link = call->next;
	memcpy(call->response, response,
	       response->size > MAX_RESPONSE ? MAX_RESPONSE : response->size);
	call->state = ANSWERED;
	pthread_cond_signal(&call->changed);
}

static void consume(struct volume *volume, const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		const struct response *response = (const struct response *)(bytes + at);
		if (size - at < sizeof(*response) || response->size < sizeof(*response) ||
		    response->size > size - at || response->size % 8 != 0) {
			fault("an answer whose size is wrong");
			return;
		}
		answer(volume, response);
		at += response->size;
	}
}

static size_t deliver(struct volume *volume, uint8_t *bytes, size_t size, int batch)
{
	size_t at = 0;

	while (volume->first && size - at >= MAX_REQUEST) {
		struct call *call = volume->first;
		volume->first = call->next;
		if (!volume->first)
			volume->last = NULL;
		memcpy(bytes + at, call->request, call->request->size);
		at += call->request->size;
		call->state = DELIVERED;
		call->next = volume->delivered;
		volume->delivered = call;
		if (!batch)
			break;
	}
	return at;
}

static void wait_for_requests(struct volume *volume)
{
	struct timespec until;
	int late = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += volume->timeout_ms / 1000;
	while (!volume->first && !volume->stopped0 && !late)
		late = pthread_cond_timedwait(&volume->arrived, &volume->lock, &until) != 0;
}

EXPORT NTSTATUS32 FspFsctlTransact(uint64_t handle, void *responses, size_t responses_size,
				   void *requests, size_t *requests_size, uint8_t batch)
{
	struct volume *volume = the_volume;
	NTSTATUS32 status = STATUS_SUCCESS;

	if (!volume || volume->handle != handle)
		return STATUS_INVALID_PARAMETER;
	pthread_mutex_lock(&volume->lock);
	if (responses_size > 0)
		consume(volume, responses, responses_size);
	if (responses_size == 0 && !requests)
		volume->ready = 1;
	if (requests) {
		size_t room = *requests_size;
		*requests_size = 0;
		if (room < (batch ? MIN_BATCH : MAX_REQUEST)) {
			status = STATUS_INVALID_PARAMETER;
		} else {
			wait_for_requests(volume);
			if (volume->stopped0)
				status = STATUS_CANCELLED;
			else
				*requests_size = deliver(volume, requests, room, batch);
		}
	}
	pthread_mutex_unlock(&volume->lock);
	return status;
}

EXPORT NTSTATUS32 FspFsctlCreateVolume(const uint16_t *device, const uint8_t *params,
				       uint16_t *name, size_t name_size, uint64_t *handle)
{
	static const char text[] = "\\Device\\Volume{stand-in}";
	struct volume *volume;
	uint16_t version;

	memcpy(&version, params, sizeof(version));
	if (the_volume || version != VOLUME_PARAMS_BYTES || name_size < 2 * sizeof(text))
		return STATUS_INVALID_PARAMETER;
	/* "WinFsp.Disk" or "WinFsp.Net" */
	if (device[6] != '.' || (device[7] != 'D' && device[7] != 'N'))
		return STATUS_NO_SUCH_DEVICE;
	volume = calloc(1, sizeof(*volume));
	pthread_mutex_init(&volume->lock, NULL);
	pthread_cond_init(&volume->arrived, NULL);
	memcpy(&volume->timeout_ms, params + TRANSACT_TIMEOUT_AT, 4);
	memcpy(&volume->flags, params + 36, 4);
	if (volume->timeout_ms < 1000 || volume->timeout_ms > 10000)
		volume->timeout_ms = 1000;
	volume->last_hint = 0xffff800000001000u;
	volume->handle = *handle = make_handle();
	for (size_t i = 0; i < sizeof(text); i++)
		name[i] = (uint8_t)text[i];
	the_volume = volume;
	return STATUS_SUCCESS;
}

static NTSTATUS32 stop(uint64_t handle, int all)
{
	struct volume *volume = the_volume;

	if (!volume || volume->handle != handle)
		return STATUS_INVALID_PARAMETER;
	pthread_mutex_lock(&volume->lock);
	volume->stopped0 = 1;
	for (int list = 0; list < 2; list++) {
		struct call **first = list ? &volume->delivered : &volume->first;
		/* After Stop0 a delivered request may still be answered. */
		for (struct call *call = *first; call && (all || !list); call = *first) {
			*first = call->next;
			call->state = CANCELLED;
			pthread_cond_signal(&call->changed);
		}
	}
	volume->last = NULL;
	volume->stopped |= all;
	pthread_cond_broadcast(&volume->arrived);
	pthread_mutex_unlock(&volume->lock);
	if (all)
		the_volume = NULL;
	return STATUS_SUCCESS;
}

EXPORT NTSTATUS32 FspFsctlStop0(uint64_t handle)
{
	return stop(handle, 0);
}

EXPORT NTSTATUS32 FspFsctlStop(uint64_t handle)
{
	return stop(handle, 1);
}

static int equals(const uint16_t *name, const char *text)
{
	while (*text && *name == (uint8_t)*text)
		name++, text++;
	return *name == 0 && *text == 0;
}

EXPORT NTSTATUS32 FspMountSet(struct mount_desc *desc)
{
	if (!the_volume || the_volume->handle != desc->volume_handle ||
	    desc->volume_name[0] != '\\')
		return STATUS_INVALID_PARAMETER;
	/* FspMountSet_Drive (dll/mount.c) does not ask whether the letter is in use. */
	if (equals(desc->mount_point, "C:"))
		fault("the drive C: was put behind a new one");
	if (equals(desc->mount_point, "*:"))
		desc->mount_point[0] = 'Z';
	memcpy(the_volume->mounted_on, desc->mount_point, sizeof(the_volume->mounted_on));
	desc->mount_handle = the_volume;
	play_by_itself();
	return STATUS_SUCCESS;
}

EXPORT NTSTATUS32 FspMountRemove(struct mount_desc *desc)
{
	if (!the_volume || desc->mount_handle != the_volume)
		fault("a mount point was removed that was not set");
	else
		the_volume->mounted_on[0] = 0;
	return STATUS_SUCCESS;
}

EXPORT NTSTATUS32 FspVersion(uint32_t *version)
{
	const char *other = getenv("STAND_IN_VERSION");

	*version = other ? (uint32_t)strtoul(other, NULL, 0) : VERSION;
	return STATUS_SUCCESS;
}

EXPORT int StandInFaults(void)
{
	return fault_count;
}

#ifndef _WIN32
/* C: is the one letter in use. */
EXPORT uint32_t QueryDosDeviceW(const uint16_t *name, uint16_t *target, uint32_t units)
{
	(void)target;
	(void)units;
	return equals(name, "C:");
}

EXPORT uint32_t GetLogicalDrives(void)
{
	return 1u << 2;
}

EXPORT int CloseHandle(uint64_t handle)
{
	(void)handle;
	return 1;
}
#endif
