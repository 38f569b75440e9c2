/**
 * IRP_MJ_SET_INFORMATION (MS-FSA 2.1.5.15): times and attributes, sizes, deletion, names.
 *
 * Each class has the steps of the other requests: 1 validate, 2 resolve, 3 check access, 4 do, 5
 * answer with the file's present state.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { storedAttributes } from '../file-info.ts';
import type { FileObject } from '../file-object.ts';
import { describe, queryInfo, setAttributes } from '../inode.ts';
import { writeFdOf } from '../io.ts';
import { DISPOSITION_FLAG, INFORMATION_CLASS } from '../nt.ts';
import { reserveRoom } from '../reserve-room.ts';
import { FILE_ATTRIBUTE, fileAttributesOf } from '../translate/attributes.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import { type TimeChange, timeChangeOf } from '../translate/times.ts';
import type { Vcb } from '../vcb.ts';
import type {
  SetAllocationInformation,
  SetBasicInformation,
  SetDispositionInformation,
  SetEndOfFileInformation,
  SetInformationIrp,
} from './irp.ts';
import { setRename } from './set-name.ts';

export async function setInformation(vcb: Vcb, irp: SetInformationIrp): Promise<NtStatus> {
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  switch (irp.fileInformationClass) {
    case INFORMATION_CLASS.BASIC:
      return setBasic(vcb, irp);
    case INFORMATION_CLASS.ALLOCATION:
      return setAllocation(vcb, irp);
    case INFORMATION_CLASS.END_OF_FILE:
      return setEndOfFile(vcb, irp);
    case INFORMATION_CLASS.DISPOSITION:
    case INFORMATION_CLASS.DISPOSITION_EX:
      return setDisposition(vcb, irp);
    case INFORMATION_CLASS.RENAME:
    case INFORMATION_CLASS.RENAME_EX:
      return setRename(vcb, irp);
    default:
      return STATUS.INVALID_INFO_CLASS;
  }
}

const leaveAttributes = 0xffffffff;

async function setBasic(vcb: Vcb, irp: SetBasicInformation): Promise<NtStatus> {
  const { fileObject } = irp;
  const { fcb } = fileObject;
  // 1 validate
  const creation = timeChangeOf(irp.creationTime);
  const access = timeChangeOf(irp.lastAccessTime);
  const writing = timeChangeOf(irp.lastWriteTime);
  const change = timeChangeOf(irp.changeTime);
  const times = [creation, access, writing, change];
  if (times.some(({ kind }) => kind === 'invalid')) return STATUS.INVALID_PARAMETER;
  // 0 is none at all: the driver takes NORMAL and DIRECTORY away.
  const setsAttributes = irp.fileAttributes !== leaveAttributes;
  if (setsAttributes && !fitsKind(irp.fileAttributes, fcb.type)) return STATUS.INVALID_PARAMETER;
  // 4 do
  const kept = await keepTimes(vcb, fileObject, access, writing);
  if (isErrno(kept)) return ntStatusOf(kept);
  if (setsAttributes || creation.kind === 'set') {
    const created = creation.kind === 'set' ? irp.creationTime : fcb.dos?.creationTime;
    const attributes = setsAttributes ? irp.fileAttributes : await attributesOf(vcb, irp);
    if (isErrno(attributes)) return ntStatusOf(attributes);
    const ret = await setAttributes(vcb, fcb, attributes, created);
    if (isErrno(ret)) return ntStatusOf(ret);
  }
  const ret = await setTimes(vcb, fcb.handle, access, writing);
  if (access.kind === 'set' && fileObject.keptAccessTime) fileObject.keptAccessTime = access.time;
  if (writing.kind === 'set' && fileObject.keptWriteTime) fileObject.keptWriteTime = writing.time;
  // 5 answer
  return isErrno(ret) ? ntStatusOf(ret) : queryInfo(vcb, fileObject, irp.fileInfo);
}

/**
 * -1 keeps a time from this handle's own operations, -2 lets them move it again (MS-FSCC 2.4.7).
 */
async function keepTimes(
  vcb: Vcb,
  fileObject: FileObject,
  access: TimeChange,
  writing: TimeChange,
): Promise<number> {
  if (access.kind === 'resume') fileObject.keptAccessTime = undefined;
  if (writing.kind === 'resume') fileObject.keptWriteTime = undefined;
  if (access.kind !== 'suspend' && writing.kind !== 'suspend') return 0;
  const statx = await vcb.calls.fstatx(fileObject.fcb.handle);
  if (isErrno(statx)) return statx;
  if (access.kind === 'suspend') fileObject.keptAccessTime = statx.atime;
  if (writing.kind === 'suspend') fileObject.keptWriteTime = statx.mtime;
  return 0;
}

/** DIRECTORY is no attribute to be set on a file, and TEMPORARY none on a directory. */
function fitsKind(attributes: number, type: number): boolean {
  if (type === abi.S_IFDIR) return (attributes & FILE_ATTRIBUTE.TEMPORARY) === 0;
  return type !== abi.S_IFREG || (attributes & FILE_ATTRIBUTE.DIRECTORY) === 0;
}

/** The attributes as they are, for a change that leaves them. */
async function attributesOf(vcb: Vcb, irp: SetBasicInformation): Promise<number> {
  const { fcb } = irp.fileObject;
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return statx;
  const dosAttributes = storedAttributes(fcb.dos, fcb.type);
  return fileAttributesOf(statx, { dosAttributes });
}

async function setTimes(
  vcb: Vcb,
  handle: number,
  access: TimeChange,
  writing: TimeChange,
): Promise<number> {
  if (access.kind !== 'set' && writing.kind !== 'set') return 0;
  const omit = { sec: 0, nsec: abi.UTIME_OMIT };
  const atime = access.kind === 'set' ? access.time : omit;
  const mtime = writing.kind === 'set' ? writing.time : omit;
  return vcb.calls.utimensat(handle, '', { atime, mtime }, abi.AT_EMPTY_PATH);
}

async function setAllocation(vcb: Vcb, irp: SetAllocationInformation): Promise<NtStatus> {
  const { fcb } = irp.fileObject;
  if (fcb.type !== abi.S_IFREG) return STATUS.INVALID_PARAMETER;
  if (irp.allocationSize < 0) return STATUS.INVALID_PARAMETER;
  const fd = await writeFdOf(vcb, fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return ntStatusOf(statx);
  if (irp.allocationSize < statx.size) {
    const ret = await vcb.calls.ftruncate(fd, irp.allocationSize);
    if (isErrno(ret)) return ntStatusOf(ret);
  } else if (irp.allocationSize > statx.blocks * 512) {
    const room = await reserveRoom(vcb, fd, irp.allocationSize);
    if (room !== STATUS.SUCCESS) return room;
  }
  return queryInfo(vcb, irp.fileObject, irp.fileInfo);
}

async function setEndOfFile(vcb: Vcb, irp: SetEndOfFileInformation): Promise<NtStatus> {
  const { fileObject } = irp;
  const { fcb } = fileObject;
  if (fcb.type !== abi.S_IFREG) return STATUS.INVALID_PARAMETER;
  if (irp.endOfFile < 0) return STATUS.INVALID_PARAMETER;
  const fd = await writeFdOf(vcb, fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  const changed = await vcb.calls.ftruncateStatx(fd, irp.endOfFile);
  if (isErrno(changed)) return ntStatusOf(changed);
  if (changed.statx === undefined) return queryInfo(vcb, fileObject, irp.fileInfo);
  await describe(vcb, fcb, changed.statx, irp.fileInfo);
  return STATUS.SUCCESS;
}

/** Checks only whether the file may be deleted: the name is removed at Cleanup. */
async function setDisposition(vcb: Vcb, irp: SetDispositionInformation): Promise<NtStatus> {
  const { fileObject } = irp;
  const status = await queryInfo(vcb, fileObject, irp.fileInfo);
  if (status !== STATUS.SUCCESS) return status;
  if ((irp.flags & DISPOSITION_FLAG.DELETE) === 0) return STATUS.SUCCESS;
  if (fileObject.lcb === undefined) return STATUS.CANNOT_DELETE;
  const isDirectory = fileObject.fcb.type === abi.S_IFDIR;
  const isReadOnly = (irp.fileInfo.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
  const ignores = (irp.flags & DISPOSITION_FLAG.IGNORE_READONLY) !== 0;
  if (isReadOnly && !ignores) return STATUS.CANNOT_DELETE;
  return isDirectory ? isEmpty(vcb, fileObject.fcb.handle) : STATUS.SUCCESS;
}

async function isEmpty(vcb: Vcb, handle: number): Promise<NtStatus> {
  const fd = await vcb.calls.reopen(handle, abi.O_RDONLY | abi.O_DIRECTORY);
  if (isErrno(fd)) return ntStatusOf(fd);
  const entries = await vcb.calls.getdents64(fd);
  vcb.files.closeFd(fd);
  if (isErrno(entries)) return ntStatusOf(entries);
  return entries.length === 0 ? STATUS.SUCCESS : STATUS.DIRECTORY_NOT_EMPTY;
}
