/**
 * Access rights of files and directories (MS-DTYP 2.4.3, MS-FSCC, wdm.h), and the generic ones'
 * meaning.
 */

/** Bits of an access mask; a directory's names stand next to the file's names of the same bit. */
export const ACCESS = {
  READ_DATA: 0x1,
  LIST_DIRECTORY: 0x1,
  WRITE_DATA: 0x2,
  ADD_FILE: 0x2,
  APPEND_DATA: 0x4,
  ADD_SUBDIRECTORY: 0x4,
  READ_EA: 0x8,
  WRITE_EA: 0x10,
  EXECUTE: 0x20,
  TRAVERSE: 0x20,
  DELETE_CHILD: 0x40,
  READ_ATTRIBUTES: 0x80,
  WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x10000,
  READ_CONTROL: 0x20000,
  WRITE_DAC: 0x40000,
  WRITE_OWNER: 0x80000,
  SYNCHRONIZE: 0x100000,
  ACCESS_SYSTEM_SECURITY: 0x1000000,
  MAXIMUM_ALLOWED: 0x2000000,
  GENERIC_ALL: 0x10000000,
  GENERIC_EXECUTE: 0x20000000,
  GENERIC_WRITE: 0x40000000,
  GENERIC_READ: 0x80000000,
  FILE_ALL_ACCESS: 0x1f01ff,
  FILE_GENERIC_READ: 0x120089,
  FILE_GENERIC_WRITE: 0x120116,
  FILE_GENERIC_EXECUTE: 0x1200a0,
} as const;

/** What the four generic rights mean for a kind of object. */
export interface GenericMapping {
  readonly genericRead: number;
  readonly genericWrite: number;
  readonly genericExecute: number;
  readonly genericAll: number;
}

/** IoGetFileObjectGenericMapping's. */
export const FILE_GENERIC_MAPPING: GenericMapping = {
  genericRead: ACCESS.FILE_GENERIC_READ,
  genericWrite: ACCESS.FILE_GENERIC_WRITE,
  genericExecute: ACCESS.FILE_GENERIC_EXECUTE,
  genericAll: ACCESS.FILE_ALL_ACCESS,
};

/** RtlMapGenericMask: the mask with its generic rights replaced by what they mean. Unsigned. */
export function mapGenericMask(mask: number, mapping: GenericMapping): number {
  let mapped = mask & 0x0fffffff;
  if ((mask & ACCESS.GENERIC_READ) !== 0) mapped |= mapping.genericRead;
  if ((mask & ACCESS.GENERIC_WRITE) !== 0) mapped |= mapping.genericWrite;
  if ((mask & ACCESS.GENERIC_EXECUTE) !== 0) mapped |= mapping.genericExecute;
  if ((mask & ACCESS.GENERIC_ALL) !== 0) mapped |= mapping.genericAll;
  return mapped >>> 0;
}
