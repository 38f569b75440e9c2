/** NT's constants, as ntifs.h and wdm.h have them, under their own names. */

/** CreateDisposition. */
export const DISPOSITION = {
  SUPERSEDE: 0,
  OPEN: 1,
  CREATE: 2,
  OPEN_IF: 3,
  OVERWRITE: 4,
  OVERWRITE_IF: 5,
} as const;

/** Create's answer in `information`. */
export const CREATE_RESULT = {
  SUPERSEDED: 0,
  OPENED: 1,
  CREATED: 2,
  OVERWRITTEN: 3,
  EXISTS: 4,
  DOES_NOT_EXIST: 5,
} as const;

/** CreateOptions. */
export const OPTION = {
  DIRECTORY_FILE: 0x1,
  WRITE_THROUGH: 0x2,
  NON_DIRECTORY_FILE: 0x40,
  DELETE_ON_CLOSE: 0x1000,
  OPEN_BY_FILE_ID: 0x2000,
  OPEN_FOR_BACKUP_INTENT: 0x4000,
  OPEN_REPARSE_POINT: 0x200000,
} as const;

/** FILE_RENAME_* flags. */
export const RENAME = {
  REPLACE_IF_EXISTS: 0x1,
  POSIX_SEMANTICS: 0x2,
  IGNORE_READONLY: 0x40,
} as const;

/** FILE_DISPOSITION_* flags. */
export const DISPOSITION_FLAG = {
  DELETE: 0x1,
  POSIX_SEMANTICS: 0x2,
  IGNORE_READONLY: 0x10,
} as const;

/** FILE_INFORMATION_CLASS: those that a transport sets. */
export const INFORMATION_CLASS = {
  BASIC: 4,
  RENAME: 10,
  DISPOSITION: 13,
  ALLOCATION: 19,
  END_OF_FILE: 20,
  DISPOSITION_EX: 64,
  RENAME_EX: 65,
} as const;
