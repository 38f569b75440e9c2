/** IRP_MJ_QUERY_VOLUME_INFORMATION: sizes and label (MS-FSA 2.1.5.13). */
import { isErrno } from '../../vfs-linux/errno.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { QueryVolumeInformationIrp, VolumeInfo } from './irp.ts';

/** FILE_FS_VOLUME_INFORMATION as WinFsp has it. */
export const labelMostUnits = 32;

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
  // What root alone may use is not there for anybody else.
  info.freeSize = statfs.bavail * statfs.frsize;
  info.volumeLabel = await labelOf(vcb);
  return STATUS.SUCCESS;
}

/** The option's label, the file system's own, or nothing. */
async function labelOf(vcb: Vcb): Promise<string> {
  const given = vcb.options.label ?? vcb.label;
  if (given !== undefined) return given.slice(0, labelMostUnits);
  const label = await vcb.volume.readLabel();
  vcb.label = isErrno(label) ? '' : label;
  return vcb.label.slice(0, labelMostUnits);
}
