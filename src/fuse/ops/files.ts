/**
 * Open files: OPEN, READ, WRITE, RELEASE, FSYNC, LSEEK, FALLOCATE, COPY_FILE_RANGE.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { mayReadCached } from '../access-times.ts';
import { withNode } from '../entry.ts';
import type { OpenFile } from '../files.ts';
import { type Caller, root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { fopen, fsyncFdatasync, inBody, outBody, sizes, writeKillSuidgid } from '../protocol.ts';
import { type Request, u64 } from '../request.ts';
import type { Session } from '../session.ts';
import { asChanger, tellMode } from '../set-id.ts';
import { transferMostBytes } from '../wire.ts';

/** A write that waits is copied up to here, so as not to keep a buffer for the largest. */
const copiedMostBytes = 65536;
/** From here on it costs less to say where the pages lie than to copy them. */
const pagesFromBytes = 32768;
const accessMode = 3;
/** copy_file_range(2) answers 31 bits at most, rounded down to a page. */
const copyMostBytes = 0x7ffff000;

/**
 * The open file that a request names by the fh at a word of its body; answers EBADF without one.
 */
export function fileOf(session: Session, request: Request, word = 0): OpenFile | undefined {
  const file = session.files.get(u64(request.buffer.u32, inBody + word));
  if (file === undefined) session.fail(request, -errno.EBADF);
  return file;
}

/** Answers with an open file's number; `keep`: what the host has of its data may be read. */
function answerOpen(
  session: Session,
  request: Request,
  node: Node,
  fd: number,
  writes: boolean,
  keep = true,
): void {
  const fh = session.files.add(node, fd, writes);
  const { u32 } = session.wire.out;
  u32[outBody] = fh;
  u32[outBody + 1] = 0;
  u32[outBody + 2] = (keep ? fopen.keepCache : 0) | fopen.noflush;
  u32[outBody + 3] = 0;
  if (session.answer(request, sizes.openOut) >= 0) return;
  session.files.remove(fh);
  session.calls.close(fd);
  session.settle(node);
}

/**
 * The host has checked that the caller may, and cuts the file off itself (O_TRUNC). For writing the
 * file is opened for reading too, as the host reads what it changes a part of; O_APPEND is the host's
 * business, except that a file which may only be appended to (chattr +a) is not opened for writing
 * otherwise.
 */
export function open(session: Session, request: Request): void {
  const flags = request.word(0);
  const writes = (flags & accessMode) !== abi.O_RDONLY;
  const unseen = (flags & abi.O_NOATIME) !== 0 || (flags & accessMode) === abi.O_WRONLY;
  const openFlags = (writes ? abi.O_RDWR : abi.O_RDONLY) | (unseen ? abi.O_NOATIME : 0);
  withNode(session, request, (node) => {
    // The host opens fifos and devices itself; here they would wait, or reach into this kernel.
    if (node.mode !== 0 && (node.mode & abi.S_IFMT) !== abi.S_IFREG) {
      session.fail(request, -errno.EINVAL);
      return;
    }
    const opened = (fd: number): void => {
      if (fd < 0) session.fail(request, fd);
      else if (unseen) answerOpen(session, request, node, fd, writes);
      else {
        mayReadCached(session, fd, (may) => answerOpen(session, request, node, fd, writes, may));
      }
    };
    const { descriptors } = session;
    descriptors.openAnew(node, openFlags, (fd) => {
      const appendOnly = fd === -errno.EPERM && (flags & abi.O_APPEND) !== 0;
      if (appendOnly) descriptors.openAnew(node, openFlags | abi.O_APPEND, opened);
      else opened(fd);
    });
  });
}

export function release(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const { calls, times } = session;
  session.files.remove(u64(request.buffer.u32, inBody));
  if ((file.node.open?.writers ?? 0) === 0) times.restore(calls, file.node, file.fd);
  calls.close(file.fd, () => session.fail(request, 0));
  session.settle(file.node);
}

export function read(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const bytes = Math.min(request.word(4), transferMostBytes);
  const offset = request.wide(2);
  if (bytes < pagesFromBytes) {
    readCopied(session, request, file.fd, bytes, offset);
    return;
  }
  const { calls } = session;
  calls.numbers(abi.BRIDGE_OP_pread_pages, root, file.fd, bytes, offset, 0, (ret, slot) => {
    if (ret > 0) session.answerPieces(request, calls.first(slot), ret);
    else if (ret === -errno.EOPNOTSUPP) readCopied(session, request, file.fd, bytes, offset);
    else session.fail(request, ret);
  });
}

function readCopied(
  session: Session,
  request: Request,
  fd: number,
  bytes: number,
  offset: number,
): void {
  const answer = session.wire.takeAnswer(bytes);
  const op = abi.BRIDGE_OP_pread64;
  session.calls.transfer(op, root, fd, answer.data, bytes, offset, (ret) => {
    if (ret < 0) session.fail(request, ret);
    else session.answerFrom(request, answer, ret);
    session.wire.giveBack(answer);
  });
}

export function write(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const bytes = request.word(4);
  if (bytes > request.bodyBytes - sizes.writeIn) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  const { node } = file;
  const offset = request.wide(2);
  const kills = (request.word(5) & writeKillSuidgid) !== 0;
  let { data } = request.buffer;
  if (node.open?.writeQueue !== undefined && bytes <= copiedMostBytes) {
    // It waits its turn: a whole buffer is too much for that.
    data = Buffer.from(data.subarray(0, bytes));
  } else {
    request.keepBuffer = true;
  }
  session.times.changed(node);
  inTurn(node, (done) => {
    const op = abi.BRIDGE_OP_pwrite64;
    const by = (caller: Caller): void =>
      session.calls.transfer(op, caller, file.fd, data, bytes, offset, (ret) => {
        answerSize(session, request, ret);
        if (kills) tellMode(session, node, file.fd);
        done();
      });
    if (kills) asChanger(session, request, node, by);
    else by(root);
  });
}

/**
 * One write to a file after the other: the kernel's lock of the inode would have it so anyway, and
 * a thread that waits for it costs more than a place in this line.
 */
function inTurn({ open }: Node, write: (done: () => void) => void): void {
  if (open === undefined) {
    write(() => {});
    return;
  }
  const next = (): void => {
    const waiting = open.writeQueue?.shift();
    if (waiting === undefined) open.writeQueue = undefined;
    else waiting();
  };
  const start = (): void => write(next);
  if (open.writeQueue === undefined) {
    open.writeQueue = [];
    start();
  } else {
    open.writeQueue.push(start);
  }
}

/** fuse_write_out */
function answerSize(session: Session, request: Request, ret: number): void {
  if (ret < 0) {
    session.fail(request, ret);
    return;
  }
  const { u32 } = session.wire.out;
  u32[outBody] = ret;
  u32[outBody + 1] = 0;
  session.answer(request, sizes.writeOut);
}

export function fsync(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const dataOnly = (request.word(2) & fsyncFdatasync) !== 0;
  session.times.restore(session.calls, file.node, file.fd);
  const op = dataOnly ? abi.BRIDGE_OP_fdatasync : abi.BRIDGE_OP_fsync;
  session.calls.numbers(op, root, file.fd, 0, 0, 0, (ret) => {
    // The host does not count the blocks of what it hands over from its cache.
    if (session.features.writeback) session.wire.forgetAttributes(file.node.id);
    session.fail(request, Math.min(ret, 0));
  });
}

/**
 * SEEK_DATA and SEEK_HOLE. What was written may lie in the host's cache still, at least what was
 * written to a mapping, and the host asks without having handed it over: it is made to, where
 * somebody has the file open for writing.
 */
export function lseek(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const [offset, whence] = [request.signed(2), request.word(4)];
  const seek = (): void => {
    const op = abi.BRIDGE_OP_lseek;
    session.calls.numbers(op, root, file.fd, whence, offset, 0, (ret) => {
      if (ret < 0) session.fail(request, ret);
      else answerWide(session, request, ret);
    });
  };
  if (file.node.open?.writers === 0) seek();
  else void session.wire.flushAndForgetData(file.node.id).then(seek);
}

/** fuse_lseek_out, fuse_copy_file_range_out: a number of 64 bits. */
function answerWide(session: Session, request: Request, value: number): void {
  const { u32 } = session.wire.out;
  u32[outBody] = value;
  u32[outBody + 1] = value / 4294967296;
  session.answer(request, sizes.lseekOut);
}

export function fallocate(session: Session, request: Request): void {
  const file = fileOf(session, request);
  if (file === undefined) return;
  const { node, fd } = file;
  const [offset, length, mode] = [request.wide(2), request.wide(4), request.word(6)];
  session.times.changed(node);
  asChanger(session, request, node, (by) => {
    const op = abi.BRIDGE_OP_fallocate;
    session.calls.ranges(op, by, [fd, mode, 0], [offset, length], (ret) => {
      // What has found no room may have taken, and grown by, the part that there was.
      if (ret < 0) session.wire.forgetAttributes(node.id);
      session.fail(request, Math.min(ret, 0));
      tellMode(session, node, fd);
    });
  });
}

/** Both files of a COPY_FILE_RANGE, and the copy; `then` gets the bytes copied or an error. */
function copy(session: Session, request: Request, then: (ret: number) => void): void {
  const from = fileOf(session, request);
  const to = from === undefined ? undefined : fileOf(session, request, 6);
  if (from === undefined || to === undefined) return;
  session.times.changed(to.node);
  const bytes = Math.min(request.wide(10), copyMostBytes);
  const offsets = [request.wide(2), request.wide(8)] as const;
  asChanger(session, request, to.node, (by) => {
    const op = abi.BRIDGE_OP_copy_file_range;
    session.calls.ranges(op, by, [from.fd, to.fd, bytes], offsets, (ret) => {
      then(ret);
      tellMode(session, to.node, to.fd);
    });
  });
}

export function copyFileRange(session: Session, request: Request): void {
  copy(session, request, (ret) => answerSize(session, request, ret));
}

/** The same, with an answer of 64 bits. */
export function copyFileRange64(session: Session, request: Request): void {
  copy(session, request, (ret) => {
    if (ret < 0) session.fail(request, ret);
    else answerWide(session, request, ret);
  });
}
