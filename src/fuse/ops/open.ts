/** OPEN and RELEASE of files. Directories are not opened (NO_OPENDIR_SUPPORT). */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { mayReadCached } from '../access-times.ts';
import { accessModeOf, type OpenFile, opensForWriting } from '../open-files.ts';
import { fopen, outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import type { Session } from '../session.ts';

/**
 * Writes a fuse_open_out at a word of an answer; `keepCache`: reads may use the data that the host
 * has cached.
 */
export function writeOpenOut(u32: Uint32Array, at: number, fh: number, keepCache: boolean): void {
  u32[at] = fh;
  u32[at + 1] = 0;
  u32[at + 2] = (keepCache ? fopen.keepCache : 0) | fopen.noflush;
  u32[at + 3] = 0;
}

/** Closes a file whose number the host did not take, as it gave the request up. */
export function closeUnsent(session: Session, fh: number): void {
  const file = session.files.remove(fh);
  if (file === undefined) return;
  session.calls.close(file.fd);
  session.releaseIfUnused(file.node);
}

function answerOpen(request: FuseRequest, file: OpenFile, keepCache: boolean): void {
  const { session } = request;
  const fh = session.files.add(file);
  writeOpenOut(session.wire.out.u32, outBody, fh, keepCache);
  if (request.answer(sizes.openOut) < 0) closeUnsent(session, fh);
}

/**
 * The host has checked that the caller may, and truncates the file itself (O_TRUNC). A file for
 * writing is opened for reading too, as the host reads what it changes a part of. O_APPEND is the
 * host's business, but for a file that may only be appended to (chattr +a): that one is not opened
 * for writing without the flag.
 */
export function open(request: FuseRequest): void {
  const flags = request.word(0);
  const writes = opensForWriting(flags);
  // Such a file is never read on behalf of a program in a way that changes its time of access.
  const keepsAtime = (flags & abi.O_NOATIME) !== 0 || accessModeOf(flags) === abi.O_WRONLY;
  const openFlags = (writes ? abi.O_RDWR : abi.O_RDONLY) | (keepsAtime ? abi.O_NOATIME : 0);
  request.withNode((node) => {
    // The host opens fifos and devices itself; here they would wait, or reach into this kernel.
    if (node.mode !== 0 && (node.mode & abi.S_IFMT) !== abi.S_IFREG) {
      request.fail(-errno.EINVAL);
      return;
    }
    const { session } = request;
    const { descriptors } = session;
    const opened = (fd: number): void => {
      if (fd < 0) {
        request.fail(fd);
        return;
      }
      const file = { node, fd, writes };
      if (keepsAtime) answerOpen(request, file, true);
      else mayReadCached(session, fd, (may) => answerOpen(request, file, may));
    };
    descriptors.openAnew(node, openFlags, (fd) => {
      const appendOnly = fd === -errno.EPERM && (flags & abi.O_APPEND) !== 0;
      if (appendOnly) descriptors.openAnew(node, openFlags | abi.O_APPEND, opened);
      else opened(fd);
    });
  });
}

export function release(request: FuseRequest): void {
  request.withFile((file) => {
    const { session } = request;
    const { calls, times, files } = session;
    const { node, fd } = file;
    files.remove(request.wide(0));
    if ((node.open?.writers ?? 0) === 0) times.restore(calls, node, fd);
    calls.close(fd, () => request.answerResult(0));
    session.releaseIfUnused(node);
  });
}
