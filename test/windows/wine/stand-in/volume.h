/* A volume as the driver has it: requests that wait, that user mode has, and their answers. */
#ifndef STAND_IN_VOLUME_H
#define STAND_IN_VOLUME_H

#include "platform.h"
#include "protocol.h"

struct data {
	uint8_t *bytes;
	uint32_t length;
	/* Of the pages, which are more. */
	size_t mapped;
};

/* The one volume of this process, or NULL. */
struct volume;
extern struct volume *the_volume;

/*
 * Hands a request to user mode and waits for its answer, which is copied to `response`
 * (RESPONSE_MOST bytes). The hint is set here. Answers the response's status, or STATUS_CANCELLED.
 */
NTSTATUS32 transact(struct volume *volume, struct request *request, struct response *response);

/* Memory for a request's Address. After give_data whoever touches it crashes. */
struct data take_data(struct volume *volume, uint32_t length);
void give_data(struct volume *volume, struct data *data);

uint64_t volume_handle(const struct volume *volume);
NTSTATUS32 FspFsctlStop0(uint64_t handle);

/*
 * For programs that know nothing of the stand-in: STAND_IN_PLAY in the environment names a script
 * that is played once there is a mount point; then the volume ends, and STAND_IN_REPORT is written.
 */
void play_by_itself(void);

/* Counted for the report: what a real driver would take amiss. */
void fault(const char *what);
int faults(void);
const char *last_fault(void);

#endif
