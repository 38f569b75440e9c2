/** Cleanup and Close: a handle's end. Neither can fail, and both are carried out in any case. */
import type { FileObject } from '../../fsbridge/file-object.ts';
import type { CleanupIrp, CloseIrp } from '../../fsbridge/irp/irp.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { FileTransaction, noFileObject } from '../transaction.ts';
import { cleanupFlags, cleanupRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';

export class CleanupTransaction extends FileTransaction {
  override readonly mustRun: boolean = true;
  #irp: CleanupIrp = {
    fileObject: noFileObject,
    delete: false,
    setAllocationSize: false,
    setArchiveBit: false,
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    const flags = record.u32(cleanupRequest.Flags);
    irp.fileObject = fileObject;
    irp.delete = (flags & cleanupFlags.Delete) !== 0;
    irp.setAllocationSize = (flags & cleanupFlags.SetAllocationSize) !== 0;
    irp.setArchiveBit = (flags & cleanupFlags.SetArchiveBit) !== 0;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.cleanup(this.#irp);
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
  }

  override describe(): string {
    return `${super.describe()}${this.#irp.delete ? ' delete' : ''}`;
  }
}

export class CloseTransaction extends FileTransaction {
  override readonly mustRun: boolean = true;
  #irp: CloseIrp = { fileObject: noFileObject };

  protected override decodeRest(_record: RequestRecord, fileObject: FileObject): NtStatus {
    this.#irp.fileObject = fileObject;
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.close(this.#irp);
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
  }
}
