/** IRP_MJ_QUERY_INFORMATION: the file's present state (MS-FSA 2.1.5.12). */
import { queryInfo } from '../inode.ts';
import type { NtStatus } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { QueryInformationIrp } from './irp.ts';

export function queryInformation(vcb: Vcb, irp: QueryInformationIrp): Promise<NtStatus> {
  return queryInfo(vcb, irp.fileObject, irp.fileInfo);
}
