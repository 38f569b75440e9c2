/**
 * The Linux errno numbers with which a BlockDevice says no, and the way from a host's error to
 * them.
 *
 * The numbers are Linux's (include/uapi/asm-generic/errno-base.h and errno.h) on every host: they
 * go to the kernel in the sandbox, never to the host. Windows and macOS number theirs differently,
 * so only the name in a Node error's `code` is looked at ('ENOSPC'), not its number.
 *
 * The kernel's block layer keeps apart only the errors that somebody above it handles differently
 * and takes all others for EIO (block/blk-core.c, blk_errors[]); so this table is short.
 */

import { hostCode } from '../host/host-error.ts';

export const EIO = 5;
export const ENOMEM = 12;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EROFS = 30;
export const EOPNOTSUPP = 95;
export const ETIMEDOUT = 110;

const linuxErrno: Readonly<Record<string, number>> = {
  EINVAL,
  ENODEV,
  ENOMEM,
  ENOSPC,
  EROFS,
  ETIMEDOUT,
  // A quota or a file size limit is a full disk to whoever writes; blk_errors[] has no other word.
  EDQUOT: ENOSPC,
  EFBIG: ENOSPC,
  // The host does not let this medium or file be written (Windows: write protected).
  EACCES: EROFS,
  EPERM: EROFS,
  // The disk was pulled out, or our own file descriptor is closed.
  ENXIO: ENODEV,
  EBADF: ENODEV,
};

/** The negative Linux errno for what a host's file call threw or reported; -EIO for the unknown. */
export function negativeErrno(error: unknown): number {
  return -(linuxErrno[hostCode(error)] ?? EIO);
}
