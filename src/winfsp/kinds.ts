/**
 * The kinds of requests: the driver's number (FSP_FSCTL_TRANSACT_*Kind), the name for logs and
 * statistics, and the class that decodes a request, runs it and encodes its answer.
 */
import {
  QueryEaTransaction,
  QuerySecurityTransaction,
  SetEaTransaction,
  SetSecurityTransaction,
} from './requests/attributes.ts';
import { DeviceControlTransaction, FileSystemControlTransaction } from './requests/control.ts';
import { CreateTransaction, OverwriteTransaction } from './requests/create.ts';
import { ReadTransaction, WriteTransaction } from './requests/data.ts';
import { QueryDirectoryTransaction } from './requests/directory.ts';
import { CleanupTransaction, CloseTransaction } from './requests/handle.ts';
import {
  FlushBuffersTransaction,
  QueryInformationTransaction,
  SetInformationTransaction,
} from './requests/information.ts';
import { UnknownTransaction } from './requests/unknown.ts';
import {
  QueryVolumeInformationTransaction,
  SetVolumeInformationTransaction,
} from './requests/volume.ts';
import type { Transaction, TransactionHost } from './transaction.ts';

type TransactionClass = new (host: TransactionHost, kind: number) => Transaction;

interface RequestKind {
  readonly number: number;
  readonly name: string;
  readonly transaction: TransactionClass;
}

/** One row for each number from 0 on. */
const kinds: readonly RequestKind[] = [
  // FspFsctlTransactReservedKind stands for every number that later drivers may send.
  { number: 0, name: 'Unknown', transaction: UnknownTransaction },
  { number: 1, name: 'Create', transaction: CreateTransaction },
  { number: 2, name: 'Overwrite', transaction: OverwriteTransaction },
  { number: 3, name: 'Cleanup', transaction: CleanupTransaction },
  { number: 4, name: 'Close', transaction: CloseTransaction },
  { number: 5, name: 'Read', transaction: ReadTransaction },
  { number: 6, name: 'Write', transaction: WriteTransaction },
  { number: 7, name: 'QueryInformation', transaction: QueryInformationTransaction },
  { number: 8, name: 'SetInformation', transaction: SetInformationTransaction },
  { number: 9, name: 'QueryEa', transaction: QueryEaTransaction },
  { number: 10, name: 'SetEa', transaction: SetEaTransaction },
  { number: 11, name: 'FlushBuffers', transaction: FlushBuffersTransaction },
  { number: 12, name: 'QueryVolumeInformation', transaction: QueryVolumeInformationTransaction },
  { number: 13, name: 'SetVolumeInformation', transaction: SetVolumeInformationTransaction },
  { number: 14, name: 'QueryDirectory', transaction: QueryDirectoryTransaction },
  { number: 15, name: 'FileSystemControl', transaction: FileSystemControlTransaction },
  { number: 16, name: 'DeviceControl', transaction: DeviceControlTransaction },
  // The header numbers these two, and no driver sends them.
  { number: 17, name: 'Shutdown', transaction: UnknownTransaction },
  { number: 18, name: 'LockControl', transaction: UnknownTransaction },
  { number: 19, name: 'QuerySecurity', transaction: QuerySecurityTransaction },
  { number: 20, name: 'SetSecurity', transaction: SetSecurityTransaction },
  // Sent only for a volume with named streams, and volume-parameters.ts claims none.
  { number: 21, name: 'QueryStreamInformation', transaction: UnknownTransaction },
];

/** The names by number; index 0 is the name of all numbers without a row. */
export const kindNames: readonly string[] = kinds.map(({ name }) => name);

export function kindName(number: number): string {
  return kindNames[number] ?? `Unknown(${number})`;
}

export function makeTransaction(host: TransactionHost, number: number): Transaction {
  const { transaction: Class } = kinds[number] ?? (kinds[0] as RequestKind);
  return new Class(host, number);
}
