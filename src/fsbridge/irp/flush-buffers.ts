/**
 * IRP_MJ_FLUSH_BUFFERS: a file's content, or the whole volume, is on the disk when this is
 * answered.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { queryInfo } from '../inode.ts';
import { readFdOf } from '../io.ts';
import { type NtStatus, ntStatusOf, ntStatusOfResult, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { FlushBuffersIrp } from './irp.ts';

export async function flushBuffers(vcb: Vcb, irp: FlushBuffersIrp): Promise<NtStatus> {
  const { fileObject } = irp;
  if (fileObject === undefined) return flushVolume(vcb);
  const { fcb } = fileObject;
  if (fcb.type !== abi.S_IFREG || vcb.readOnly) return queryInfo(vcb, fileObject, irp.fileInfo);
  const fd = await readFdOf(vcb, fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  const ret = await vcb.calls.fsync(fd);
  return isErrno(ret) ? ntStatusOf(ret) : queryInfo(vcb, fileObject, irp.fileInfo);
}

export async function flushVolume(vcb: Vcb): Promise<NtStatus> {
  if (vcb.readOnly) return STATUS.SUCCESS;
  return ntStatusOfResult(await vcb.calls.syncfs(vcb.volume.root));
}
