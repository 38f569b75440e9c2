/*
 * A program's calls as requests: what the driver sends for CreateFile, ReadFile and so on, one
 * after the other on the calling thread.
 */
#ifndef STAND_IN_CLIENT_H
#define STAND_IN_CLIENT_H

#include "volume.h"

enum disposition { SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF };

#define DIRECTORY_FILE 0x1
#define NON_DIRECTORY_FILE 0x40
#define OPEN_REPARSE_POINT 0x200000

#define READ_DATA 0x1
/* GENERIC_READ, GENERIC_WRITE and DELETE, mapped to a file's rights. */
#define READ_WRITE_DELETE 0x13019f
#define ATTRIBUTE_DIRECTORY 0x10

/* The records of one thread. */
struct client {
	union {
		struct request request;
		uint8_t request_bytes[MAX_REQUEST];
	};
	union {
		struct response response;
		uint8_t response_bytes[MAX_RESPONSE];
	};
	struct volume *volume;
	unsigned requests;
};

struct file {
	uint64_t context, context2;
	struct file_info info;
};

/* Names are UTF-8. Each function answers the status. */
NTSTATUS32 nt_create(struct client *c, const char *name, enum disposition disposition,
		     uint32_t options, uint32_t access, struct file *file);
NTSTATUS32 nt_cleanup(struct client *c, struct file *file, const char *name_to_delete);
NTSTATUS32 nt_close(struct client *c, struct file *file);
NTSTATUS32 nt_read(struct client *c, struct file *file, uint64_t offset, void *to, uint32_t length,
		   uint32_t *done);
NTSTATUS32 nt_write(struct client *c, struct file *file, uint64_t offset, const void *from,
		    uint32_t length, int constrained, uint32_t *done);
NTSTATUS32 nt_query(struct client *c, struct file *file);
NTSTATUS32 nt_flush(struct client *c, struct file *file);
NTSTATUS32 nt_set_size(struct client *c, struct file *file, uint64_t size);
NTSTATUS32 nt_set_write_time(struct client *c, struct file *file, uint64_t time);
NTSTATUS32 nt_dispose(struct client *c, struct file *file);
NTSTATUS32 nt_rename(struct client *c, struct file *file, const char *to, int replace);
NTSTATUS32 nt_query_volume(struct client *c, struct volume_info *info);
/* Sets the length of the descriptor, which stays in the response. */
NTSTATUS32 nt_query_security(struct client *c, struct file *file, uint32_t *length);
NTSTATUS32 nt_set_ea(struct client *c, struct file *file, const char *name, const char *value);
/* Sets the value's length; -1 where there is no such EA. */
NTSTATUS32 nt_get_ea(struct client *c, struct file *file, const char *name, char *value,
		     int *length);
/* A request of a kind that no driver sends. */
NTSTATUS32 nt_unknown(struct client *c);

typedef void (*entry_function)(void *context, const char *name, const struct file_info *info);
/* Lists a directory in parts of `part` bytes. Answers the number of entries, or -1. */
int nt_list(struct client *c, struct file *directory, uint32_t part, entry_function each,
	    void *context);

/* CloseHandle: a Cleanup and a Close. */
void nt_done(struct client *c, struct file *file);
/* Opens for deletion and deletes, as DeleteFile and RemoveDirectory do. */
NTSTATUS32 nt_delete(struct client *c, const char *name);

#endif
