/**
 * Windows' file semantics on a Linux volume, for every transport that speaks NT: one method for each
 * IRP major function. Each answers an NTSTATUS and never throws; requests may be under way in any
 * number and end in any order.
 */
import type { Volume } from '../vfs-linux/volume.ts';
import type { FileObject } from './file-object.ts';
import type {
  CleanupIrp,
  CloseIrp,
  CreateIrp,
  DeviceControlIrp,
  DirectoryControlIrp,
  FileSystemControlIrp,
  FlushBuffersIrp,
  OverwriteIrp,
  QueryEaIrp,
  QueryInformationIrp,
  QuerySecurityIrp,
  QueryVolumeInformationIrp,
  ReadIrp,
  SetEaIrp,
  SetInformationIrp,
  SetSecurityIrp,
  SetVolumeInformationIrp,
  WriteIrp,
} from './irp/irp.ts';
import type { EngineOptions } from './options.ts';

/** An NTSTATUS, as an unsigned number. */
type NtStatus = number;

/** What a transport tells the system once about the volume. */
export interface VolumeFacts {
  /** Such as "ext4". */
  readonly fileSystemName: string;
  /** FILE_CASE_PRESERVED_NAMES and the like, each of them true. */
  readonly fileSystemAttributes: number;
  readonly maximumComponentNameLength: number;
  readonly volumeSerialNumber: number;
  readonly volumeCreationTime: bigint;
  readonly bytesPerSector: number;
  readonly sectorsPerAllocationUnit: number;
  readonly caseSensitive: boolean;
  readonly readOnly: boolean;
}

const notImplemented = 0xc0000002;

export class Engine implements AsyncDisposable {
  readonly facts: VolumeFacts;
  /** What is open, by FileObject.id. */
  readonly fileObjects: Map<number, FileObject> = new Map();

  constructor(facts: VolumeFacts) {
    this.facts = facts;
  }

  static async open(volume: Volume, options: EngineOptions = {}): Promise<Engine> {
    return new Engine({
      fileSystemName: options.fileSystemName ?? volume.type,
      fileSystemAttributes: 0,
      maximumComponentNameLength: 255,
      volumeSerialNumber: 0,
      volumeCreationTime: 0n,
      bytesPerSector: 4096,
      sectorsPerAllocationUnit: 1,
      caseSensitive: options.caseSensitive ?? true,
      readOnly: volume.readOnly,
    });
  }

  async create(_irp: CreateIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async overwrite(_irp: OverwriteIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async cleanup(_irp: CleanupIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async close(_irp: CloseIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async read(_irp: ReadIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async write(_irp: WriteIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async flushBuffers(_irp: FlushBuffersIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async queryInformation(_irp: QueryInformationIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async setInformation(_irp: SetInformationIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async queryEa(_irp: QueryEaIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async setEa(_irp: SetEaIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async queryVolumeInformation(_irp: QueryVolumeInformationIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async setVolumeInformation(_irp: SetVolumeInformationIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async directoryControl(_irp: DirectoryControlIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async fileSystemControl(_irp: FileSystemControlIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async deviceControl(_irp: DeviceControlIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async querySecurity(_irp: QuerySecurityIrp): Promise<NtStatus> {
    return notImplemented;
  }

  async setSecurity(_irp: SetSecurityIrp): Promise<NtStatus> {
    return notImplemented;
  }

  /** The system goes down: all that was written is on the disk when this is answered. */
  async shutdown(): Promise<NtStatus> {
    return notImplemented;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
