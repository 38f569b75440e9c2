/**
 * IRP_MJ_SET_SECURITY: a security descriptor's parts as mode, owner and ACL (MS-FSA 2.1.5.17).
 *
 * The rights to change each part were asked for when the file was opened (WRITE_DAC, WRITE_OWNER),
 * so the owner may be any account that has a number on Linux.
 */

import { isErrno } from '../../vfs-linux/errno.ts';
import { storedAttributes } from '../file-info.ts';
import { isMarkedReadOnly, keepDosAttrib } from '../inode.ts';
import { applyPermissions, permissionsOfFcb } from '../permissions.ts';
import { FILE_GENERIC_MAPPING } from '../security/access-rights.ts';
import { permissionsOf } from '../security/acl-unmap.ts';
import { setObjectSecurity } from '../security/inherit.ts';
import { parseSecurityDescriptor } from '../security/security-descriptor.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { SetSecurityIrp } from './irp.ts';

const anyWrite = 0o222;

export async function setSecurity(vcb: Vcb, irp: SetSecurityIrp): Promise<NtStatus> {
  irp.securityDescriptor = undefined;
  const { fcb } = irp.fileObject;
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  // As FastFat answers: the I/O manager then tells the program that it succeeded.
  if (!vcb.traits.owners) return STATUS.INVALID_DEVICE_REQUEST;
  const modification = parseSecurityDescriptor(irp.modificationDescriptor);
  if (modification === undefined) return STATUS.INVALID_SECURITY_DESCR;
  // 2 resolve
  const before = await permissionsOfFcb(vcb, fcb);
  if (isErrno(before)) return ntStatusOf(before);
  const existing = vcb.descriptors.of(before);
  const { status, sd } = setObjectSecurity({
    existing,
    modification,
    information: irp.securityInformation,
    token: vcb.mountingTokens.restoring,
    mapping: FILE_GENERIC_MAPPING,
  });
  if (sd === undefined) return status;
  const wanted = permissionsOf(sd, before, vcb.descriptors.sids);
  if (wanted.permissions === undefined) return wanted.status;
  // 4 do
  const wasReadOnly = await isMarkedReadOnly(vcb, fcb);
  const ret = await applyPermissions(vcb, fcb, before, wanted.permissions);
  if (isErrno(ret)) return ntStatusOf(ret);
  // A descriptor does not clear READONLY: where the mode no longer shows it, it is kept apart.
  if (wasReadOnly && (wanted.permissions.mode & anyWrite) !== 0) {
    const stored = storedAttributes(fcb.dos, fcb.type) | FILE_ATTRIBUTE.READONLY;
    const kept = await keepDosAttrib(vcb, fcb, stored, fcb.dos?.creationTime);
    if (isErrno(kept)) return ntStatusOf(kept);
  }
  // 5 answer
  const after = await permissionsOfFcb(vcb, fcb);
  if (isErrno(after)) return ntStatusOf(after);
  irp.securityDescriptor = vcb.descriptors.bytesOf(vcb.descriptors.of(after));
  return STATUS.SUCCESS;
}
