/**
 * IOCTL of the restricted kind: the host copies a structure in and out whose size is a part of the
 * command's number. Commands on files and on the file system are passed on; others are ENOTTY.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import type { Slot } from '../../vfs-linux/slot.ts';
import { inHeaderBytes, outBody, outHeaderBytes, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';

/** Bytes before the structure in the request: fuse_ioctl_in. */
const ioctlInBytes = 32;
/** FUSE_IOCTL_DIR: the ioctl is on a directory. */
const ioctlDir = 0x10;

/**
 * The host's commands, and this kernel's numbers of them: a long has eight bytes there, four here.
 */
const commands: ReadonlyMap<number, number> = new Map([
  [0x80086601, abi.FS_IOC_GETFLAGS],
  [0x40086602, abi.FS_IOC_SETFLAGS],
  [0x80087601, abi.FS_IOC_GETVERSION],
  [abi.FS_IOC_GETFLAGS, abi.FS_IOC_GETFLAGS],
  [abi.FS_IOC_SETFLAGS, abi.FS_IOC_SETFLAGS],
  [abi.FS_IOC_GETVERSION, abi.FS_IOC_GETVERSION],
  [abi.FS_IOC_FSGETXATTR, abi.FS_IOC_FSGETXATTR],
  [abi.FS_IOC_FSSETXATTR, abi.FS_IOC_FSSETXATTR],
  [abi.FS_IOC_GETFSLABEL, abi.FS_IOC_GETFSLABEL],
  [abi.FS_IOC_SETFSLABEL, abi.FS_IOC_SETFSLABEL],
  [abi.FITRIM, abi.FITRIM],
]);
/** Commands on the whole volume, which only root may give. */
const onlyRoot: ReadonlySet<number> = new Set([abi.FS_IOC_SETFSLABEL, abi.FITRIM]);
/** Commands that change what stat(2) shows. */
const changesFile: ReadonlySet<number> = new Set([abi.FS_IOC_SETFLAGS, abi.FS_IOC_FSSETXATTR]);

export function ioctl(request: FuseRequest): void {
  const command = commands.get(request.word(3));
  if (command === undefined || (onlyRoot.has(command) && request.uid !== 0)) {
    request.fail(command === undefined ? -errno.ENOTTY : -errno.EPERM);
    return;
  }
  const [inBytes, outBytes] = [request.word(6), request.word(7)];
  const largest = Math.max(inBytes, outBytes);
  if (largest > abi.BRIDGE_SECOND || inBytes > request.bodyBytes - ioctlInBytes) {
    request.fail(-errno.EINVAL);
    return;
  }
  const structure = new Uint8Array(Math.max(largest, 8));
  const start = inHeaderBytes + ioctlInBytes;
  structure.set(request.buffer.bytes.subarray(start, start + inBytes));
  withOpen(request, (fd) => {
    const { calls, wire } = request.session;
    const fill = (slot: Slot): void => encode.ioctl(slot, fd, command, structure);
    calls.run(fill, (ret, { memory, first }) => {
      if (ret < 0) {
        request.fail(ret);
        return;
      }
      const { u32, bytes } = wire.out;
      u32.fill(0, outBody, outBody + sizes.ioctlOut / 4);
      u32[outBody] = ret;
      const to = outHeaderBytes + sizes.ioctlOut;
      memory.bytes.copy(bytes, to, first, first + outBytes);
      request.answer(sizes.ioctlOut + outBytes);
      if (changesFile.has(command)) wire.forgetAttributes(request.nodeId);
    });
  });
}

/** A file is open already; a directory is opened for this call. */
function withOpen(request: FuseRequest, then: (fd: number) => void): void {
  const isDirectory = (request.word(2) & ioctlDir) !== 0;
  if (isDirectory) request.withReadableFd(then);
  else request.withFile(({ fd }) => then(fd));
}
