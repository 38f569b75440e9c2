/** Mistakes of a Create that do not depend on the volume (MS-FSA 2.1.5.1, phases 1 to 3). */
import { DISPOSITION, OPTION } from '../nt.ts';
import { ACCESS, FILE_GENERIC_MAPPING, mapGenericMask } from '../security/access-rights.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { CreateIrp } from './irp.ts';

const changesData = ACCESS.WRITE_DATA | ACCESS.APPEND_DATA;

/** SUCCESS, with generic rights mapped and a default stream's suffix taken off the name. */
export function validateCreate(vcb: Vcb, irp: CreateIrp): NtStatus {
  irp.desiredAccess = mapGenericMask(irp.desiredAccess, FILE_GENERIC_MAPPING);
  const options = validateOptions(irp);
  if (options !== STATUS.SUCCESS) return options;
  const name = validateName(irp);
  if (name !== STATUS.SUCCESS) return name;
  if (irp.fileName === '\\') {
    const root = validateRoot(irp);
    if (root !== STATUS.SUCCESS) return root;
  }
  return vcb.readOnly ? validateReadOnly(irp) : STATUS.SUCCESS;
}

function validateOptions(irp: CreateIrp): NtStatus {
  const { createDisposition, createOptions } = irp;
  if (createDisposition > DISPOSITION.OVERWRITE_IF) return STATUS.INVALID_PARAMETER;
  if ((createOptions & OPTION.OPEN_BY_FILE_ID) !== 0) return STATUS.NOT_SUPPORTED;
  const isDirectory = (createOptions & OPTION.DIRECTORY_FILE) !== 0;
  if (!isDirectory) return STATUS.SUCCESS;
  if ((createOptions & OPTION.NON_DIRECTORY_FILE) !== 0) return STATUS.INVALID_PARAMETER;
  const fits =
    createDisposition === DISPOSITION.OPEN ||
    createDisposition === DISPOSITION.CREATE ||
    createDisposition === DISPOSITION.OPEN_IF;
  if (!fits) return STATUS.INVALID_PARAMETER;
  // MS-FSA 2.1.5.1: a directory is never temporary.
  const temporary = (irp.fileAttributes & FILE_ATTRIBUTE.TEMPORARY) !== 0;
  return temporary && createDisposition !== DISPOSITION.OPEN
    ? STATUS.INVALID_PARAMETER
    : STATUS.SUCCESS;
}

const defaultStream = /^(\\[^:]*[^:\\])::\$DATA$/i;

/**
 * Checks the path as a whole; each name in it is translated when it is looked up. Streams:
 * `name::$DATA` is the file itself, any other is refused as FAT refuses it.
 */
function validateName(irp: CreateIrp): NtStatus {
  const { fileName } = irp;
  if (fileName.charCodeAt(0) !== 0x5c) return STATUS.OBJECT_NAME_INVALID;
  if (fileName.includes('\\\\') || fileName.includes('\0')) return STATUS.OBJECT_NAME_INVALID;
  if (fileName.length > 1 && fileName.endsWith('\\')) return STATUS.OBJECT_NAME_INVALID;
  if (fileName.includes(':')) {
    const base = defaultStream.exec(fileName)?.[1];
    if (base === undefined) return STATUS.OBJECT_NAME_INVALID;
    if ((irp.createOptions & OPTION.DIRECTORY_FILE) !== 0) return STATUS.NOT_A_DIRECTORY;
    irp.fileName = base;
  }
  const wantsFile = (irp.createOptions & OPTION.NON_DIRECTORY_FILE) !== 0;
  return irp.hasTrailingBackslash && wantsFile ? STATUS.OBJECT_NAME_INVALID : STATUS.SUCCESS;
}

function validateRoot(irp: CreateIrp): NtStatus {
  if ((irp.createOptions & OPTION.NON_DIRECTORY_FILE) !== 0) return STATUS.FILE_IS_A_DIRECTORY;
  if ((irp.createOptions & OPTION.DELETE_ON_CLOSE) !== 0) return STATUS.CANNOT_DELETE;
  if (irp.openTargetDirectory) return STATUS.INVALID_PARAMETER;
  switch (irp.createDisposition) {
    case DISPOSITION.CREATE:
      return STATUS.OBJECT_NAME_COLLISION;
    case DISPOSITION.OPEN:
    case DISPOSITION.OPEN_IF:
      return STATUS.SUCCESS;
    default:
      return STATUS.ACCESS_DENIED;
  }
}

/**
 * MAXIMUM_ALLOWED opens what may be read; a wish to write is refused here, not at the first write.
 */
function validateReadOnly(irp: CreateIrp): NtStatus {
  const { createDisposition, createOptions, desiredAccess } = irp;
  const overwrites =
    createDisposition === DISPOSITION.SUPERSEDE ||
    createDisposition === DISPOSITION.OVERWRITE ||
    createDisposition === DISPOSITION.OVERWRITE_IF ||
    createDisposition === DISPOSITION.CREATE;
  const deletes = (createOptions & OPTION.DELETE_ON_CLOSE) !== 0;
  if (overwrites || deletes) return STATUS.MEDIA_WRITE_PROTECTED;
  const isDirectory = (createOptions & OPTION.DIRECTORY_FILE) !== 0;
  return !isDirectory && (desiredAccess & changesData) !== 0
    ? STATUS.MEDIA_WRITE_PROTECTED
    : STATUS.SUCCESS;
}
