/*
 * The records between WinFsp's driver and user mode, written from the protocol's description and
 * not from src/winfsp. C's own rules lay them out, so that a mistake in src/winfsp shows here.
 */
#ifndef STAND_IN_PROTOCOL_H
#define STAND_IN_PROTOCOL_H

#include <stdint.h>

typedef int32_t NTSTATUS32;

#define STATUS_SUCCESS 0
#define STATUS_PENDING 0x103
#define STATUS_REPARSE 0x104
#define STATUS_INVALID_PARAMETER ((NTSTATUS32)0xc000000d)
#define STATUS_NO_SUCH_DEVICE ((NTSTATUS32)0xc000000e)
#define STATUS_END_OF_FILE ((NTSTATUS32)0xc0000011)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS32)0xc0000034)
#define STATUS_OBJECT_NAME_COLLISION ((NTSTATUS32)0xc0000035)
#define STATUS_CANNOT_DELETE ((NTSTATUS32)0xc0000121)
#define STATUS_DIRECTORY_NOT_EMPTY ((NTSTATUS32)0xc0000101)
#define STATUS_CANCELLED ((NTSTATUS32)0xc0000120)

enum kind {
	KIND_CREATE = 1,
	KIND_OVERWRITE,
	KIND_CLEANUP,
	KIND_CLOSE,
	KIND_READ,
	KIND_WRITE,
	KIND_QUERY_INFORMATION,
	KIND_SET_INFORMATION,
	KIND_QUERY_EA,
	KIND_SET_EA,
	KIND_FLUSH_BUFFERS,
	KIND_QUERY_VOLUME_INFORMATION,
	KIND_SET_VOLUME_INFORMATION,
	KIND_QUERY_DIRECTORY,
	KIND_FILE_SYSTEM_CONTROL,
	KIND_QUERY_SECURITY = 19,
	KIND_SET_SECURITY = 20,
	KIND_QUERY_STREAM_INFORMATION = 21,
};

struct buf {
	uint16_t offset, size;
};

struct file_info {
	uint32_t attributes, reparse_tag;
	uint64_t allocation_size, file_size;
	uint64_t creation_time, last_access_time, last_write_time, change_time;
	uint64_t index_number;
	uint32_t hard_links, ea_size;
};

struct dir_info {
	uint16_t size;
	struct file_info info;
	uint64_t next_offset;
	uint8_t padding[16];
	uint16_t name[];
};

struct volume_info {
	uint64_t total_size, free_size;
	uint16_t label_length;
	uint16_t label[32];
};

struct request {
	uint16_t version, size;
	uint32_t kind;
	uint64_t hint;
	union {
		struct {
			uint32_t create_options, attributes;
			struct buf security_descriptor;
			uint64_t allocation_size, access_token;
			uint32_t desired_access, granted_access, share_access;
			struct buf ea;
			uint32_t flags;
			uint32_t reserved;
			uint16_t named_stream;
		} create;
		struct {
			uint64_t context, context2;
			union {
				struct {
					uint32_t attributes;
					uint64_t allocation_size;
					uint32_t supersede;
					struct buf ea;
				} overwrite;
				struct {
					uint32_t flags;
				} cleanup;
				struct {
					uint64_t address, offset;
					uint32_t length, key, constrained;
				} transfer;
				struct {
					uint32_t class;
					union {
						struct {
							uint32_t attributes;
							uint64_t creation, access, write, change;
						} basic;
						uint64_t size;
						uint32_t flags;
						struct {
							struct buf name;
							uint64_t access_token;
							uint32_t flags;
						} rename;
					};
				} set_information;
				struct {
					struct buf ea;
				} set_ea;
				struct {
					uint64_t address;
					uint32_t length;
					struct buf pattern, marker;
					uint32_t flags;
				} directory;
				struct {
					uint32_t information;
					struct buf descriptor;
				} set_security;
			};
		};
		uint8_t all[64];
	};
	struct buf file_name;
	uint8_t trailer[] __attribute__((aligned(8)));
};

struct response {
	uint16_t version, size;
	uint32_t kind;
	uint64_t hint;
	uint32_t information;
	uint32_t status;
	union {
		struct {
			uint64_t context, context2;
			uint32_t granted_access;
			struct buf security_descriptor;
			struct file_info info;
			struct buf file_name;
			uint32_t flags;
		} opened;
		struct {
			struct file_info info;
			struct buf ea;
		} info;
		struct volume_info volume;
		struct buf buffer;
		uint8_t all[104];
	};
	uint8_t trailer[] __attribute__((aligned(8)));
};

struct mount_desc {
	uint64_t volume_handle;
	uint16_t *volume_name;
	void *security;
	uint64_t reserved;
	uint16_t *mount_point;
	void *mount_handle;
};

_Static_assert(sizeof(struct file_info) == 72, "FSP_FSCTL_FILE_INFO");
_Static_assert(sizeof(struct dir_info) == 104, "FSP_FSCTL_DIR_INFO");
_Static_assert(sizeof(struct volume_info) == 88, "FSP_FSCTL_VOLUME_INFO");
_Static_assert(sizeof(struct request) == 88, "FSP_FSCTL_TRANSACT_REQ");
_Static_assert(sizeof(struct response) == 128, "FSP_FSCTL_TRANSACT_RSP");
_Static_assert(sizeof(struct mount_desc) == 48, "FSP_MOUNT_DESC");

#define MAX_REQUEST 16320
#define MAX_RESPONSE 16384
#define MIN_BATCH 65536
#define VOLUME_PARAMS_BYTES 504

#endif
