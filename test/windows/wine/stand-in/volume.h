/* A volume of the driver: waiting requests, delivered requests, and their answers. */
#ifndef STAND_IN_VOLUME_H
#define STAND_IN_VOLUME_H

#include "platform.h"
#include "protocol.h"

struct data {
	uint8_t *bytes;
	uint32_t length;
	/* The bytes of the pages, at least `length`. */
	size_t mapped;
};

/* The one volume of this process, or NULL. */
struct volume;
extern struct volume *the_volume;

/*
 * Hands a request to user mode and waits for its answer, which is copied to `response`
 * (MAX_RESPONSE bytes). The hint is set here. Answers the response's status, or STATUS_CANCELLED.
 */
NTSTATUS32 transact(struct volume *volume, struct request *request, struct response *response);

/* Memory for a request's Address. After give_data an access to it is a crash. */
struct data take_data(struct volume *volume, uint32_t length);
void give_data(struct volume *volume, struct data *data);

uint64_t volume_handle(const struct volume *volume);
NTSTATUS32 FspFsctlStop0(uint64_t handle);

/*
 * For programs that do not call the stand-in: the script that STAND_IN_PLAY names in the
 * environment is played once there is a mount point. Then the file STAND_IN_REPORT is written and
 * the volume ends.
 */
void play_by_itself(void);

/* Counts a breach of the driver's protocol, for the report. */
void fault(const char *what);
int faults(void);
const char *last_fault(void);

#endif
