/**
 * IOCTL, of the restricted kind: the host copies a structure in and out whose size the command's
 * number tells. Passed on are those that concern files and this file system; others are ENOTTY.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { inHeaderBytes, outBody, outHeaderBytes, sizes } from '../protocol.ts';
import type { Request } from '../request.ts';
import type { Session } from '../session.ts';
import { fileOf } from './files.ts';

/** Bytes before the structure in the request: fuse_ioctl_in. */
const ioctlInBytes = 32;

/**
 * The command in this kernel's numbers: where a long counts, it has four bytes here, eight there.
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
/** Those that concern the whole volume: root's business. */
const onlyRoot: ReadonlySet<number> = new Set([abi.FS_IOC_SETFSLABEL, abi.FITRIM]);
const changesFile: ReadonlySet<number> = new Set([abi.FS_IOC_SETFLAGS, abi.FS_IOC_FSSETXATTR]);

export function ioctl(session: Session, request: Request): void {
  const command = commands.get(request.word(3));
  if (command === undefined || (onlyRoot.has(command) && request.uid !== 0)) {
    session.fail(request, command === undefined ? -errno.ENOTTY : -errno.EPERM);
    return;
  }
  const [inBytes, outBytes] = [request.word(6), request.word(7)];
  const largest = Math.max(inBytes, outBytes);
  if (largest > abi.BRIDGE_SECOND || inBytes > request.bodyBytes - ioctlInBytes) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  const structure = new Uint8Array(Math.max(largest, 8));
  const start = inHeaderBytes + ioctlInBytes;
  structure.set(request.buffer.bytes.subarray(start, start + inBytes));
  withOpen(session, request, (fd) => {
    const { calls, wire } = session;
    calls.ioctl(fd, command, structure, (ret, slot) => {
      if (ret < 0) {
        session.fail(request, ret);
        return;
      }
      const { u32, bytes } = wire.out;
      u32.fill(0, outBody, outBody + sizes.ioctlOut / 4);
      u32[outBody] = ret;
      const from = calls.first(slot);
      const to = outHeaderBytes + sizes.ioctlOut;
      calls.memory.bytes.copy(bytes, to, from, from + outBytes);
      session.answer(request, sizes.ioctlOut + outBytes);
      if (changesFile.has(command)) session.wire.forgetAttributes(request.nodeId);
    });
  });
}

/** A file is open already; a directory is opened for the sake of this. */
function withOpen(session: Session, request: Request, then: (fd: number) => void): void {
  const isDirectory = (request.word(2) & (1 << 4)) !== 0;
  if (!isDirectory) {
    const file = fileOf(session, request);
    if (file !== undefined) then(file.fd);
    return;
  }
  const node = session.nodes.get(request.nodeId);
  if (node === undefined) {
    session.fail(request, -errno.ESTALE);
    return;
  }
  session.hold(request, node);
  session.descriptors.useReadable(node, (fd) => {
    if (fd < 0) session.fail(request, fd);
    else then(fd);
  });
}
