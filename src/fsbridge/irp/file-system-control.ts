/**
 * IRP_MJ_FILE_SYSTEM_CONTROL: reparse points, and the controls for sparse files (MS-FSA 2.1.5.10).
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import type { Fcb, Lcb } from '../fcb.ts';
import { readFdOf, writeFdOf } from '../io.ts';
import { deleteReparseData, setReparseData } from '../reparse-set.ts';
import { type NtStatus, ntStatusOf, ntStatusOfResult, STATUS } from '../translate/ntstatus.ts';
import { reparseTagConflict, reparseTagOf } from '../translate/reparse.ts';
import type { Vcb } from '../vcb.ts';
import type { FileSystemControlIrp } from './irp.ts';
import { reparseBufferOf } from './reparse-data.ts';

const FSCTL = {
  SET_REPARSE_POINT: 0x900a4,
  GET_REPARSE_POINT: 0x900a8,
  DELETE_REPARSE_POINT: 0x900ac,
  SET_SPARSE: 0x900c4,
  SET_ZERO_DATA: 0x980c8,
  QUERY_ALLOCATED_RANGES: 0x940cf,
} as const;

export async function fileSystemControl(vcb: Vcb, irp: FileSystemControlIrp): Promise<NtStatus> {
  irp.outputBuffer = undefined;
  switch (irp.fsControlCode) {
    case FSCTL.GET_REPARSE_POINT:
      return getReparsePoint(vcb, irp);
    case FSCTL.SET_REPARSE_POINT:
    case FSCTL.DELETE_REPARSE_POINT:
      return changeReparsePoint(vcb, irp);
    case FSCTL.SET_SPARSE:
      // Every file may have holes: nothing has to be set.
      return irp.fileObject.fcb.type === abi.S_IFREG ? STATUS.SUCCESS : STATUS.INVALID_PARAMETER;
    case FSCTL.SET_ZERO_DATA:
      return setZeroData(vcb, irp);
    case FSCTL.QUERY_ALLOCATED_RANGES:
      return queryAllocatedRanges(vcb, irp);
    default:
      return STATUS.INVALID_DEVICE_REQUEST;
  }
}

async function getReparsePoint(vcb: Vcb, irp: FileSystemControlIrp): Promise<NtStatus> {
  const buffer = await reparseBufferOf(vcb, irp.fileObject.fcb);
  if (typeof buffer === 'number') return buffer;
  if (buffer.length > irp.outputBufferLength) {
    if (irp.outputBufferLength < 8) return STATUS.BUFFER_TOO_SMALL;
    irp.outputBuffer = buffer.subarray(0, irp.outputBufferLength);
    return STATUS.BUFFER_OVERFLOW;
  }
  irp.outputBuffer = buffer;
  return STATUS.SUCCESS;
}

async function changeReparsePoint(vcb: Vcb, irp: FileSystemControlIrp): Promise<NtStatus> {
  const { fcb, lcb } = irp.fileObject;
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  if (lcb === undefined) return STATUS.ACCESS_DENIED;
  if (irp.inputBuffer.length < 8) return STATUS.IO_REPARSE_DATA_INVALID;
  const isDelete = irp.fsControlCode === FSCTL.DELETE_REPARSE_POINT;
  const tag = irp.inputBuffer.readUInt32LE(0);
  const existing = reparseTagOf(fcb.type);
  const conflict = reparseTagConflict(existing, tag, isDelete);
  if (conflict !== STATUS.SUCCESS) return conflict;
  // 4 do
  return withNameAlone(vcb, lcb, () => change(vcb, irp, fcb, lcb, isDelete));
}

function change(
  vcb: Vcb,
  irp: FileSystemControlIrp,
  fcb: Fcb,
  lcb: Lcb,
  isDelete: boolean,
): Promise<NtStatus> {
  if (isDelete) return deleteReparseData(vcb, fcb, lcb);
  return setReparseData(vcb, { fcb, lcb }, irp.inputBuffer, irp.targetOnFileSystem);
}

async function withNameAlone(vcb: Vcb, lcb: Lcb, act: () => Promise<NtStatus>): Promise<NtStatus> {
  for (;;) {
    const { parent } = lcb;
    vcb.files.hold(parent);
    await parent.names.exclusive();
    try {
      if (lcb.removed) return STATUS.FILE_DELETED;
      if (lcb.parent === parent) return await act();
    } finally {
      parent.names.releaseExclusive();
      vcb.files.release(parent);
    }
  }
}

/** FILE_ZERO_DATA_INFORMATION: from, and to behind the last byte. */
async function setZeroData(vcb: Vcb, irp: FileSystemControlIrp): Promise<NtStatus> {
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  if (irp.inputBuffer.length < 16) return STATUS.INVALID_PARAMETER;
  const start = Number(irp.inputBuffer.readBigInt64LE(0));
  const end = Number(irp.inputBuffer.readBigInt64LE(8));
  if (start < 0 || end < start) return STATUS.INVALID_PARAMETER;
  if (start === end) return STATUS.SUCCESS;
  const fd = await writeFdOf(vcb, irp.fileObject.fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  const mode = abi.FALLOC_FL_PUNCH_HOLE | abi.FALLOC_FL_KEEP_SIZE;
  return ntStatusOfResult(await vcb.calls.fallocate(fd, mode, start, end - start));
}

/** FILE_ALLOCATED_RANGE_BUFFER in and, one for each piece that is no hole, out. */
async function queryAllocatedRanges(vcb: Vcb, irp: FileSystemControlIrp): Promise<NtStatus> {
  if (irp.inputBuffer.length < 16) return STATUS.INVALID_PARAMETER;
  const start = Number(irp.inputBuffer.readBigInt64LE(0));
  const length = Number(irp.inputBuffer.readBigInt64LE(8));
  if (start < 0 || length < 0) return STATUS.INVALID_PARAMETER;
  const fd = await readFdOf(vcb, irp.fileObject.fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  const ranges: Buffer[] = [];
  const end = start + length;
  for (let at = start; at < end; ) {
    const data = await vcb.calls.lseek(fd, at, abi.SEEK_DATA);
    if (data === -errno.ENXIO || data >= end) break;
    if (isErrno(data)) return ntStatusOf(data);
    const hole = await vcb.calls.lseek(fd, data, abi.SEEK_HOLE);
    if (isErrno(hole)) return ntStatusOf(hole);
    if ((ranges.length + 1) * 16 > irp.outputBufferLength) {
      irp.outputBuffer = Buffer.concat(ranges);
      return STATUS.BUFFER_OVERFLOW;
    }
    const range = Buffer.alloc(16);
    range.writeBigInt64LE(BigInt(data), 0);
    range.writeBigInt64LE(BigInt(Math.min(hole, end) - data), 8);
    ranges.push(range);
    at = hole;
  }
  irp.outputBuffer = Buffer.concat(ranges);
  return STATUS.SUCCESS;
}
