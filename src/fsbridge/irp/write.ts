/**
 * IRP_MJ_WRITE: content, out of the transport's own memory (MS-FSA 2.1.5.4).
 *
 * Steps: 1 validate, 2 get a descriptor, 3 (rights were checked at Create), 4 do, 5 answer with the
 * file's present state: the size drives the cache manager.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { describe, queryInfo } from '../inode.ts';
import { writeFdOf } from '../io.ts';
import { OPTION } from '../nt.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { WriteIrp } from './irp.ts';

export async function write(vcb: Vcb, irp: WriteIrp): Promise<NtStatus> {
  irp.information = 0;
  const { fileObject } = irp;
  const { fcb } = fileObject;
  // 1 validate
  if (fcb.type !== abi.S_IFREG) return STATUS.INVALID_DEVICE_REQUEST;
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  const appends = irp.byteOffset === -1;
  if (irp.byteOffset < 0 && !appends) return STATUS.INVALID_PARAMETER;
  if (irp.buffer.length === 0) return queryInfo(vcb, fileObject, irp.fileInfo);
  // 2 get a descriptor
  const opened = writeFdOf(vcb, fcb);
  const fd = typeof opened === 'number' ? opened : await opened;
  if (isErrno(fd)) return ntStatusOf(fd);
  // 4 do
  let writeFlags = appends ? abi.RWF_APPEND : 0;
  if (irp.constrainedIo) writeFlags = abi.BRIDGE_PWRITE_CLIP;
  const offset = appends ? 0 : irp.byteOffset;
  if (irp.constrainedIo && appends) return queryInfo(vcb, fileObject, irp.fileInfo);
  const changed = await vcb.calls.pwriteStatx(fd, irp.buffer, offset, writeFlags);
  if (isErrno(changed)) return ntStatusOf(changed);
  if ((fileObject.createOptions & OPTION.WRITE_THROUGH) !== 0) {
    const synced = await vcb.calls.fdatasync(fd);
    if (isErrno(synced)) return ntStatusOf(synced);
  }
  // 5 answer
  irp.information = changed.ret;
  if (changed.ret < irp.buffer.length && !irp.constrainedIo) {
    // A short write met a limit: the next try answers which (disk full, quota, file size).
    const rest = irp.buffer.subarray(changed.ret);
    const more = await vcb.calls.pwriteStatx(fd, rest, offset + changed.ret, writeFlags);
    if (isErrno(more)) return ntStatusOf(more);
    irp.information += more.ret;
    return queryInfo(vcb, fileObject, irp.fileInfo);
  }
  if (fileObject.keptWriteTime !== undefined) {
    const omit = { sec: 0, nsec: abi.UTIME_OMIT };
    const mtime = fileObject.keptWriteTime;
    await vcb.calls.utimensat(fcb.handle, '', { atime: omit, mtime }, abi.AT_EMPTY_PATH);
    return queryInfo(vcb, fileObject, irp.fileInfo);
  }
  if (changed.statx === undefined) return queryInfo(vcb, fileObject, irp.fileInfo);
  await describe(vcb, fcb, changed.statx, irp.fileInfo);
  return STATUS.SUCCESS;
}
