/** IRP_MJ_QUERY_SECURITY: mode, owner and ACL as a security descriptor (MS-FSA 2.1.5.14). */

import { isErrno } from '../../vfs-linux/errno.ts';
import { permissionsOfFcb } from '../permissions.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { QuerySecurityIrp } from './irp.ts';

export async function querySecurity(vcb: Vcb, irp: QuerySecurityIrp): Promise<NtStatus> {
  irp.securityDescriptor = undefined;
  // As FastFat answers: the I/O manager then makes a descriptor that gives everyone everything.
  if (!vcb.traits.owners) return STATUS.INVALID_DEVICE_REQUEST;
  const permissions = await permissionsOfFcb(vcb, irp.fileObject.fcb);
  if (isErrno(permissions)) return ntStatusOf(permissions);
  irp.securityDescriptor = vcb.descriptors.bytesOf(vcb.descriptors.of(permissions));
  return STATUS.SUCCESS;
}
