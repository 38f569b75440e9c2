/**
 * Windows' file semantics on a Linux volume, for every transport that speaks NT: one method for
 * each IRP major function. Each answers an NTSTATUS and never throws; requests may be under way in
 * any number and end in any order.
 *
 * What a transport without WinFsp's driver has to do itself: share modes, byte-range locks,
 * oplocks, change notification, and the check of a handle's grantedAccess before each request.
 */
import process from 'node:process';
import type { HitRatio } from '../cache/answer-cache.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { FileObject } from './file-object.ts';
import { cleanup } from './irp/cleanup.ts';
import { close } from './irp/close.ts';
import { create } from './irp/create.ts';
import { deviceControl } from './irp/device-control.ts';
import { directoryControl } from './irp/directory-control.ts';
import { fileSystemControl } from './irp/file-system-control.ts';
import { flushBuffers } from './irp/flush-buffers.ts';
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
import { overwrite } from './irp/overwrite.ts';
import { queryEa } from './irp/query-ea.ts';
import { queryInformation } from './irp/query-information.ts';
import { querySecurity } from './irp/query-security.ts';
import { queryVolumeInformation } from './irp/query-volume-information.ts';
import { read } from './irp/read.ts';
import { setEa } from './irp/set-ea.ts';
import { setInformation } from './irp/set-information.ts';
import { setSecurity } from './irp/set-security.ts';
import { setVolumeInformation } from './irp/set-volume-information.ts';
import { shutdown } from './irp/shutdown.ts';
import { write } from './irp/write.ts';
import { type OpenVolume, openVolume } from './open-volume.ts';
import type { EngineOptions } from './options.ts';
import { type NtStatus, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';
import { type VolumeFacts, volumeFacts } from './volume-facts.ts';

export class Engine implements AsyncDisposable {
  readonly facts: VolumeFacts;
  readonly #opened: OpenVolume;
  readonly #vcb: Vcb;

  private constructor(opened: OpenVolume, facts: VolumeFacts) {
    this.#opened = opened;
    this.#vcb = opened.vcb;
    this.facts = facts;
  }

  /** Of a mounted volume, which stays the caller's to close. Throws FsBridgeError. */
  static async open(volume: Volume, options: EngineOptions = {}): Promise<Engine> {
    const opened = await openVolume(volume, options);
    return new Engine(opened, await volumeFacts(opened.vcb));
  }

  /** What is open, by FileObject.id. */
  get fileObjects(): ReadonlyMap<number, FileObject> {
    return this.#vcb.fileObjects.byId;
  }

  /** For `fsbridge status`. */
  hitRatios(): Readonly<Record<string, HitRatio>> {
    return { 'negative names': this.#vcb.names.hitRatio };
  }

  /**
   * One request. A dead kernel answers everything with EIO; here that gets a status of its own, so
   * that a client can tell it from one bad block. An exception is a fault of this program: it ends
   * this request alone.
   */
  async #run<T>(work: (vcb: Vcb, irp: T) => Promise<NtStatus>, irp: T): Promise<NtStatus> {
    try {
      const status = await work(this.#vcb, irp);
      if (status !== STATUS.IO_DEVICE_ERROR) return status;
      return this.#vcb.volume.kernel.failure === undefined ? status : STATUS.VOLUME_DISMOUNTED;
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error), 'FsBridgeFault');
      return STATUS.INTERNAL_ERROR;
    }
  }

  create(irp: CreateIrp): Promise<NtStatus> {
    return this.#run(create, irp);
  }

  overwrite(irp: OverwriteIrp): Promise<NtStatus> {
    return this.#run(overwrite, irp);
  }

  cleanup(irp: CleanupIrp): Promise<NtStatus> {
    return this.#run(cleanup, irp);
  }

  close(irp: CloseIrp): Promise<NtStatus> {
    return this.#run(close, irp);
  }

  read(irp: ReadIrp): Promise<NtStatus> {
    return this.#run(read, irp);
  }

  write(irp: WriteIrp): Promise<NtStatus> {
    return this.#run(write, irp);
  }

  flushBuffers(irp: FlushBuffersIrp): Promise<NtStatus> {
    return this.#run(flushBuffers, irp);
  }

  queryInformation(irp: QueryInformationIrp): Promise<NtStatus> {
    return this.#run(queryInformation, irp);
  }

  setInformation(irp: SetInformationIrp): Promise<NtStatus> {
    return this.#run(setInformation, irp);
  }

  queryEa(irp: QueryEaIrp): Promise<NtStatus> {
    return this.#run(queryEa, irp);
  }

  setEa(irp: SetEaIrp): Promise<NtStatus> {
    return this.#run(setEa, irp);
  }

  queryVolumeInformation(irp: QueryVolumeInformationIrp): Promise<NtStatus> {
    return this.#run(queryVolumeInformation, irp);
  }

  setVolumeInformation(irp: SetVolumeInformationIrp): Promise<NtStatus> {
    return this.#run(setVolumeInformation, irp);
  }

  directoryControl(irp: DirectoryControlIrp): Promise<NtStatus> {
    return this.#run(directoryControl, irp);
  }

  fileSystemControl(irp: FileSystemControlIrp): Promise<NtStatus> {
    return this.#run(fileSystemControl, irp);
  }

  deviceControl(irp: DeviceControlIrp): Promise<NtStatus> {
    return this.#run(deviceControl, irp);
  }

  querySecurity(irp: QuerySecurityIrp): Promise<NtStatus> {
    return this.#run(querySecurity, irp);
  }

  setSecurity(irp: SetSecurityIrp): Promise<NtStatus> {
    return this.#run(setSecurity, irp);
  }

  /** The system goes down: all that was written is on the disk when this is answered. */
  shutdown(): Promise<NtStatus> {
    return this.#run(shutdown, undefined);
  }

  /** Closes what is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}
