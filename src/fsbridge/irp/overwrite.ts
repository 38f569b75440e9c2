/**
 * The second half of IRP_MJ_CREATE for a file that is superseded or overwritten (MS-FSA 2.1.5.1.2):
 * its content and its EAs go, its attributes are set anew or added to.
 *
 * Steps: 1 validate, 2 get a descriptor, 3 (rights were checked at Create), 4 do, 5 answer. Where
 * it fails the file object is closed: no Close comes for it.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { itself } from '../../vfs-linux/calls.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { eaXattrs } from '../eas.ts';
import { applyEas } from '../eas-set.ts';
import { storedAttributes } from '../file-info.ts';
import { queryInfo, setAttributes } from '../inode.ts';
import { writeFdOf } from '../io.ts';
import { reserveRoom } from '../reserve-room.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import { close } from './close.ts';
import type { OverwriteIrp } from './irp.ts';

export async function overwrite(vcb: Vcb, irp: OverwriteIrp): Promise<NtStatus> {
  let status: NtStatus = STATUS.INTERNAL_ERROR;
  try {
    status = await replaceContent(vcb, irp);
  } finally {
    if (status !== STATUS.SUCCESS) await close(vcb, { fileObject: irp.fileObject });
  }
  return status;
}

async function replaceContent(vcb: Vcb, irp: OverwriteIrp): Promise<NtStatus> {
  const { fileObject } = irp;
  const { fcb } = fileObject;
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  if (fcb.type !== abi.S_IFREG) return STATUS.ACCESS_DENIED;
  // 2 get a descriptor
  const fd = await writeFdOf(vcb, fcb);
  if (isErrno(fd)) return ntStatusOf(fd);
  // 4 do
  const cut = await vcb.calls.ftruncate(fd, 0);
  if (isErrno(cut)) return ntStatusOf(cut);
  const room = await reserveRoom(vcb, fd, irp.allocationSize);
  if (room !== STATUS.SUCCESS) return room;
  for (const name of await eaXattrs(vcb, fcb)) {
    await vcb.calls.removexattrat(itself(fcb.handle), name);
  }
  fcb.eaSize = undefined;
  if (irp.ea !== undefined) {
    const extended = await applyEas(vcb, fcb, irp.ea);
    if (extended !== STATUS.SUCCESS) return extended;
  }
  const before = irp.supersede ? 0 : storedAttributes(fcb.dos, fcb.type);
  const asked = irp.fileAttributes === 0xffffffff ? 0 : irp.fileAttributes;
  const attributes = before | asked | FILE_ATTRIBUTE.ARCHIVE;
  const kept = await setAttributes(vcb, fcb, attributes, fcb.dos?.creationTime);
  if (isErrno(kept)) return ntStatusOf(kept);
  // 5 answer
  return queryInfo(vcb, fileObject, irp.fileInfo);
}
