/** IRP_MJ_SHUTDOWN: the system goes down: everything that was written is brought to the disk. */
import type { NtStatus } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import { flushVolume } from './flush-buffers.ts';

export function shutdown(vcb: Vcb): Promise<NtStatus> {
  return flushVolume(vcb);
}
