/**
 * Descriptors for an inode's content. Most file objects need no more than a handle (O_PATH). The
 * content is opened when it is first read or written, once for all file objects, and without a name
 * (reopen), so that it can be reached after the name is removed.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import { negative } from '../vfs-linux/errno.ts';
import type { Fcb } from './fcb.ts';
import type { Vcb } from './vcb.ts';

/** Open for reading, or a negative errno. */
export function readFdOf(vcb: Vcb, fcb: Fcb): Fd | Promise<number> {
  if (fcb.writeFd !== undefined) return fcb.writeFd;
  fcb.readFd ??= open(vcb, fcb, abi.O_RDONLY, 'readFd');
  return fcb.readFd;
}

/** Open for reading and writing, or a negative errno. */
export function writeFdOf(vcb: Vcb, fcb: Fcb): Fd | Promise<number> {
  fcb.writeFd ??= open(vcb, fcb, abi.O_RDWR, 'writeFd');
  return fcb.writeFd;
}

async function open(
  vcb: Vcb,
  fcb: Fcb,
  openFlags: number,
  field: 'readFd' | 'writeFd',
): Promise<number> {
  // Opening a FIFO or a device would wait for, or act on, something outside of this volume.
  if (fcb.type !== abi.S_IFREG) return negative(errno.ENXIO);
  const { handle } = fcb;
  const fd = await vcb.calls.reopen(handle, openFlags);
  if (fd < 0) {
    fcb[field] = undefined;
    return fd;
  }
  if (!fcb.closed && fcb.handle === handle) fcb[field] = fd;
  return fd;
}
