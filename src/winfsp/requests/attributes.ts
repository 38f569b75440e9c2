/** QueryEa, SetEa, QuerySecurity and SetSecurity: lists and descriptors in the trailer. */
import { Buffer } from 'node:buffer';
import { FileInfo } from '../../fsbridge/file-info.ts';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type {
  QueryEaIrp,
  QuerySecurityIrp,
  SetEaIrp,
  SetSecurityIrp,
} from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { hex } from '../log-names.ts';
import { FileTransaction, noFileObject } from '../transaction.ts';
import { setEaRequest, setSecurityRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { bufferResponse, infoResponse } from '../wire/response-layouts.ts';
import { maxTrailerBytes, type ResponseRecords } from '../wire/response-record.ts';

const noBytes: Buffer = Buffer.alloc(0);

export class QueryEaTransaction extends FileTransaction {
  #irp: QueryEaIrp = { fileObject: noFileObject, ea: undefined };

  protected override decodeRest(_record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.queryEa(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const { ea } = this.#irp;
    if (ea === undefined || ea.length === 0) return status;
    if (ea.length > maxTrailerBytes) return STATUS.EA_TOO_LARGE;
    records.addBytes(bufferResponse.Buffer, ea);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.ea = undefined;
  }

  override describeAnswer(): string {
    return `${this.#irp.ea?.length ?? 0} bytes`;
  }
}

export class SetEaTransaction extends FileTransaction {
  #irp: SetEaIrp = {
    fileObject: noFileObject,
    ea: noBytes,
    fileInfo: new FileInfo(),
    answeredEa: undefined,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    this.#irp.ea = record.copy(setEaRequest.Ea) ?? noBytes;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.setEa(this.#irp);
  }

  /** The new list is for the driver's cache, so a list that is too long is left out. */
  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const { answeredEa, fileInfo } = this.#irp;
    records.setFileInfo(infoResponse.FileInfo, fileInfo);
    if (answeredEa !== undefined && answeredEa.length <= maxTrailerBytes) {
      records.addBytes(infoResponse.Ea, answeredEa);
    }
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.ea = noBytes;
    this.#irp.answeredEa = undefined;
  }

  override describe(): string {
    return `${super.describe()} ${this.#irp.ea.length} bytes`;
  }
}

export class QuerySecurityTransaction extends FileTransaction {
  #irp: QuerySecurityIrp = { fileObject: noFileObject, securityDescriptor: undefined };

  protected override decodeRest(_record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.querySecurity(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const { securityDescriptor } = this.#irp;
    if (securityDescriptor === undefined) return STATUS.INTERNAL_ERROR;
    if (securityDescriptor.length > maxTrailerBytes) return STATUS.INSUFFICIENT_RESOURCES;
    records.addBytes(bufferResponse.Buffer, securityDescriptor);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.securityDescriptor = undefined;
  }

  override describeAnswer(): string {
    return `${this.#irp.securityDescriptor?.length ?? 0} bytes`;
  }
}

export class SetSecurityTransaction extends FileTransaction {
  #irp: SetSecurityIrp = {
    fileObject: noFileObject,
    securityInformation: 0,
    modificationDescriptor: noBytes,
    securityDescriptor: undefined,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    const descriptor = record.copy(setSecurityRequest.SecurityDescriptor);
    if (descriptor === undefined) return STATUS.INVALID_PARAMETER;
    irp.fileObject = fileObject;
    irp.securityInformation = record.u32(setSecurityRequest.SecurityInformation);
    irp.modificationDescriptor = descriptor;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.setSecurity(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const { securityDescriptor } = this.#irp;
    if (securityDescriptor !== undefined && securityDescriptor.length <= maxTrailerBytes) {
      records.addBytes(bufferResponse.Buffer, securityDescriptor);
    }
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.modificationDescriptor = noBytes;
    this.#irp.securityDescriptor = undefined;
  }

  override describe(): string {
    return `${super.describe()} information ${hex(this.#irp.securityInformation)}`;
  }
}
