/** IRP_MJ_QUERY_VOLUME_INFORMATION: sizes and label (MS-FSA 2.1.5.13). */

import { isErrno } from '../../vfs-linux/errno.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { QueryVolumeInformationIrp, VolumeInfo } from './irp.ts';

export function queryVolumeInformation(
  vcb: Vcb,
  irp: QueryVolumeInformationIrp,
): Promise<NtStatus> {
  return fillVolumeInfo(vcb, irp.volumeInfo);
}

export async function fillVolumeInfo(vcb: Vcb, info: VolumeInfo): Promise<NtStatus> {
  const statfs = await vcb.calls.fstatfs(vcb.volume.root);
  if (isErrno(statfs)) return ntStatusOf(statfs);
  info.totalSize = statfs.blocks * statfs.frsize;
  // Blocks that are reserved for root are not free to other users.
  info.freeSize = statfs.bavail * statfs.frsize;
  info.volumeLabel = await vcb.label.read();
  return STATUS.SUCCESS;
}
