/**
 * The functions of kernel32.dll with which fsbridge reads and writes a disk, as an interface, so
 * that tests can stand in for Windows. Names, codes and layouts are the Windows SDK's (fileapi.h,
 * winioctl.h, ntdddisk.h).
 */
import type { Buffer } from 'node:buffer';
import type { Handle } from '../../host/ffi.ts';

/** error: GetLastError(), 0 for success. bytes: the number of bytes moved. */
export interface IoAnswer {
  readonly error: number;
  readonly bytes: number;
}

export interface WindowsDiskApi {
  /** CreateFileW with OPEN_EXISTING. A handle, or the error negated. */
  createFile(path: string, desiredAccess: number, shareMode: number, flags: number): Handle;
  closeHandle(handle: Handle): void;
  /** DeviceIoControl; it blocks, so it is for the control plane alone. */
  deviceIoControl(handle: Handle, code: number, input: Buffer, output: Buffer): IoAnswer;
  /** ReadFile at an offset, on another thread, which uses the memory until the answer. */
  readFile(handle: Handle, target: Uint8Array, offsetBytes: number): Promise<IoAnswer>;
  writeFile(handle: Handle, source: Uint8Array, offsetBytes: number): Promise<IoAnswer>;
  /** FlushFileBuffers, on another thread; answers the error. */
  flushFileBuffers(handle: Handle): Promise<number>;
  /**
   * FindFirstVolumeW and FindNextVolumeW: names such as \\?\Volume{GUID}\, with the last backslash.
   */
  volumeNames(): readonly string[];
  /** GetVolumePathNamesForVolumeNameW: where the volume is mounted, such as "E:\". */
  volumePaths(volume: string): readonly string[];
}

export const GENERIC_READ = 0x80000000;
export const GENERIC_WRITE = 0x40000000;
export const FILE_SHARE_READ = 1;
export const FILE_SHARE_WRITE = 2;

export const IOCTL_DISK_IS_WRITABLE = 0x70024;
export const IOCTL_DISK_GET_DRIVE_GEOMETRY_EX = 0x700a0;
export const IOCTL_DISK_GET_LENGTH_INFO = 0x7405c;
export const IOCTL_STORAGE_GET_DEVICE_NUMBER = 0x2d1080;
export const IOCTL_STORAGE_QUERY_PROPERTY = 0x2d1400;
export const IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS = 0x560000;
export const FSCTL_LOCK_VOLUME = 0x90018;
export const FSCTL_DISMOUNT_VOLUME = 0x90020;
export const FSCTL_ALLOW_EXTENDED_DASD_IO = 0x90083;

/** DISK_GEOMETRY_EX */
export const geometryEx = { size: 40, bytesPerSector: 20 } as const;
/** STORAGE_DEVICE_NUMBER */
export const deviceNumber = { size: 12, deviceNumber: 4, partitionNumber: 8 } as const;
/** VOLUME_DISK_EXTENTS and its DISK_EXTENTs */
export const diskExtents = { head: 8, each: 24, startingOffset: 8, extentLength: 16 } as const;
/** STORAGE_PROPERTY_QUERY, and the ids of two properties */
export const propertyQuery = { size: 12, device: 0, accessAlignment: 6 } as const;
/** STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR */
export const accessAlignment = { size: 28, bytesPerPhysicalSector: 20 } as const;
/** STORAGE_DEVICE_DESCRIPTOR: offsets of the names' offsets */
export const deviceDescriptor = { size: 1024, vendorIdOffset: 12, productIdOffset: 16 } as const;

export const ERROR_INVALID_FUNCTION = 1;
export const ERROR_FILE_NOT_FOUND = 2;
export const ERROR_PATH_NOT_FOUND = 3;
export const ERROR_ACCESS_DENIED = 5;
export const ERROR_NOT_ENOUGH_MEMORY = 8;
export const ERROR_WRITE_PROTECT = 19;
export const ERROR_NOT_READY = 21;
export const ERROR_SHARING_VIOLATION = 32;
export const ERROR_LOCK_VIOLATION = 33;
export const ERROR_DEV_NOT_EXIST = 55;
export const ERROR_DISK_FULL = 112;
export const ERROR_SEM_TIMEOUT = 121;
export const ERROR_MORE_DATA = 234;
export const ERROR_NO_SUCH_DEVICE = 433;
export const ERROR_FILE_INVALID = 1006;
export const ERROR_NO_MEDIA_IN_DRIVE = 1112;
export const ERROR_DEVICE_NOT_CONNECTED = 1167;
export const ERROR_NO_SYSTEM_RESOURCES = 1450;
export const ERROR_DEVICE_REMOVED = 1617;
