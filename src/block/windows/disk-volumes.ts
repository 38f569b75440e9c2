/**
 * Windows' own volumes on a disk, and how the disk is taken from them.
 *
 * Windows denies writing into a volume that it has mounted, and rightly: two systems that write one
 * file system destroy it. So before a range is written, the volumes on it are locked, which works
 * only where no program has a file open on them, and dismounted, so that nothing of them stays in
 * Windows' cache. They stay locked until they are released (FSCTL_LOCK_VOLUME,
 * FSCTL_DISMOUNT_VOLUME; "CreateFile, Physical Disks and Volumes").
 *
 * Invariants:
 * 1. All volumes are locked before one is dismounted; if one cannot be locked, none stays locked.
 * 2. A claimed range stays claimed until `release`.
 * 3. `mayWrite` is true only for ranges that touch no volume of Windows that is not claimed.
 */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../../errors.ts';
import type { Handle } from '../../host/ffi.ts';
import {
  diskExtents,
  ERROR_ACCESS_DENIED,
  ERROR_MORE_DATA,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FSCTL_DISMOUNT_VOLUME,
  FSCTL_LOCK_VOLUME,
  GENERIC_READ,
  GENERIC_WRITE,
  IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
  type WindowsDiskApi,
} from './disk-api.ts';
import { windowsRefusal } from './disk-errors.ts';

const maxExtents = 64;
const nothing: Buffer = Buffer.alloc(0);

interface Extent {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** A volume of Windows, with the parts of it that lie on the disk. */
interface DiskVolume {
  /** \\?\Volume{GUID}, without the last backslash. */
  readonly name: string;
  /** Where it is mounted: "E:\" and folders; may be empty. */
  readonly paths: readonly string[];
  readonly extents: readonly Extent[];
}

function touches(volume: DiskVolume, offsetBytes: number, lengthBytes: number): boolean {
  return volume.extents.some(
    (extent) =>
      extent.offsetBytes < offsetBytes + lengthBytes &&
      offsetBytes < extent.offsetBytes + extent.lengthBytes,
  );
}

export class DiskVolumes {
  readonly #api: WindowsDiskApi;
  readonly #disk: string;
  #unclaimed: DiskVolume[];
  #locks: Handle[] = [];

  private constructor(api: WindowsDiskApi, disk: string, volumes: DiskVolume[]) {
    this.#api = api;
    this.#disk = disk;
    this.#unclaimed = volumes;
  }

  /** The volumes on that disk; `disk` is its name for messages. */
  static find(api: WindowsDiskApi, disk: string, diskNumber: number): DiskVolumes {
    const volumes = api.volumeNames().flatMap((withBackslash) => {
      const name = withBackslash.replace(/\\$/, '');
      const extents = extentsOn(api, name, diskNumber);
      return extents.length === 0 ? [] : [{ name, paths: api.volumePaths(withBackslash), extents }];
    });
    return new DiskVolumes(api, disk, volumes);
  }

  /** Whether the range touches no volume that Windows may have mounted. */
  mayWrite(offsetBytes: number, lengthBytes: number): boolean {
    for (const volume of this.#unclaimed) {
      if (touches(volume, offsetBytes, lengthBytes)) return false;
    }
    return true;
  }

  /**
   * Locks and dismounts the volumes on that part of the disk. Throws ERR_SOURCE_IN_USE where
   * Windows or a program uses one of them.
   */
  claim(offsetBytes: number, lengthBytes: number): void {
    const wanted = this.#unclaimed.filter((volume) => touches(volume, offsetBytes, lengthBytes));
    const locks: Handle[] = [];
    try {
      for (const volume of wanted) locks.push(this.#lock(volume));
      for (const [index, lock] of locks.entries()) this.#dismount(lock, wanted[index]);
    } catch (error) {
      for (const lock of locks) this.#api.closeHandle(lock);
      throw error;
    }
    this.#locks.push(...locks);
    this.#unclaimed = this.#unclaimed.filter((volume) => !wanted.includes(volume));
  }

  /** Gives the volumes back to Windows, which mounts them again when a program opens them. */
  release(): void {
    for (const lock of this.#locks.splice(0)) this.#api.closeHandle(lock);
  }

  #lock(volume: DiskVolume): Handle {
    const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    const handle = this.#api.createFile(volume.name, GENERIC_READ | GENERIC_WRITE, share, 0);
    if (handle < 0) throw this.#refusal(-handle, volume);
    const { error } = this.#api.deviceIoControl(handle, FSCTL_LOCK_VOLUME, nothing, nothing);
    if (error === 0) return handle;
    this.#api.closeHandle(handle);
    throw this.#refusal(error, volume);
  }

  #dismount(lock: Handle, volume: DiskVolume | undefined): void {
    const { error } = this.#api.deviceIoControl(lock, FSCTL_DISMOUNT_VOLUME, nothing, nothing);
    if (error !== 0 && volume !== undefined) throw this.#refusal(error, volume);
  }

  /** For a lock, ACCESS_DENIED means open files: the right to open the disk was checked before. */
  #refusal(error: number, volume: DiskVolume): FsBridgeError {
    const name = volume.paths[0]?.replace(/\\$/, '') ?? volume.name;
    if (error !== ERROR_ACCESS_DENIED) return windowsRefusal(error, `${this.#disk}, ${name}`);
    return new FsBridgeError(
      'ERR_SOURCE_IN_USE',
      this.#disk,
      `Windows uses ${name} on it: a program has something open there`,
      'Close what uses it, or remove its letter in Disk Management, or open it for reading only.',
    );
  }
}

/** The parts of a volume that lie on that disk; none where it cannot be asked (a CD drive). */
function extentsOn(api: WindowsDiskApi, volume: string, diskNumber: number): Extent[] {
  // Every user may open a volume without any access, even one in use.
  const handle = api.createFile(volume, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
  if (handle < 0) return [];
  const output = Buffer.alloc(diskExtents.head + maxExtents * diskExtents.each);
  const code = IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS;
  const { error } = api.deviceIoControl(handle, code, nothing, output);
  api.closeHandle(handle);
  if (error !== 0 && error !== ERROR_MORE_DATA) return [];
  const extents: Extent[] = [];
  const count = Math.min(output.readUInt32LE(0), maxExtents);
  for (let index = 0; index < count; index++) {
    const at = diskExtents.head + index * diskExtents.each;
    if (output.readUInt32LE(at) !== diskNumber) continue;
    extents.push({
      offsetBytes: Number(output.readBigInt64LE(at + diskExtents.startingOffset)),
      lengthBytes: Number(output.readBigInt64LE(at + diskExtents.extentLength)),
    });
  }
  return extents;
}
