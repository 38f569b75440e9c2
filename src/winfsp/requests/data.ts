/**
 * Read and Write. The data lies in memory that the driver has mapped into this process: the kernel
 * copies straight between it and its page cache.
 */
import { Buffer } from 'node:buffer';
import { FileInfo } from '../../fsbridge/file-info.ts';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type { ReadIrp, WriteIrp } from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { FileTransaction, noFileObject } from '../transaction.ts';
import { transferRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import { infoResponse } from '../wire/response-layouts.ts';
import type { ResponseRecords } from '../wire/response-record.ts';

const noBytes: Buffer = Buffer.alloc(0);
/** FILE_WRITE_TO_END_OF_FILE: an offset of -1 appends. */
const endOfFile = -1;

abstract class TransferTransaction extends FileTransaction {
  protected buffer: Buffer = noBytes;

  /** Makes a view of the driver's memory. Answers whether the request is valid. */
  protected decodeBuffer(record: RequestRecord): boolean {
    const length = record.u32(transferRequest.Length);
    this.bulkBytes = length;
    this.buffer = noBytes;
    if (length === 0) return true;
    const address = record.u64(transferRequest.Address);
    if (address === 0n) return false;
    this.buffer = this.host.memory.view(address, length);
    return this.buffer.length === length;
  }

  override detach(): void {
    this.host.memory.detach?.(this.buffer);
  }

  override release(): void {
    super.release();
    this.host.memory.release?.(this.buffer);
    this.buffer = noBytes;
  }
}

export class ReadTransaction extends TransferTransaction {
  #irp: ReadIrp = { fileObject: noFileObject, buffer: noBytes, byteOffset: 0, information: 0 };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    if (!this.decodeBuffer(record)) return STATUS.INVALID_PARAMETER;
    irp.fileObject = fileObject;
    irp.buffer = this.buffer;
    irp.byteOffset = record.u53(transferRequest.Offset);
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.read(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    records.setInformation(this.#irp.information);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.buffer = noBytes;
  }

  override describe(): string {
    return `${super.describe()} ${this.bulkBytes} bytes at ${this.#irp.byteOffset}`;
  }

  override describeAnswer(): string {
    return `${this.#irp.information} bytes`;
  }
}

export class WriteTransaction extends TransferTransaction {
  #irp: WriteIrp = {
    fileObject: noFileObject,
    buffer: noBytes,
    byteOffset: 0,
    constrainedIo: false,
    information: 0,
    fileInfo: new FileInfo(),
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    if (!this.decodeBuffer(record)) return STATUS.INVALID_PARAMETER;
    irp.fileObject = fileObject;
    irp.buffer = this.buffer;
    irp.byteOffset = record.isAllOnes(transferRequest.Offset)
      ? endOfFile
      : record.u53(transferRequest.Offset);
    irp.constrainedIo = (record.u32(transferRequest.Flags) & 1) !== 0;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.write(this.#irp);
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    records.setInformation(this.#irp.information);
    records.setFileInfo(infoResponse.FileInfo, this.#irp.fileInfo);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.buffer = noBytes;
  }

  override describe(): string {
    const { byteOffset, constrainedIo } = this.#irp;
    const where = byteOffset === endOfFile ? 'at the end' : `at ${byteOffset}`;
    return `${super.describe()} ${this.bulkBytes} bytes ${where}${constrainedIo ? ' paging' : ''}`;
  }

  override describeAnswer(): string {
    return `${this.#irp.information} bytes, size ${this.#irp.fileInfo.fileSize}`;
  }
}
