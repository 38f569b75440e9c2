/**
 * IRP_MJ_READ: content, into the transport's own memory (MS-FSA 2.1.5.3).
 *
 * Steps: 1 validate, 2 get a descriptor, 3 (rights were checked at Create), 4 do, 5 answer.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { readFdOf } from '../io.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { ReadIrp } from './irp.ts';

export async function read(vcb: Vcb, irp: ReadIrp): Promise<NtStatus> {
  irp.information = 0;
  const { fcb } = irp.fileObject;
  // 1 validate
  if (fcb.type !== abi.S_IFREG) return STATUS.INVALID_DEVICE_REQUEST;
  if (irp.byteOffset < 0) return STATUS.INVALID_PARAMETER;
  if (irp.buffer.length === 0) return STATUS.SUCCESS;
  // 2 get a descriptor
  const opened = readFdOf(vcb, fcb);
  const fd = typeof opened === 'number' ? opened : await opened;
  if (isErrno(fd)) return ntStatusOf(fd);
  // 4 do
  const moved = await vcb.calls.pread(fd, irp.buffer, irp.byteOffset);
  // 5 answer
  if (isErrno(moved)) return ntStatusOf(moved);
  irp.information = moved;
  return moved === 0 ? STATUS.END_OF_FILE : STATUS.SUCCESS;
}
