/**
 * The Linux errno numbers with which a BlockDevice refuses, and the translation of a host's error
 * into them.
 *
 * The numbers are Linux's (include/uapi/asm-generic/errno-base.h and errno.h) on every host: they
 * go to the kernel in the sandbox, never to the host. Windows and macOS have other numbers, so only
 * the name in a Node error's `code` counts ('ENOSPC').
 *
 * The kernel's block layer distinguishes only the errors that a layer above it handles differently,
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
  // To a writer, a quota or a limit of file sizes is a full disk; blk_errors[] has no other error.
  EDQUOT: ENOSPC,
  EFBIG: ENOSPC,
  // The host forbids writing to this medium or file (Windows: it is write-protected).
  EACCES: EROFS,
  EPERM: EROFS,
  // The disk was pulled out, or our file descriptor is closed.
  ENXIO: ENODEV,
  EBADF: ENODEV,
};

/** The negative Linux errno for what a host's file call threw or reported; -EIO for the unknown. */
export function negativeErrno(error: unknown): number {
  return -(linuxErrno[hostCode(error)] ?? EIO);
}
