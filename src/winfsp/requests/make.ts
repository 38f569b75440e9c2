/** The class for each kind of request. */
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { kind } from '../kinds.ts';
import { Transaction, type TransactionHost } from '../transaction.ts';
import {
  QueryEaTransaction,
  QuerySecurityTransaction,
  SetEaTransaction,
  SetSecurityTransaction,
} from './attributes.ts';
import { DeviceControlTransaction, FileSystemControlTransaction } from './control.ts';
import { CreateTransaction, OverwriteTransaction } from './create.ts';
import { ReadTransaction, WriteTransaction } from './data.ts';
import { QueryDirectoryTransaction } from './directory.ts';
import { CleanupTransaction, CloseTransaction } from './handle.ts';
import {
  FlushBuffersTransaction,
  QueryInformationTransaction,
  SetInformationTransaction,
} from './information.ts';
import { QueryVolumeInformationTransaction, SetVolumeInformationTransaction } from './volume.ts';

type TransactionClass = new (host: TransactionHost) => Transaction;

const classes: ReadonlyMap<number, TransactionClass> = new Map<number, TransactionClass>([
  [kind.Create, CreateTransaction],
  [kind.Overwrite, OverwriteTransaction],
  [kind.Cleanup, CleanupTransaction],
  [kind.Close, CloseTransaction],
  [kind.Read, ReadTransaction],
  [kind.Write, WriteTransaction],
  [kind.QueryInformation, QueryInformationTransaction],
  [kind.SetInformation, SetInformationTransaction],
  [kind.QueryEa, QueryEaTransaction],
  [kind.SetEa, SetEaTransaction],
  [kind.FlushBuffers, FlushBuffersTransaction],
  [kind.QueryVolumeInformation, QueryVolumeInformationTransaction],
  [kind.SetVolumeInformation, SetVolumeInformationTransaction],
  [kind.QueryDirectory, QueryDirectoryTransaction],
  [kind.FileSystemControl, FileSystemControlTransaction],
  [kind.DeviceControl, DeviceControlTransaction],
  [kind.QuerySecurity, QuerySecurityTransaction],
  [kind.SetSecurity, SetSecurityTransaction],
]);

/**
 * Shutdown and LockControl have numbers but are never sent; QueryStreamInformation is not sent for a
 * volume without named streams; and later drivers may have kinds that do not exist yet.
 */
class UnknownTransaction extends Transaction {
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

export function makeTransaction(host: TransactionHost, number: number): Transaction {
  const Class = classes.get(number);
  return Class === undefined ? new UnknownTransaction(host, number) : new Class(host);
}
