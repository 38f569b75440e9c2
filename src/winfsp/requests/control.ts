/** FileSystemControl (reparse points) and DeviceControl: a buffer in, a buffer out. */
import { Buffer } from 'node:buffer';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type { DeviceControlIrp, FileSystemControlIrp } from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { kind } from '../kinds.ts';
import { controlCodeName, hex } from '../names.ts';
import { FileTransaction, noFileObject, type TransactionHost } from '../transaction.ts';
import { deviceControlRequest, fileSystemControlRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { bufferResponse } from '../wire/response-layouts.ts';
import { type ResponseRecords, trailerMostBytes } from '../wire/response-record.ts';

const noBytes: Buffer = Buffer.alloc(0);

/** Writes a control's output; one that the answer cannot hold is an error. */
function encodeOutput(
  records: ResponseRecords,
  output: Buffer | undefined,
  status: NtStatus,
): NtStatus {
  if (output === undefined || output.length === 0) return status;
  if (output.length > trailerMostBytes) return STATUS.INSUFFICIENT_RESOURCES;
  records.setInformation(output.length);
  records.addBytes(bufferResponse.Buffer, output);
  return status;
}

export class FileSystemControlTransaction extends FileTransaction {
  #irp: FileSystemControlIrp = {
    fileObject: noFileObject,
    fsControlCode: 0,
    inputBuffer: noBytes,
    outputBufferLength: trailerMostBytes,
    targetOnFileSystem: 0,
    accessToken: undefined,
    outputBuffer: undefined,
  };

  constructor(host: TransactionHost) {
    super(host, kind.FileSystemControl);
  }

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    irp.fileObject = fileObject;
    irp.fsControlCode = record.u32(fileSystemControlRequest.FsControlCode);
    irp.inputBuffer = record.copy(fileSystemControlRequest.Buffer) ?? noBytes;
    irp.targetOnFileSystem = record.u16(fileSystemControlRequest.TargetOnFileSystem);
    irp.outputBuffer = undefined;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.fileSystemControl(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    return encodeOutput(records, this.#irp.outputBuffer, status);
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.inputBuffer = noBytes;
    this.#irp.outputBuffer = undefined;
  }

  override describe(): string {
    const { fsControlCode, inputBuffer } = this.#irp;
    return `${super.describe()} ${controlCodeName(fsControlCode)} ${inputBuffer.length} bytes`;
  }
}

export class DeviceControlTransaction extends FileTransaction {
  #irp: DeviceControlIrp = {
    fileObject: noFileObject,
    ioControlCode: 0,
    inputBuffer: noBytes,
    outputBufferLength: 0,
    outputBuffer: undefined,
  };

  constructor(host: TransactionHost) {
    super(host, kind.DeviceControl);
  }

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    irp.fileObject = fileObject;
    irp.ioControlCode = record.u32(deviceControlRequest.IoControlCode);
    irp.inputBuffer = record.copy(deviceControlRequest.Buffer) ?? noBytes;
    irp.outputBufferLength = record.u32(deviceControlRequest.OutputLength);
    irp.outputBuffer = undefined;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.deviceControl(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    return encodeOutput(records, this.#irp.outputBuffer, status);
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.inputBuffer = noBytes;
    this.#irp.outputBuffer = undefined;
  }

  override describe(): string {
    return `${super.describe()} ${hex(this.#irp.ioControlCode)}`;
  }
}
