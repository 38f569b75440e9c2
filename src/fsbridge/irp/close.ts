/** IRP_MJ_CLOSE: the last reference to a file object has gone. It cannot fail. */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { CloseIrp } from './irp.ts';

export async function close(vcb: Vcb, irp: CloseIrp): Promise<NtStatus> {
  // 4 do
  vcb.fileObjects.close(irp.fileObject);
  return STATUS.SUCCESS;
}
