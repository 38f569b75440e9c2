/** The data of open files: READ, WRITE, FSYNC, LSEEK, FALLOCATE, COPY_FILE_RANGE. */
import { Buffer } from 'node:buffer';
import { high32 } from '../../int64.ts';
import { errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import type { Caller, Slot } from '../../vfs-linux/slot.ts';
import type { Node } from '../nodes.ts';
import { fsyncFdatasync, outBody, sizes, writeKillSuidgid } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { asChanger, reportMode } from '../set-id.ts';
import { maxTransferBytes } from '../wire.ts';

/**
 * A write of up to this size is copied while it waits, so as not to hold a buffer for the largest.
 */
const maxCopiedBytes = 65536;
/** From this size on it costs less to say where the pages lie than to copy them. */
const minPagesBytes = 32768;
/** copy_file_range(2) returns 31 bits at most, rounded down to a page. */
const maxCopyBytes = 0x7ffff000;

export function read(request: FuseRequest): void {
  request.withFile(({ fd }) => {
    const { calls } = request.session;
    const bytes = Math.min(request.word(4), maxTransferBytes);
    const offset = request.wide(2);
    if (bytes < minPagesBytes) {
      readCopied(request, fd, bytes, offset);
      return;
    }
    const fill = (slot: Slot): void => encode.preadPages(slot, fd, bytes, offset);
    calls.run(fill, (ret, slot) => {
      if (ret > 0) request.answerPieces(slot.first, ret);
      else if (ret === -errno.EOPNOTSUPP) readCopied(request, fd, bytes, offset);
      else request.answerResult(ret);
    });
  });
}

function readCopied(request: FuseRequest, fd: number, bytes: number, offset: number): void {
  const { calls, wire } = request.session;
  const answer = wire.takeAnswer(bytes);
  const done = (ret: number): void => {
    if (ret < 0) request.fail(ret);
    else request.answerFrom(answer, ret);
    wire.giveBack(answer);
  };
  calls.run((slot) => encode.pread64(slot, fd, bytes, offset), done, answer.data);
}

export function write(request: FuseRequest): void {
  request.withFile(({ node, fd }) => {
    const { session } = request;
    const bytes = request.word(4);
    if (bytes > request.bodyBytes - sizes.writeIn) {
      request.fail(-errno.EINVAL);
      return;
    }
    const offset = request.wide(2);
    const kills = (request.word(5) & writeKillSuidgid) !== 0;
    let { data } = request.buffer;
    // A write that waits its turn is copied: a whole buffer is too much for that.
    const waits = node.open?.writeQueue !== undefined && bytes <= maxCopiedBytes;
    if (waits) data = Buffer.from(data.subarray(0, bytes));
    else request.keepBuffer = true;
    session.times.changed(node);
    inTurn(node, (next) => {
      const fill = (slot: Slot): void => encode.pwrite64(slot, fd, bytes, offset);
      const done = (ret: number): void => {
        answerSize(request, ret);
        if (kills) reportMode(session, node, fd);
        next();
      };
      const write = (by: Caller): void => session.calls.runAs(by, fill, done, data);
      if (kills) asChanger(request, node, write);
      else write(session.calls.root);
    });
  });
}

/**
 * Runs one write to a file after the other. The kernel's lock of the inode would do so anyway, but
 * a thread that waits for the lock costs more than a place in this queue.
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

/** Answers with a fuse_write_out, or with the call's error. */
function answerSize(request: FuseRequest, ret: number): void {
  if (ret < 0) {
    request.fail(ret);
    return;
  }
  const { u32 } = request.session.wire.out;
  u32[outBody] = ret;
  u32[outBody + 1] = 0;
  request.answer(sizes.writeOut);
}

export function fsync(request: FuseRequest): void {
  request.withFile(({ node, fd }) => {
    const { calls, times, features, wire } = request.session;
    const dataOnly = (request.word(2) & fsyncFdatasync) !== 0;
    times.restore(calls, node, fd);
    calls.run(
      (slot) => (dataOnly ? encode.fdatasync(slot, fd) : encode.fsync(slot, fd)),
      (ret) => {
        // The host does not count the blocks of what it hands over from its cache.
        if (features.writeback) wire.forgetAttributes(node.id);
        request.answerResult(ret);
      },
    );
  });
}

/**
 * SEEK_DATA and SEEK_HOLE. The host asks while its cache may hold data that it has not handed over,
 * at least data that was written to a mapping. So where the file is open for writing, the host is
 * made to hand its data over first.
 */
export function lseek(request: FuseRequest): void {
  request.withFile(({ node, fd }) => {
    const { calls, wire } = request.session;
    const [offset, whence] = [request.signed(2), request.word(4)];
    const seek = (): void =>
      calls.run(
        (slot) => encode.lseek(slot, fd, offset, whence),
        (ret) => answerWide(request, ret),
      );
    if (node.open?.writers === 0) seek();
    else void wire.flushAndForgetData(node.id).then(() => request.run(seek));
  });
}

/** Answers with a number of 64 bits (fuse_lseek_out), or with the call's error. */
function answerWide(request: FuseRequest, ret: number): void {
  if (ret < 0) {
    request.fail(ret);
    return;
  }
  const { u32 } = request.session.wire.out;
  u32[outBody] = ret;
  u32[outBody + 1] = high32(ret);
  request.answer(sizes.lseekOut);
}

export function fallocate(request: FuseRequest): void {
  request.withFile(({ node, fd }) => {
    const { session } = request;
    const [offset, length, mode] = [request.wide(2), request.wide(4), request.word(6)];
    session.times.changed(node);
    asChanger(request, node, (by) => {
      const done = (ret: number): void => {
        // A call that ran out of room may have taken the room there was, and grown the file by it.
        if (ret < 0) session.wire.forgetAttributes(node.id);
        request.answerResult(ret);
        reportMode(session, node, fd);
      };
      session.calls.runAs(by, (slot) => encode.fallocate(slot, fd, mode, offset, length), done);
    });
  });
}

/** Copies between the two files of a COPY_FILE_RANGE; `then` gets the bytes copied or an error. */
function copy(request: FuseRequest, then: (ret: number) => void): void {
  request.withFile((from) => {
    request.withFile((to) => {
      const { session } = request;
      session.times.changed(to.node);
      const bytes = Math.min(request.wide(10), maxCopyBytes);
      const source = { fd: from.fd, offsetBytes: request.wide(2) };
      const target = { fd: to.fd, offsetBytes: request.wide(8) };
      asChanger(request, to.node, (by) => {
        const done = (ret: number): void => {
          then(ret);
          reportMode(session, to.node, to.fd);
        };
        session.calls.runAs(by, (slot) => encode.copyFileRange(slot, source, target, bytes), done);
      });
    }, 6);
  });
}

export function copyFileRange(request: FuseRequest): void {
  copy(request, (ret) => answerSize(request, ret));
}

/** The same, with an answer of 64 bits. */
export function copyFileRange64(request: FuseRequest): void {
  copy(request, (ret) => answerWide(request, ret));
}
