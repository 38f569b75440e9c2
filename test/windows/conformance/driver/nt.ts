/**
 * Windows' numbers, for the model's programs and driver. They are typed from Windows' documentation
 * and not taken from src/, so that a wrong number in src/ shows.
 */

/** NTSTATUS values, unsigned. */
export const status = {
  SUCCESS: 0,
  PENDING: 0x103,
  REPARSE: 0x104,
  BUFFER_OVERFLOW: 0x80000005,
  NO_MORE_FILES: 0x80000006,
  NO_MORE_EAS: 0x80000012,
  NOT_IMPLEMENTED: 0xc0000002,
  INVALID_INFO_CLASS: 0xc0000003,
  INVALID_HANDLE: 0xc0000008,
  INVALID_PARAMETER: 0xc000000d,
  NO_SUCH_FILE: 0xc000000f,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  END_OF_FILE: 0xc0000011,
  ACCESS_DENIED: 0xc0000022,
  BUFFER_TOO_SMALL: 0xc0000023,
  OBJECT_NAME_INVALID: 0xc0000033,
  OBJECT_NAME_NOT_FOUND: 0xc0000034,
  OBJECT_NAME_COLLISION: 0xc0000035,
  OBJECT_PATH_NOT_FOUND: 0xc000003a,
  SHARING_VIOLATION: 0xc0000043,
  EA_TOO_LARGE: 0xc0000050,
  NONEXISTENT_EA_ENTRY: 0xc0000051,
  NO_EAS_ON_FILE: 0xc0000052,
  DELETE_PENDING: 0xc0000056,
  PRIVILEGE_NOT_HELD: 0xc0000061,
  INVALID_OWNER: 0xc000005a,
  DISK_FULL: 0xc000007f,
  FILE_INVALID: 0xc0000098,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  MEDIA_WRITE_PROTECTED: 0xc00000a2,
  IO_TIMEOUT: 0xc00000b5,
  FILE_IS_A_DIRECTORY: 0xc00000ba,
  NOT_SUPPORTED: 0xc00000bb,
  NOT_SAME_DEVICE: 0xc00000d4,
  INTERNAL_ERROR: 0xc00000e5,
  UNEXPECTED_IO_ERROR: 0xc00000e9,
  DIRECTORY_NOT_EMPTY: 0xc0000101,
  NOT_A_DIRECTORY: 0xc0000103,
  NAME_TOO_LONG: 0xc0000106,
  CANCELLED: 0xc0000120,
  CANNOT_DELETE: 0xc0000121,
  FILE_DELETED: 0xc0000123,
  FILE_CLOSED: 0xc0000128,
  INVALID_EA_NAME: 0x80000013,
  EA_LIST_INCONSISTENT: 0x80000014,
  IO_DEVICE_ERROR: 0xc0000185,
  NOT_A_REPARSE_POINT: 0xc0000275,
  IO_REPARSE_TAG_INVALID: 0xc0000276,
  IO_REPARSE_TAG_MISMATCH: 0xc0000277,
  IO_REPARSE_DATA_INVALID: 0xc0000278,
  IO_REPARSE_TAG_NOT_HANDLED: 0xc0000279,
  REPARSE_POINT_NOT_RESOLVED: 0xc0000280,
  EAS_NOT_SUPPORTED: 0xc000004f,
  TOO_MANY_LINKS: 0xc0000265,
  FILE_TOO_LARGE: 0xc0000904,
  VOLUME_DISMOUNTED: 0xc000026e,
  NO_SUCH_DEVICE: 0xc000000e,
  DEVICE_NOT_CONNECTED: 0xc000009d,
} as const;

const statusNames = new Map<number, string>(
  Object.entries(status).map(([name, value]) => [value, name]),
);

/** "OBJECT_NAME_NOT_FOUND", or the number of a status without a name here. */
export function statusName(value: number): string {
  return statusNames.get(value) ?? `0x${value.toString(16)}`;
}

/** NT_SUCCESS: success and information. */
export const succeeds = (value: number): boolean => value < 0x80000000;

/** CreateDisposition. */
export const disposition = {
  SUPERSEDE: 0,
  OPEN: 1,
  CREATE: 2,
  OPEN_IF: 3,
  OVERWRITE: 4,
  OVERWRITE_IF: 5,
} as const;

/** The result of a create: IoStatus.Information. */
export const created = {
  SUPERSEDED: 0,
  OPENED: 1,
  CREATED: 2,
  OVERWRITTEN: 3,
  EXISTS: 4,
  DOES_NOT_EXIST: 5,
} as const;

/** CreateOptions. */
export const option = {
  DIRECTORY_FILE: 0x1,
  WRITE_THROUGH: 0x2,
  SEQUENTIAL_ONLY: 0x4,
  NO_INTERMEDIATE_BUFFERING: 0x8,
  SYNCHRONOUS_IO_NONALERT: 0x20,
  NON_DIRECTORY_FILE: 0x40,
  NO_EA_KNOWLEDGE: 0x200,
  RANDOM_ACCESS: 0x800,
  DELETE_ON_CLOSE: 0x1000,
  OPEN_BY_FILE_ID: 0x2000,
  OPEN_FOR_BACKUP_INTENT: 0x4000,
  OPEN_REPARSE_POINT: 0x200000,
} as const;

/** Access rights; LIST_DIRECTORY is READ_DATA, ADD_FILE is WRITE_DATA, and so on. */
export const access = {
  READ_DATA: 0x1,
  WRITE_DATA: 0x2,
  APPEND_DATA: 0x4,
  READ_EA: 0x8,
  WRITE_EA: 0x10,
  EXECUTE: 0x20,
  DELETE_CHILD: 0x40,
  READ_ATTRIBUTES: 0x80,
  WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x10000,
  READ_CONTROL: 0x20000,
  WRITE_DAC: 0x40000,
  WRITE_OWNER: 0x80000,
  SYNCHRONIZE: 0x100000,
  SYSTEM_SECURITY: 0x1000000,
  MAXIMUM_ALLOWED: 0x2000000,
  GENERIC_ALL: 0x10000000,
  GENERIC_EXECUTE: 0x20000000,
  GENERIC_WRITE: 0x40000000,
  GENERIC_READ: 0x80000000,
  FILE_GENERIC_READ: 0x120089,
  FILE_GENERIC_WRITE: 0x120116,
  FILE_GENERIC_EXECUTE: 0x1200a0,
  ALL: 0x1f01ff,
  /**
   * The rights of the owner of a file without x: all but EXECUTE, and a directory's DELETE_CHILD.
   */
  OWNER: 0x1f019f,
} as const;

export const share = { NONE: 0, READ: 1, WRITE: 2, DELETE: 4, ALL: 7 } as const;

export const attribute = {
  READONLY: 0x1,
  HIDDEN: 0x2,
  SYSTEM: 0x4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  NORMAL: 0x80,
  TEMPORARY: 0x100,
  SPARSE_FILE: 0x200,
  REPARSE_POINT: 0x400,
  COMPRESSED: 0x800,
  OFFLINE: 0x1000,
  NOT_CONTENT_INDEXED: 0x2000,
  ENCRYPTED: 0x4000,
} as const;

/** FILE_INFORMATION_CLASS: the classes that can be set. */
export const setClass = {
  BASIC: 4,
  RENAME: 10,
  DISPOSITION: 13,
  ALLOCATION: 19,
  END_OF_FILE: 20,
  DISPOSITION_EX: 64,
  RENAME_EX: 65,
} as const;

export const dispositionFlag = { DELETE: 1, POSIX: 2, IGNORE_READONLY: 0x10 } as const;
export const renameFlag = { REPLACE: 1, POSIX: 2, IGNORE_READONLY: 0x40 } as const;

export const fsctl = {
  SET_REPARSE_POINT: 0x900a4,
  GET_REPARSE_POINT: 0x900a8,
  DELETE_REPARSE_POINT: 0x900ac,
} as const;

export const reparseTag = {
  MOUNT_POINT: 0xa0000003,
  SYMLINK: 0xa000000c,
  NFS: 0x80000014,
  LX_SYMLINK: 0xa000001d,
  AF_UNIX: 0x80000023,
  LX_FIFO: 0x80000024,
  LX_CHR: 0x80000025,
  LX_BLK: 0x80000026,
} as const;

/** Parts of a security descriptor: SECURITY_INFORMATION. */
export const securityPart = { OWNER: 1, GROUP: 2, DACL: 4, SACL: 8 } as const;

/** Maps generic rights to a file's rights, as the I/O manager does. */
export function mapGeneric(desired: number): number {
  let mapped = desired;
  if ((desired & access.GENERIC_READ) !== 0) mapped |= access.FILE_GENERIC_READ;
  if ((desired & access.GENERIC_WRITE) !== 0) mapped |= access.FILE_GENERIC_WRITE;
  if ((desired & access.GENERIC_EXECUTE) !== 0) mapped |= access.FILE_GENERIC_EXECUTE;
  if ((desired & access.GENERIC_ALL) !== 0) mapped |= access.ALL;
  return (mapped & 0x0fffffff) >>> 0;
}

const unixEpoch = 116_444_736_000_000_000n;

/** The FILETIME for seconds and nanoseconds since 1970. */
export function fileTime(sec: number, nsec = 0): bigint {
  return BigInt(sec) * 10_000_000n + BigInt(Math.floor(nsec / 100)) + unixEpoch;
}
