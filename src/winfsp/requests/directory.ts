/** QueryDirectory: one part of a listing, written straight into the driver's memory. */
import { Buffer } from 'node:buffer';
import type { FileObject } from '../../fsbridge/file-object.ts';
import type { DirectoryControlIrp } from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { FileTransaction, noFileObject } from '../transaction.ts';
import { DirInfoWriter } from '../wire/dir-info.ts';
import { directoryFlags, directoryRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import type { ResponseRecords } from '../wire/response-record.ts';

const noBytes: Buffer = Buffer.alloc(0);

export class QueryDirectoryTransaction extends FileTransaction {
  #buffer: Buffer = noBytes;
  #writer = new DirInfoWriter();
  #irp: DirectoryControlIrp = {
    fileObject: noFileObject,
    pattern: undefined,
    patternIsFileName: false,
    marker: undefined,
    markerOffset: 0,
    writer: this.#writer,
    endOfDirectory: false,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    const length = record.u32(directoryRequest.Length);
    const address = record.u64(directoryRequest.Address);
    if (address === 0n || length === 0) return STATUS.INVALID_PARAMETER;
    irp.fileObject = fileObject;
    irp.pattern = record.name(directoryRequest.Pattern);
    irp.patternIsFileName =
      (record.u32(directoryRequest.Flags) & directoryFlags.PatternIsFileName) !== 0;
    irp.markerOffset = record.bufU53(directoryRequest.Marker);
    this.#buffer = this.host.memory.view(address, length);
    this.#writer.begin(this.#buffer);
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.directoryControl(this.#irp);
  }

  override detach(): void {
    this.#writer.detach();
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    // Without an entry the driver has no place to continue from: this is the end too.
    if (this.#irp.endOfDirectory || this.#writer.length === 0) this.#writer.end();
    records.setInformation(this.#writer.length);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#buffer = noBytes;
    this.#writer.detach();
  }

  override describe(): string {
    const { pattern, patternIsFileName, markerOffset } = this.#irp;
    const which =
      pattern === undefined ? '' : ` ${patternIsFileName ? 'name' : 'pattern'} "${pattern}"`;
    return `${super.describe()}${which} behind ${markerOffset}, ${this.#buffer.length} bytes`;
  }

  override describeAnswer(): string {
    return `${this.#writer.length} bytes${this.#irp.endOfDirectory ? ', the end' : ''}`;
  }
}
