/** IRP_MJ_SET_EA: sets and, with an empty value, removes EAs (MS-FSA 2.1.5.16). */
import { applyEas } from '../eas-set.ts';
import { queryInfo } from '../inode.ts';
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { SetEaIrp } from './irp.ts';
import { queryEa } from './query-ea.ts';

export async function setEa(vcb: Vcb, irp: SetEaIrp): Promise<NtStatus> {
  irp.answeredEa = undefined;
  const { fileObject } = irp;
  // 1 validate
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  // 4 do
  const status = await applyEas(vcb, fileObject.fcb, irp.ea);
  if (status !== STATUS.SUCCESS) return status;
  // 5 answer
  const answer = { fileObject, ea: undefined as SetEaIrp['answeredEa'] };
  if ((await queryEa(vcb, answer)) === STATUS.SUCCESS) irp.answeredEa = answer.ea;
  return queryInfo(vcb, fileObject, irp.fileInfo);
}
