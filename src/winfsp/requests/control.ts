/** FileSystemControl (reparse points) and DeviceControl: a buffer in, a buffer out. */
import { Buffer } from 'node:buffer';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type { DeviceControlIrp, FileSystemControlIrp } from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { controlCodeName, hex } from '../log-names.ts';
import { FileTransaction, noFileObject } from '../transaction.ts';
import { deviceControlRequest, fileSystemControlRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { bufferResponse } from '../wire/response-layouts.ts';
import { maxTrailerBytes, type ResponseRecords } from '../wire/response-record.ts';

const noBytes: Buffer = Buffer.alloc(0);

/** The common part: an irp with an input buffer, and an output buffer that the engine may set. */
abstract class ControlTransaction<
  Irp extends { fileObject: FileObject; inputBuffer: Buffer; outputBuffer: Buffer | undefined },
> extends FileTransaction {
  protected abstract readonly irp: Irp;

  /** An output that does not fit into the answer is an error. */
  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const output = this.irp.outputBuffer;
    if (output === undefined || output.length === 0) return status;
    if (output.length > maxTrailerBytes) return STATUS.INSUFFICIENT_RESOURCES;
    records.setInformation(output.length);
    records.addBytes(bufferResponse.Buffer, output);
    return status;
  }

  override release(): void {
    super.release();
    this.irp.fileObject = noFileObject;
    this.irp.inputBuffer = noBytes;
    this.irp.outputBuffer = undefined;
  }
}

export class FileSystemControlTransaction extends ControlTransaction<FileSystemControlIrp> {
  protected readonly irp: FileSystemControlIrp = {
    fileObject: noFileObject,
    fsControlCode: 0,
    inputBuffer: noBytes,
    outputBufferLength: maxTrailerBytes,
    targetOnFileSystem: 0,
    outputBuffer: undefined,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const { irp } = this;
    irp.fileObject = fileObject;
    irp.fsControlCode = record.u32(fileSystemControlRequest.FsControlCode);
    irp.inputBuffer = record.copy(fileSystemControlRequest.Buffer) ?? noBytes;
    irp.targetOnFileSystem = record.u16(fileSystemControlRequest.TargetOnFileSystem);
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.fileSystemControl(this.irp);
  }

  override describe(): string {
    const { fsControlCode, inputBuffer } = this.irp;
    return `${super.describe()} ${controlCodeName(fsControlCode)} ${inputBuffer.length} bytes`;
  }
}

export class DeviceControlTransaction extends ControlTransaction<DeviceControlIrp> {
  protected readonly irp: DeviceControlIrp = {
    fileObject: noFileObject,
    ioControlCode: 0,
    inputBuffer: noBytes,
    outputBufferLength: 0,
    outputBuffer: undefined,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const { irp } = this;
    irp.fileObject = fileObject;
    irp.ioControlCode = record.u32(deviceControlRequest.IoControlCode);
    irp.inputBuffer = record.copy(deviceControlRequest.Buffer) ?? noBytes;
    irp.outputBufferLength = record.u32(deviceControlRequest.OutputLength);
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.deviceControl(this.irp);
  }

  override describe(): string {
    return `${super.describe()} ${hex(this.irp.ioControlCode)}`;
  }
}
