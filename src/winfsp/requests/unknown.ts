/** A request of an unknown kind: it is refused, but answered like every other request. */
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { Transaction } from '../transaction.ts';

export class UnknownTransaction extends Transaction {
  override decode(): NtStatus {
    return STATUS.INVALID_DEVICE_REQUEST;
  }

  protected override run(): Promise<NtStatus> {
    return Promise.resolve(STATUS.INVALID_DEVICE_REQUEST);
  }

  override encode(): NtStatus {
    return STATUS.INVALID_DEVICE_REQUEST;
  }

  override release(): void {}

  override describe(): string {
    return '';
  }
}
