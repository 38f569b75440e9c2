/** IRP_MJ_SET_VOLUME_INFORMATION: the label, where the file system's driver can set it. */
import { errno } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { SetVolumeInformationIrp } from './irp.ts';
import { fillVolumeInfo, labelMostUnits } from './query-volume-information.ts';

export async function setVolumeInformation(
  vcb: Vcb,
  irp: SetVolumeInformationIrp,
): Promise<NtStatus> {
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  // A label given for this mount is not the disk's: there is nothing to change.
  if (vcb.options.label !== undefined) return STATUS.INVALID_DEVICE_REQUEST;
  const { volumeLabel } = irp;
  if (volumeLabel.length > labelMostUnits) return STATUS.INVALID_PARAMETER;
  // 4 do
  const ret = await vcb.volume.writeLabel(volumeLabel);
  if (ret === -errno.ENOTTY || ret === -errno.EOPNOTSUPP) return STATUS.INVALID_DEVICE_REQUEST;
  // The driver's own limit: 16 bytes on ext4, 12 on XFS.
  if (ret === -errno.EINVAL) return STATUS.INVALID_PARAMETER;
  if (isErrno(ret)) return ntStatusOf(ret);
  vcb.label = undefined;
  // 5 answer
  return fillVolumeInfo(vcb, irp.volumeInfo);
}
