/**
 * Opens a disk, a partition or a volume of Windows: finds out its size and blocks and whether it
 * can be written. Before a range is written, `claim` takes it from Windows' own volumes.
 *
 * Invariant: either all is open, or an FsBridgeError is thrown, nothing is open, and nothing stays
 * locked.
 */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../../errors.ts';
import type { Handle } from '../../host/ffi.ts';
import type { BlockDevice } from '../block-device.ts';
import { hostRefusal } from '../source-error.ts';
import { isWholeDisk, windowsDeviceName } from './device-names.ts';
import {
  accessAlignment,
  deviceDescriptor,
  deviceNumber,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FSCTL_ALLOW_EXTENDED_DASD_IO,
  FSCTL_DISMOUNT_VOLUME,
  FSCTL_LOCK_VOLUME,
  GENERIC_READ,
  GENERIC_WRITE,
  geometryEx,
  IOCTL_DISK_GET_DRIVE_GEOMETRY_EX,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_DISK_IS_WRITABLE,
  IOCTL_STORAGE_GET_DEVICE_NUMBER,
  IOCTL_STORAGE_QUERY_PROPERTY,
  propertyQuery,
  type WindowsDiskApi,
} from './disk-api.ts';
import { windowsRefusal } from './disk-errors.ts';
import { DiskVolumes } from './disk-volumes.ts';
import { WindowsDiskDevice } from './windows-disk-device.ts';

/** The requests under way at once: libuv has four threads. */
const parallelHandles = 4;
const minSectorBytes = 512;
const maxSectorBytes = 4096;
const nothing: Buffer = Buffer.alloc(0);

export interface WindowsDisk {
  readonly device: BlockDevice;
  /**
   * Locks and dismounts Windows' volumes on that range, so that it can be written. Throws
   * ERR_SOURCE_IN_USE.
   */
  claim(offsetBytes: number, lengthBytes: number): void;
}

/** A disk that is being opened. */
interface Opening {
  readonly api: WindowsDiskApi;
  readonly name: string;
  readonly handle: Handle;
}

/**
 * Opens \\.\PhysicalDrive1 and its like. Only ranges that `claim` has claimed can be written.
 *
 * Throws FsBridgeError: ENOENT, EACCES (not an administrator), EROFS, ERR_SOURCE_EMPTY (no medium),
 * ERR_SOURCE_IN_USE, ERR_SOURCE_UNSUPPORTED.
 */
export function openWindowsDisk(
  spec: string,
  options: { readonly write: boolean },
  api: WindowsDiskApi,
): WindowsDisk {
  const name = windowsDeviceName(spec);
  if (name === undefined) throw unsupported(spec, 'it does not name a disk');
  const access = GENERIC_READ | (options.write ? GENERIC_WRITE : 0);
  const handle = open(api, name, access);
  const handles = [handle];
  try {
    const opening = { api, name: spec, handle };
    const geometry = readGeometry(opening);
    if (options.write) checkWritable(opening);
    const volumes = isWholeDisk(name)
      ? DiskVolumes.find(api, spec, diskNumberOf(opening))
      : undefined;
    // The lock of a volume belongs to one handle, and only that handle may write.
    const isShared = volumes !== undefined || !options.write;
    while (isShared && handles.length < parallelHandles) handles.push(open(api, name, access));
    if (volumes === undefined) for (const one of handles) reachAll(api, one);
    const state = new Claims(opening, volumes);
    const device = new WindowsDiskDevice({
      api,
      handles,
      traits: { name: spec, ...geometry, readOnly: !options.write },
      mayWrite: (offsetBytes, lengthBytes) => state.mayWrite(offsetBytes, lengthBytes),
      release: () => volumes?.release(),
    });
    return { device, claim: (offsetBytes, lengthBytes) => state.claim(offsetBytes, lengthBytes) };
  } catch (error) {
    for (const one of handles) api.closeHandle(one);
    throw error;
  }
}

/** What is claimed: of a disk, its volumes one by one; of a volume, the whole. */
class Claims {
  #opening: Opening;
  #volumes: DiskVolumes | undefined;
  #isLocked = false;

  constructor(opening: Opening, volumes: DiskVolumes | undefined) {
    this.#opening = opening;
    this.#volumes = volumes;
  }

  mayWrite(offsetBytes: number, lengthBytes: number): boolean {
    return this.#volumes?.mayWrite(offsetBytes, lengthBytes) ?? this.#isLocked;
  }

  claim(offsetBytes: number, lengthBytes: number): void {
    if (this.#volumes !== undefined) this.#volumes.claim(offsetBytes, lengthBytes);
    else if (!this.#isLocked) this.#lockSelf();
  }

  #lockSelf(): void {
    const { api, name, handle } = this.#opening;
    for (const code of [FSCTL_LOCK_VOLUME, FSCTL_DISMOUNT_VOLUME]) {
      if (api.deviceIoControl(handle, code, nothing, nothing).error === 0) continue;
      throw new FsBridgeError(
        'ERR_SOURCE_IN_USE',
        name,
        'Windows uses it: a program has something open there',
        'Close what uses it, or open it for reading only.',
      );
    }
    this.#isLocked = true;
  }
}

function open(api: WindowsDiskApi, name: string, access: number): Handle {
  const handle = api.createFile(name, access >>> 0, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
  if (handle < 0) throw windowsRefusal(-handle, name);
  return handle;
}

/** Lets the handle reach the whole volume: by default Windows ends it with its file system. */
function reachAll(api: WindowsDiskApi, handle: Handle): void {
  api.deviceIoControl(handle, FSCTL_ALLOW_EXTENDED_DASD_IO, nothing, nothing);
}

interface Geometry {
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
}

function readGeometry({ api, name, handle }: Opening): Geometry {
  const shape = Buffer.alloc(geometryEx.size);
  const asked = api.deviceIoControl(handle, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, nothing, shape);
  if (asked.error !== 0) throw windowsRefusal(asked.error, name);
  const logicalBlockBytes = shape.readUInt32LE(geometryEx.bytesPerSector);
  const isPower = (logicalBlockBytes & (logicalBlockBytes - 1)) === 0;
  if (!isPower || logicalBlockBytes < minSectorBytes || logicalBlockBytes > maxSectorBytes) {
    throw unsupported(name, `its sectors have ${logicalBlockBytes} bytes`);
  }
  const length = Buffer.alloc(8);
  const answered = api.deviceIoControl(handle, IOCTL_DISK_GET_LENGTH_INFO, nothing, length);
  if (answered.error !== 0) throw windowsRefusal(answered.error, name);
  const bytes = Number(length.readBigInt64LE(0));
  const sizeBytes = bytes - (bytes % logicalBlockBytes);
  if (sizeBytes === 0) {
    const advice = 'Put the disk in, and try again.';
    throw new FsBridgeError('ERR_SOURCE_EMPTY', name, 'there is no disk in the drive', advice);
  }
  const physicalBlockBytes = Math.max(physicalSector(api, handle), logicalBlockBytes);
  return { sizeBytes, logicalBlockBytes, physicalBlockBytes };
}

/** 0 where the disk does not say, as is common for USB disks. */
function physicalSector(api: WindowsDiskApi, handle: Handle): number {
  const output = Buffer.alloc(accessAlignment.size);
  const asked = queryProperty(api, handle, propertyQuery.accessAlignment, output);
  return asked ? output.readUInt32LE(accessAlignment.bytesPerPhysicalSector) : 0;
}

function queryProperty(
  api: WindowsDiskApi,
  handle: Handle,
  property: number,
  output: Buffer,
): boolean {
  const query = Buffer.alloc(propertyQuery.size);
  query.writeUInt32LE(property, 0);
  return api.deviceIoControl(handle, IOCTL_STORAGE_QUERY_PROPERTY, query, output).error === 0;
}

function checkWritable({ api, name, handle }: Opening): void {
  const asked = api.deviceIoControl(handle, IOCTL_DISK_IS_WRITABLE, nothing, nothing);
  if (asked.error !== 0) throw hostRefusal('EROFS', name, true);
}

function diskNumberOf({ api, name, handle }: Opening): number {
  const output = Buffer.alloc(deviceNumber.size);
  const asked = api.deviceIoControl(handle, IOCTL_STORAGE_GET_DEVICE_NUMBER, nothing, output);
  if (asked.error !== 0) throw windowsRefusal(asked.error, name);
  return output.readUInt32LE(deviceNumber.deviceNumber);
}

/** The disk's own name for its model, "Samsung SSD 870 EVO"; may be empty. */
export function windowsDiskModel(name: string, api: WindowsDiskApi): string {
  const handle = api.createFile(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
  if (handle < 0) return '';
  const output = Buffer.alloc(deviceDescriptor.size);
  const hasAnswer = queryProperty(api, handle, propertyQuery.device, output);
  api.closeHandle(handle);
  if (!hasAnswer) return '';
  const { vendorIdOffset, productIdOffset } = deviceDescriptor;
  const texts = [vendorIdOffset, productIdOffset].map((field) => textAt(output, field));
  return texts.filter(Boolean).join(' ');
}

/** The text whose offset that field holds; 0 means that there is none. */
function textAt(output: Buffer, field: number): string {
  const start = output.readUInt32LE(field);
  if (start === 0 || start >= output.length) return '';
  return output.toString('latin1', start, output.indexOf(0, start)).trim();
}

function unsupported(name: string, why: string): FsBridgeError {
  const advice = 'Copy it into an image file, and open that.';
  return new FsBridgeError('ERR_SOURCE_UNSUPPORTED', name, why, advice);
}
