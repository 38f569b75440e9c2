/**
 * IRP_MJ_DEVICE_CONTROL: fsbridge's own codes, for programs that know it; all others are refused.
 */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import { flushVolume } from './flush-buffers.ts';
import type { DeviceControlIrp } from './irp.ts';

/** CTL_CODE(0x8fb5, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS): the whole volume is written out. */
export const IOCTL_FSBRIDGE_SYNC = 0x8fb52000;

export async function deviceControl(vcb: Vcb, irp: DeviceControlIrp): Promise<NtStatus> {
  irp.outputBuffer = undefined;
  return irp.ioControlCode === IOCTL_FSBRIDGE_SYNC
    ? flushVolume(vcb)
    : STATUS.INVALID_DEVICE_REQUEST;
}
