/**
 * The last step of IRP_MJ_CREATE: the file object, and what the transport wants to know of the
 * file.
 */

import { isErrno } from '../../vfs-linux/errno.ts';
import type { Create } from '../create-request.ts';
import type { Fcb } from '../fcb.ts';
import { describe } from '../inode.ts';
import { permissionsOfFcb } from '../permissions.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { CreateIrp } from './irp.ts';

/** Opens a file object for the file at the Create's place; `information` is CREATE_RESULT's. */
export async function answerCreate(
  { vcb, irp, place }: Create,
  information: number,
): Promise<NtStatus> {
  const fcb = place.fcb as Fcb;
  if (irp.openTargetDirectory) {
    const statx = await vcb.calls.fstatx(fcb.handle);
    if (isErrno(statx)) return ntStatusOf(statx);
    await describe(vcb, fcb, statx, irp.fileInfo);
  }
  irp.fileObject = vcb.fileObjects.open(fcb, place.lcb, irp.createOptions);
  irp.information = information;
  irp.disableCache = irp.fileInfo.hardLinks > 1;
  // With "ignore" nobody may be refused because of what the descriptor says.
  if (irp.acceptsSecurityDescriptor && vcb.permissions !== 'ignore') {
    const permissions = await permissionsOfFcb(vcb, fcb);
    if (!isErrno(permissions)) {
      const descriptor = vcb.descriptors.of(permissions);
      irp.answeredSecurityDescriptor = vcb.descriptors.bytesOf(descriptor);
    }
  }
  if (!vcb.names.caseSensitive) irp.normalizedName = normalizedName(openedPath(irp), place.name);
  return STATUS.SUCCESS;
}

/** The path of what was opened: with openTargetDirectory that is the parent of what was named. */
export function openedPath({ fileName, openTargetDirectory }: CreateIrp): string {
  return openTargetDirectory ? fileName.slice(0, fileName.lastIndexOf('\\')) || '\\' : fileName;
}

/** The name as the directory has it, if only its case differs. */
function normalizedName(fileName: string, shown: string): string | undefined {
  const cut = fileName.lastIndexOf('\\') + 1;
  return fileName.length - cut === shown.length ? fileName.slice(0, cut) + shown : undefined;
}
