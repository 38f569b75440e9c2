/**
 * Windows' disks, simulated in memory, with the rules that matter: whole sectors only, disks for
 * administrators alone, no writing into a volume that is not locked, no lock while a program has a
 * file open, one request at a time through each handle.
 */
import { Buffer } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import * as win from '../../../src/block/windows/disk-api.ts';
import type { Handle } from '../../../src/host/ffi.ts';

const ERROR_INVALID_HANDLE = 6;
const ERROR_INVALID_PARAMETER = 87;

export interface FakeVolume {
  readonly guid: string;
  readonly letter?: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  openFiles: boolean;
}

export interface FakeDisk {
  readonly bytes: Buffer;
  readonly sectorBytes: number;
  readonly physicalSectorBytes?: number;
  readonly model?: string;
  isWritable: boolean;
  /** The errors with which the next requests are answered. */
  readonly failures: number[];
  isGone: boolean;
  readonly volumes: readonly FakeVolume[];
}

interface OpenHandle {
  readonly disk: FakeDisk;
  readonly number: number;
  readonly volume: FakeVolume | undefined;
  readonly access: number;
  isBusy: boolean;
}

export function fakeDisk(sizeBytes: number, parts: Partial<FakeDisk> = {}): FakeDisk {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4) bytes.writeUInt32LE(at, at);
  return {
    bytes,
    sectorBytes: 512,
    isWritable: true,
    failures: [],
    isGone: false,
    volumes: [],
    ...parts,
  };
}

export class FakeWindows implements win.WindowsDiskApi {
  readonly disks: readonly FakeDisk[];
  isElevated = true;
  /** Control codes and requests, in their order. */
  readonly log: string[] = [];
  readonly #handles = new Map<Handle, OpenHandle>();
  readonly #locks = new Map<FakeVolume, Handle>();
  #last = 40;

  constructor(...disks: readonly FakeDisk[]) {
    this.disks = disks;
  }

  get openHandles(): number {
    return this.#handles.size;
  }

  isLocked(volume: FakeVolume): boolean {
    return this.#locks.has(volume);
  }

  createFile(path: string, access: number): Handle {
    const found = this.#find(path);
    if (found === undefined) return -win.ERROR_FILE_NOT_FOUND;
    if (access !== 0 && !this.isElevated) return -win.ERROR_ACCESS_DENIED;
    if (found.volume !== undefined && this.isLocked(found.volume)) return -win.ERROR_ACCESS_DENIED;
    this.#last += 4;
    const handle = this.#last;
    this.#handles.set(handle, { ...found, access, isBusy: false });
    return handle;
  }

  #find(path: string): Omit<OpenHandle, 'access' | 'isBusy'> | undefined {
    for (const [number, disk] of this.disks.entries()) {
      if (path === `\\\\.\\PhysicalDrive${number}`) return { disk, number, volume: undefined };
      for (const volume of disk.volumes) {
        const names = [`\\\\?\\Volume{${volume.guid}}`, `\\\\.\\${volume.letter}`];
        if (names.includes(path)) return { disk, number, volume };
      }
    }
    return undefined;
  }

  closeHandle(handle: Handle): void {
    const volume = this.#handles.get(handle)?.volume;
    if (volume !== undefined && this.#locks.get(volume) === handle) {
      this.#locks.delete(volume);
      this.log.push(`unlock ${volume.guid[0]}`);
    }
    if (!this.#handles.delete(handle)) throw new Error('a handle is closed twice');
  }

  deviceIoControl(handle: Handle, code: number, input: Buffer, output: Buffer): win.IoAnswer {
    const open = this.#handles.get(handle);
    if (open === undefined) return { error: ERROR_INVALID_HANDLE, bytes: 0 };
    return { error: this.#control(handle, open, code, input, output), bytes: output.length };
  }

  #control(
    handle: Handle,
    { disk, number, volume }: OpenHandle,
    code: number,
    input: Buffer,
    output: Buffer,
  ): number {
    const length = volume?.lengthBytes ?? disk.bytes.length;
    switch (code) {
      case win.IOCTL_DISK_GET_DRIVE_GEOMETRY_EX:
        output.writeUInt32LE(disk.sectorBytes, win.geometryEx.bytesPerSector);
        return disk.bytes.length === 0 ? win.ERROR_NOT_READY : 0;
      case win.IOCTL_DISK_GET_LENGTH_INFO:
        output.writeBigInt64LE(BigInt(length), 0);
        return 0;
      case win.IOCTL_DISK_IS_WRITABLE:
        return disk.isWritable ? 0 : win.ERROR_WRITE_PROTECT;
      case win.IOCTL_STORAGE_GET_DEVICE_NUMBER:
        output.writeUInt32LE(number, win.deviceNumber.deviceNumber);
        return 0;
      case win.IOCTL_STORAGE_QUERY_PROPERTY:
        return this.#property(disk, input.readUInt32LE(0), output);
      case win.IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS:
        return volume === undefined
          ? win.ERROR_INVALID_FUNCTION
          : this.#extents(number, volume, output);
      case win.FSCTL_ALLOW_EXTENDED_DASD_IO:
        return 0;
      default:
        return volume === undefined ? win.ERROR_INVALID_FUNCTION : this.#lock(handle, code, volume);
    }
  }

  #property(disk: FakeDisk, property: number, output: Buffer): number {
    if (property === win.propertyQuery.device && disk.model !== undefined) {
      output.writeUInt32LE(100, win.deviceDescriptor.productIdOffset);
      output.write(`${disk.model}   \0`, 100, 'latin1');
      return 0;
    }
    if (property !== win.propertyQuery.accessAlignment || !disk.physicalSectorBytes) {
      return win.ERROR_INVALID_FUNCTION;
    }
    output.writeUInt32LE(disk.physicalSectorBytes, win.accessAlignment.bytesPerPhysicalSector);
    return 0;
  }

  #extents(number: number, volume: FakeVolume, output: Buffer): number {
    const { head, startingOffset, extentLength } = win.diskExtents;
    output.writeUInt32LE(1, 0);
    output.writeUInt32LE(number, head);
    output.writeBigInt64LE(BigInt(volume.offsetBytes), head + startingOffset);
    output.writeBigInt64LE(BigInt(volume.lengthBytes), head + extentLength);
    return 0;
  }

  #lock(handle: Handle, code: number, volume: FakeVolume): number {
    if (code === win.FSCTL_LOCK_VOLUME) {
      this.log.push(`lock ${volume.guid[0]}`);
      if (volume.openFiles) return win.ERROR_ACCESS_DENIED;
      this.#locks.set(volume, handle);
      return 0;
    }
    this.log.push(`dismount ${volume.guid[0]}`);
    return this.#locks.get(volume) === handle ? 0 : win.ERROR_ACCESS_DENIED;
  }

  readFile(handle: Handle, target: Uint8Array, offsetBytes: number): Promise<win.IoAnswer> {
    return this.#move('read', handle, target, offsetBytes, (disk, at) => {
      disk.bytes.copy(target, 0, at, at + target.length);
    });
  }

  writeFile(handle: Handle, source: Uint8Array, offsetBytes: number): Promise<win.IoAnswer> {
    return this.#move('write', handle, source, offsetBytes, (disk, at) => {
      disk.bytes.set(source, at);
    });
  }

  async #move(
    what: 'read' | 'write',
    handle: Handle,
    memory: Uint8Array,
    offsetBytes: number,
    copy: (disk: FakeDisk, at: number) => void,
  ): Promise<win.IoAnswer> {
    const open = this.#handles.get(handle);
    if (open === undefined) return { error: ERROR_INVALID_HANDLE, bytes: 0 };
    this.log.push(`${what} ${offsetBytes}+${memory.length}`);
    while (open.isBusy) await setImmediate();
    open.isBusy = true;
    await setImmediate();
    open.isBusy = false;
    const error = this.#refusal(what, open, offsetBytes, memory.length);
    if (error !== 0) return { error, bytes: 0 };
    copy(open.disk, (open.volume?.offsetBytes ?? 0) + offsetBytes);
    return { error: 0, bytes: memory.length };
  }

  #refusal(what: string, open: OpenHandle, offsetBytes: number, lengthBytes: number): number {
    const { disk, volume } = open;
    if (disk.isGone) return win.ERROR_DEVICE_NOT_CONNECTED;
    const failure = disk.failures.shift();
    if (failure !== undefined) return failure;
    if (offsetBytes % disk.sectorBytes !== 0 || lengthBytes % disk.sectorBytes !== 0) {
      return ERROR_INVALID_PARAMETER;
    }
    if (what === 'read') return 0;
    if ((open.access & win.GENERIC_WRITE) === 0) return win.ERROR_ACCESS_DENIED;
    const begin = (volume?.offsetBytes ?? 0) + offsetBytes;
    const mounted = disk.volumes.find(
      (one) =>
        !this.isLocked(one) &&
        one.offsetBytes < begin + lengthBytes &&
        begin < one.offsetBytes + one.lengthBytes,
    );
    return mounted === undefined ? 0 : win.ERROR_ACCESS_DENIED;
  }

  async flushFileBuffers(handle: Handle): Promise<number> {
    this.log.push('flush');
    await setImmediate();
    return this.#handles.get(handle)?.disk.failures.shift() ?? 0;
  }

  volumeNames(): readonly string[] {
    return this.disks.flatMap(({ volumes }) =>
      volumes.map(({ guid }) => `\\\\?\\Volume{${guid}}\\`),
    );
  }

  volumePaths(name: string): readonly string[] {
    const all = this.disks.flatMap(({ volumes }) => volumes);
    const found = all.find(({ guid }) => name === `\\\\?\\Volume{${guid}}\\`);
    return found?.letter === undefined ? [] : [`${found.letter}\\`];
  }
}
