/** QueryVolumeInformation and SetVolumeInformation: requests without a file. */
import type {
  QueryVolumeInformationIrp,
  SetVolumeInformationIrp,
  VolumeInfo,
} from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { Transaction } from '../transaction.ts';
import { setVolumeRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { infoResponse } from '../wire/response-layouts.ts';
import type { ResponseRecords } from '../wire/response-record.ts';

/** FileFsLabelInformation */
const labelClass = 2;

abstract class VolumeTransaction extends Transaction {
  protected volumeInfo: VolumeInfo = { totalSize: 0, freeSize: 0, volumeLabel: '' };

  override release(): void {}

  override describe(): string {
    return '';
  }

  override describeAnswer(): string {
    const { totalSize, freeSize, volumeLabel } = this.volumeInfo;
    return `"${volumeLabel}" ${totalSize} bytes, ${freeSize} free`;
  }
}

export class QueryVolumeInformationTransaction extends VolumeTransaction {
  #irp: QueryVolumeInformationIrp = { volumeInfo: this.volumeInfo };

  override decode(): NtStatus {
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.queryVolumeInformation(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    this.volumeInfo = this.#irp.volumeInfo;
    records.setVolumeInfo(infoResponse.FileInfo, this.volumeInfo);
    return status;
  }
}

export class SetVolumeInformationTransaction extends VolumeTransaction {
  #irp: SetVolumeInformationIrp = { volumeLabel: '', volumeInfo: this.volumeInfo };

  override decode(record: RequestRecord): NtStatus {
    if (record.u32(setVolumeRequest.FsInformationClass) !== labelClass) {
      return STATUS.INVALID_PARAMETER;
    }
    this.#irp.volumeLabel = record.name(setVolumeRequest.VolumeLabel) ?? '';
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.setVolumeInformation(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    this.volumeInfo = this.#irp.volumeInfo;
    records.setVolumeInfo(infoResponse.FileInfo, this.volumeInfo);
    return status;
  }

  override describe(): string {
    return `label "${this.#irp.volumeLabel}"`;
  }
}
