/**
 * What a FUSE mount needs of this Linux, and the errors where it is missing: the device, and for
 * users other than root the program fusermount3.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../errors.ts';

export const fuseDevice = '/dev/fuse';
export const fusermount = 'fusermount3';

/**
 * The error where the device cannot be opened. `why` is the reason that the host gives.
 */
export function noFuse(
  why = 'this Linux has no FUSE, or this container has no such device',
): Error {
  return new FsBridgeError(
    'ERR_NO_FUSE',
    fuseDevice,
    why,
    'As root: modprobe fuse. For a container: --device /dev/fuse --cap-add SYS_ADMIN.',
  );
}

/** The error where a user other than root cannot mount. */
export function noFusermount(): Error {
  return new FsBridgeError(
    'ERR_NO_FUSERMOUNT',
    fusermount,
    'only root can mount without this program, and it is not on the PATH',
    'Install the package fuse3, or mount as root.',
  );
}

/**
 * Checks early, before anything is opened, that this user can mount. Throws FsBridgeError:
 * ERR_NO_FUSE, ERR_NO_FUSERMOUNT.
 */
export function checkFuse(): void {
  if (!fs.existsSync(fuseDevice)) throw noFuse();
  if (process.geteuid?.() === 0) return;
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  if (!folders.some((folder) => fs.existsSync(path.join(folder, fusermount)))) {
    throw noFusermount();
  }
}
