/** IRP_MJ_SET_VOLUME_INFORMATION: the label, where the file system's driver can set it. */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { SetVolumeInformationIrp } from './irp.ts';
import { fillVolumeInfo } from './query-volume-information.ts';

export async function setVolumeInformation(
  vcb: Vcb,
  irp: SetVolumeInformationIrp,
): Promise<NtStatus> {
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  // 4 do
  const status = await vcb.label.write(irp.volumeLabel);
  // 5 answer
  return status === STATUS.SUCCESS ? fillVolumeInfo(vcb, irp.volumeInfo) : status;
}
