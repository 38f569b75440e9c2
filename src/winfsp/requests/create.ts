/** Create and Overwrite: the two halves of IRP_MJ_CREATE. */
import { FileInfo } from '../../fsbridge/file-info.ts';
import type { FileObject } from '../../fsbridge/file-object.ts';
import { openedPath } from '../../fsbridge/irp/create-answer.ts';
import type { CreateIrp, OverwriteIrp } from '../../fsbridge/irp/irp.ts';
import { newCreateIrp } from '../../fsbridge/irp/new-create.ts';
import { type NtStatus, STATUS } from '../../fsbridge/translate/ntstatus.ts';
import { createDispositionName, hex } from '../log-names.ts';
import { FileTransaction, noFileObject, RequestToken, Transaction } from '../transaction.ts';
import { request } from '../wire/layouts.ts';
import { createFlags, createRequest, overwriteRequest } from '../wire/request-layouts.ts';
import type { RequestRecord } from '../wire/request-record.ts';
import {
  bufferResponse,
  infoResponse,
  openedFlags,
  openedResponse,
} from '../wire/response-layouts.ts';
import { maxTrailerBytes, type ResponseRecords } from '../wire/response-record.ts';

/**
 * The driver keeps one UserContext for a file's name, that of its first opener, and a UserContext2
 * for each handle. UserContext2 is the file object's number. UserContext must only differ from 0: a
 * flush with two zeros flushes the volume.
 */
const userContext = 1;

export class CreateTransaction extends Transaction {
  #token = new RequestToken(this.host.tokens);
  #irp: CreateIrp = newCreateIrp();
  /** For the trace alone: share modes are the driver's. */
  #shareAccess = 0;

  override decode(record: RequestRecord): NtStatus {
    const irp = this.#irp;
    // Its own queue: the driver holds a lock during a Create, so it must not wait for another one.
    this.file = this;
    const fileName = record.name(request.FileName);
    if (fileName === undefined) return STATUS.OBJECT_NAME_INVALID;
    if (record.u16(createRequest.NamedStream) !== 0) return STATUS.OBJECT_NAME_INVALID;
    const options = record.u32(createRequest.CreateOptions);
    irp.fileName = fileName;
    irp.createDisposition = options >>> 24;
    irp.createOptions = options & 0xffffff;
    irp.fileAttributes = record.u32(createRequest.FileAttributes);
    irp.desiredAccess = record.u32(createRequest.DesiredAccess);
    irp.grantedAccess = record.u32(createRequest.GrantedAccess);
    this.#shareAccess = record.u32(createRequest.ShareAccess);
    irp.securityDescriptor = record.copy(createRequest.SecurityDescriptor);
    irp.allocationSize = record.u53(createRequest.AllocationSize);
    irp.ea = record.copy(createRequest.Ea);
    irp.accessToken = this.#token.decode(record, createRequest.AccessToken);
    this.#decodeFlags(record.u32(createRequest.Flags));
    return STATUS.SUCCESS;
  }

  #decodeFlags(flags: number): void {
    const irp = this.#irp;
    irp.userMode = (flags & createFlags.UserMode) !== 0;
    irp.hasTraversePrivilege = (flags & createFlags.HasTraversePrivilege) !== 0;
    irp.hasBackupPrivilege = (flags & createFlags.HasBackupPrivilege) !== 0;
    irp.hasRestorePrivilege = (flags & createFlags.HasRestorePrivilege) !== 0;
    irp.openTargetDirectory = (flags & createFlags.OpenTargetDirectory) !== 0;
    irp.hasTrailingBackslash = (flags & createFlags.HasTrailingBackslash) !== 0;
    irp.acceptsSecurityDescriptor = (flags & createFlags.AcceptsSecurityDescriptor) !== 0;
    irp.eaIsReparsePoint = (flags & createFlags.EaIsReparsePoint) !== 0;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.create(this.#irp);
  }

  /** Closes the file: the driver will not send a Close for it. */
  override discard(): void {
    const { fileObject } = this.#irp;
    if (fileObject !== undefined) void this.host.engine.close({ fileObject });
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    const irp = this.#irp;
    if (status === STATUS.REPARSE) {
      const { reparseBuffer } = irp;
      if (reparseBuffer === undefined || reparseBuffer.length > maxTrailerBytes) {
        return STATUS.IO_REPARSE_DATA_INVALID;
      }
      records.setInformation(irp.information);
      records.addBytes(bufferResponse.Buffer, reparseBuffer);
      return status;
    }
    if (irp.fileObject === undefined) return STATUS.INTERNAL_ERROR;
    records.setInformation(irp.information);
    records.setU32(openedResponse.UserContext, userContext);
    records.setU53(openedResponse.UserContext2, irp.fileObject.id);
    records.setU32(openedResponse.GrantedAccess, irp.grantedAccess);
    records.setFileInfo(openedResponse.FileInfo, irp.fileInfo);
    this.#encodeRest(records);
    return status;
  }

  /** Adds the name and the descriptor, which are optional. */
  #encodeRest(records: ResponseRecords): void {
    const { normalizedName, answeredSecurityDescriptor } = this.#irp;
    let flags = this.#irp.disableCache ? openedFlags.DisableCache : 0;
    // The driver takes the name from the start of the trailer, in the length of its own name for what
    // was opened, from which it may differ in case alone. Without it the driver's name becomes upper
    // case (WinFsp sys/create.c, "handle normalized names").
    if (
      normalizedName !== undefined &&
      normalizedName.length === openedPath(this.#irp).length &&
      !this.host.engine.facts.caseSensitive
    ) {
      records.addName(openedResponse.FileName, normalizedName);
    }
    if (
      answeredSecurityDescriptor !== undefined &&
      this.#irp.acceptsSecurityDescriptor &&
      answeredSecurityDescriptor.length <= records.trailerRoomBytes
    ) {
      flags |= openedFlags.HasSecurityDescriptor;
      records.addBytes(openedResponse.SecurityDescriptor, answeredSecurityDescriptor);
    }
    records.setU32(openedResponse.Flags, flags);
  }

  override release(): void {
    const irp = this.#irp;
    this.file = undefined;
    irp.securityDescriptor = undefined;
    irp.ea = undefined;
    irp.fileObject = undefined;
    irp.answeredSecurityDescriptor = undefined;
    irp.reparseBuffer = undefined;
    irp.accessToken = undefined;
  }

  override describe(): string {
    const irp = this.#irp;
    const flags = [
      irp.userMode ? '' : ' kernel',
      irp.openTargetDirectory ? ' target-directory' : '',
      irp.hasTrailingBackslash ? ' trailing-backslash' : '',
      irp.securityDescriptor === undefined ? '' : ' descriptor',
      irp.ea === undefined ? '' : irp.eaIsReparsePoint ? ' reparse' : ' ea',
    ].join('');
    return (
      `"${irp.fileName}" ${createDispositionName(irp.createDisposition)} ` +
      `options ${hex(irp.createOptions)} access ${hex(irp.desiredAccess)} ` +
      `share ${this.#shareAccess} attributes ${hex(irp.fileAttributes)}${flags}`
    );
  }

  override describeAnswer(): string {
    const irp = this.#irp;
    if (irp.fileObject === undefined) return '';
    const size = `size ${irp.fileInfo.fileSize} attributes ${hex(irp.fileInfo.fileAttributes)}`;
    return `file ${irp.fileObject.id} granted ${hex(irp.grantedAccess)} ${size}`;
  }
}

export class OverwriteTransaction extends FileTransaction {
  #irp: OverwriteIrp = {
    fileObject: noFileObject,
    fileAttributes: 0,
    allocationSize: 0,
    supersede: false,
    ea: undefined,
    fileInfo: new FileInfo(),
  };

  protected override decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus {
    const irp = this.#irp;
    irp.fileObject = fileObject;
    irp.fileAttributes = record.u32(overwriteRequest.FileAttributes);
    irp.allocationSize = record.u53(overwriteRequest.AllocationSize);
    irp.supersede = (record.u32(overwriteRequest.Flags) & 1) !== 0;
    irp.ea = record.copy(overwriteRequest.Ea);
    return STATUS.SUCCESS;
  }

  protected override run(): Promise<NtStatus> {
    return this.host.engine.overwrite(this.#irp);
  }

  /** Closes the file: the driver sends no Close after an Overwrite that it takes for failed. */
  override discard(): void {
    const { fileObject } = this.#irp;
    if (fileObject !== noFileObject) void this.host.engine.close({ fileObject });
  }

  override encode(records: ResponseRecords, status: NtStatus): NtStatus {
    records.setFileInfo(infoResponse.FileInfo, this.#irp.fileInfo);
    return status;
  }

  override release(): void {
    super.release();
    this.#irp.fileObject = noFileObject;
    this.#irp.ea = undefined;
  }
}
