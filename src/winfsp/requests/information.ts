/** QueryInformation, SetInformation and FlushBuffers: they answer a FILE_INFO. */
import { FileInfo } from '../../fsbridge/file-info.ts';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type {
  FlushBuffersIrp,
  QueryInformationIrp,
  SetInformationIrp,
} from '../../fsbridge/irp/irp.ts';
import { INFORMATION_CLASS } from '../../fsbridge/nt.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { hex, informationClassName } from '../log-names.ts';
import { FileTransaction, noFileObject, RequestToken } from '../transaction.ts';
import {
  basicInformation,
  contextRequest,
  renameInformation,
  setInformationRequest,
} from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { infoResponse } from '../wire/response-layouts.ts';
import type { ResponseRecords } from '../wire/response-record.ts';

function describeInfo(info: FileInfo): string {
  return `size ${info.fileSize} attributes ${hex(info.fileAttributes)}`;
}

export class QueryInformationTransaction extends FileTransaction {
  #irp: QueryInformationIrp = { fileObject: noFileObject, fileInfo: new FileInfo() };

  protected override decodeRest(_record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.queryInformation(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    records.setFileInfo(infoResponse.FileInfo, this.#irp.fileInfo);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
  }

  override describeAnswer(): string {
    return describeInfo(this.#irp.fileInfo);
  }
}

export class SetInformationTransaction extends FileTransaction {
  #fileInfo = new FileInfo();
  #token = new RequestToken(this.host.tokens);
  #irp: SetInformationIrp | undefined;

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp = this.#decodeClass(record, fileObject);
    return this.#irp === undefined ? STATUS.INVALID_PARAMETER : STATUS.SUCCESS;
  }

  #decodeClass(record: RequestRecord, fileObject: FileObject): SetInformationIrp | undefined {
    const fileInfo = this.#fileInfo;
    const fileInformationClass = record.u32(setInformationRequest.FileInformationClass);
    const info = setInformationRequest.Info;
    switch (fileInformationClass) {
      case INFORMATION_CLASS.BASIC:
        return {
          fileObject,
          fileInfo,
          fileInformationClass,
          fileAttributes: record.u32(basicInformation.FileAttributes),
          creationTime: record.u64(basicInformation.CreationTime),
          lastAccessTime: record.u64(basicInformation.LastAccessTime),
          lastWriteTime: record.u64(basicInformation.LastWriteTime),
          changeTime: record.u64(basicInformation.ChangeTime),
        };
      case INFORMATION_CLASS.ALLOCATION:
        return { fileObject, fileInfo, fileInformationClass, allocationSize: record.u53(info) };
      case INFORMATION_CLASS.END_OF_FILE:
        return { fileObject, fileInfo, fileInformationClass, endOfFile: record.u53(info) };
      case INFORMATION_CLASS.DISPOSITION:
      case INFORMATION_CLASS.DISPOSITION_EX:
        return { fileObject, fileInfo, fileInformationClass, flags: record.u32(info) };
      case INFORMATION_CLASS.RENAME:
      case INFORMATION_CLASS.RENAME_EX: {
        const newName = record.name(renameInformation.NewFileName);
        if (newName === undefined) return undefined;
        const accessToken = this.#token.decode(record, renameInformation.AccessToken);
        const flags = record.u32(renameInformation.Flags);
        return { fileObject, fileInfo, fileInformationClass, newName, flags, accessToken };
      }
      default:
        return undefined;
    }
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.setInformation(this.#irp as SetInformationIrp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    records.setFileInfo(infoResponse.FileInfo, this.#fileInfo);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp = undefined;
  }

  override describe(): string {
    const irp = this.#irp;
    if (irp === undefined) return super.describe();
    const what = `${super.describe()} ${informationClassName(irp.fileInformationClass)}`;
    if ('newName' in irp) return `${what} "${irp.newName}" flags ${hex(irp.flags)}`;
    if ('flags' in irp) return `${what} flags ${hex(irp.flags)}`;
    if ('endOfFile' in irp) return `${what} ${irp.endOfFile}`;
    if ('allocationSize' in irp) return `${what} ${irp.allocationSize}`;
    return `${what} attributes ${hex(irp.fileAttributes)}`;
  }

  override describeAnswer(): string {
    return describeInfo(this.#fileInfo);
  }
}

export class FlushBuffersTransaction extends FileTransaction {
  #irp: FlushBuffersIrp = { fileObject: undefined, fileInfo: new FileInfo() };

  /** Two zero contexts mean the volume. */
  override decode(record: RequestRecord): NtStatus {
    this.#irp.fileObject = undefined;
    if (
      record.u53(contextRequest.UserContext) === 0 &&
      record.u53(contextRequest.UserContext2) === 0
    ) {
      return STATUS.SUCCESS;
    }
    return super.decode(record);
  }

  protected override decodeRest(_record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.flushBuffers(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    if (this.#irp.fileObject !== undefined) {
      records.setFileInfo(infoResponse.FileInfo, this.#irp.fileInfo);
    }
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = undefined;
  }

  override describe(): string {
    return this.#irp.fileObject === undefined ? 'the volume' : super.describe();
  }
}
