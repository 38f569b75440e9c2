/** IRP_MJ_CLOSE: the last reference to a file object has gone. It cannot fail. */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { CloseIrp } from './irp.ts';

export async function close(vcb: Vcb, irp: CloseIrp): Promise<NtStatus> {
  const { fileObject } = irp;
  // 1 validate
  if (fileObject.closed) return STATUS.SUCCESS;
  // 4 do
  fileObject.closed = true;
  fileObject.listing?.close();
  fileObject.listing = undefined;
  vcb.fileObjects.delete(fileObject.id);
  if (fileObject.lcb !== undefined) vcb.files.leave(fileObject.lcb);
  vcb.files.release(fileObject.fcb);
  return STATUS.SUCCESS;
}
