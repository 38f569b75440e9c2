/**
 * IRP_MJ_QUERY_EA: the file's EAs, all of them, and behind them what WSL wants to know of the inode
 * ($LXUID, $LXGID, $LXMOD, $LXDEV), made from its statx.
 */

import { isErrno } from '../../vfs-linux/errno.ts';
import { readEas } from '../eas.ts';
import { formatEaList } from '../translate/ea.ts';
import { lxEasOf } from '../translate/lx-metadata.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { QueryEaIrp } from './irp.ts';

export async function queryEa(vcb: Vcb, irp: QueryEaIrp): Promise<NtStatus> {
  irp.ea = undefined;
  const { fcb } = irp.fileObject;
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return ntStatusOf(statx);
  const eas = await readEas(vcb, fcb);
  if (isErrno(eas)) return ntStatusOf(eas);
  irp.ea = formatEaList([...eas, ...lxEasOf(statx)]);
  return STATUS.SUCCESS;
}
