/** Windows' errors about a disk, in words for a person and as errno for the kernel. */
import { FsBridgeError } from '../../errors.ts';
import { EIO, ENODEV, ENOMEM, ENOSPC, EOPNOTSUPP, EROFS, ETIMEDOUT } from '../errno.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_DEV_NOT_EXIST,
  ERROR_DEVICE_NOT_CONNECTED,
  ERROR_DEVICE_REMOVED,
  ERROR_DISK_FULL,
  ERROR_FILE_INVALID,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_FUNCTION,
  ERROR_LOCK_VIOLATION,
  ERROR_NO_MEDIA_IN_DRIVE,
  ERROR_NO_SUCH_DEVICE,
  ERROR_NO_SYSTEM_RESOURCES,
  ERROR_NOT_ENOUGH_MEMORY,
  ERROR_NOT_READY,
  ERROR_PATH_NOT_FOUND,
  ERROR_SEM_TIMEOUT,
  ERROR_SHARING_VIOLATION,
  ERROR_WRITE_PROTECT,
} from './disk-api.ts';

const errnoOf: ReadonlyMap<number, number> = new Map([
  [ERROR_INVALID_FUNCTION, EOPNOTSUPP],
  // The disk was pulled out.
  [ERROR_FILE_NOT_FOUND, ENODEV],
  [ERROR_DEV_NOT_EXIST, ENODEV],
  [ERROR_NO_SUCH_DEVICE, ENODEV],
  [ERROR_FILE_INVALID, ENODEV],
  [ERROR_NO_MEDIA_IN_DRIVE, ENODEV],
  [ERROR_NOT_READY, ENODEV],
  [ERROR_DEVICE_NOT_CONNECTED, ENODEV],
  [ERROR_DEVICE_REMOVED, ENODEV],
  // Windows denies writing into a volume that it has mounted and that is not locked.
  [ERROR_ACCESS_DENIED, EROFS],
  [ERROR_WRITE_PROTECT, EROFS],
  [ERROR_DISK_FULL, ENOSPC],
  [ERROR_SEM_TIMEOUT, ETIMEDOUT],
  [ERROR_NOT_ENOUGH_MEMORY, ENOMEM],
  [ERROR_NO_SYSTEM_RESOURCES, ENOMEM],
]);

/** The negative errno for a request that failed with that error. */
export function windowsErrno(error: number): number {
  return -(errnoOf.get(error) ?? EIO);
}

type Words = readonly [code: string, why: string, advice: string];

function wordsFor(error: number): Words {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_DEV_NOT_EXIST:
      return ['ENOENT', 'there is no such disk', '`fsbridge probe` lists the disks there are.'];
    case ERROR_ACCESS_DENIED:
      return [
        'EACCES',
        'Windows lets only administrators use disks directly',
        'Open the terminal with "Run as administrator", and try again.',
      ];
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
      return [
        'ERR_SOURCE_IN_USE',
        'another program has exclusive use of it',
        'Close that program (a disk tool, a virtual machine, WSL), and try again.',
      ];
    case ERROR_WRITE_PROTECT:
      return ['EROFS', 'the disk is write-protected', 'Open it for reading only.'];
    case ERROR_NOT_READY:
    case ERROR_NO_MEDIA_IN_DRIVE:
      return ['ERR_SOURCE_EMPTY', 'there is no disk in the drive', 'Put one in, and try again.'];
    case ERROR_DEVICE_NOT_CONNECTED:
    case ERROR_NO_SUCH_DEVICE:
    case ERROR_DEVICE_REMOVED:
      return ['ENODEV', 'the disk was removed', 'Plug it in again.'];
    default:
      return ['EIO', `Windows refuses with error ${error}`, `\`net helpmsg ${error}\` tells more.`];
  }
}

/** The FsBridgeError for a disk that Windows refuses to open. */
export function windowsRefusal(error: number, name: string): FsBridgeError {
  const [code, why, advice] = wordsFor(error);
  return new FsBridgeError(code, name, why, advice);
}
