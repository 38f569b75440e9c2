/** Names to nodes, and nodes back: LOOKUP, FORGET, BATCH_FORGET, READLINK. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { writeEntryHead } from '../attributes.ts';
import { answerEntry, findEntry, findOpen, withFd } from '../entry.ts';
import { noName, root } from '../kernel-calls.ts';
import { entryOut, outBody, outHeaderBytes, sizes } from '../protocol.ts';
import type { Request } from '../request.ts';
import { revive } from '../revive.ts';
import type { Session } from '../session.ts';

const dot = 0x2e;

export function lookup(session: Session, request: Request): void {
  const name = request.name(0);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  // For NFS and open_by_handle_at(2) the host asks whether its number still stands for a file.
  const isDot = name.end - name.start === 1 && name.bytes[name.start] === dot;
  if (isDot && session.nodes.get(request.nodeId) === undefined) {
    revive(session, request);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd, node) => {
    if (isDot) {
      findOpen(session, request, fd, (_found, at) => answerEntry(session, request, node, at));
      return;
    }
    findEntry(
      session,
      request,
      fd,
      name,
      (found, at) => answerEntry(session, request, found, at),
      () => answerAbsent(session, request),
    );
  });
}

/** The host may remember that there is no such name: it will know when that changes. */
function answerAbsent(session: Session, request: Request): void {
  if (!session.features.namesLast) {
    session.fail(request, -errno.ENOENT);
    return;
  }
  const { u32 } = session.wire.out;
  writeEntryHead(u32, outBody, 0, 0, true);
  u32.fill(0, outBody + entryOut.attr, outBody + sizes.entryOut / 4);
  session.answer(request, sizes.entryOut);
}

function forgetOne(session: Session, nodeId: number, lookups: number): void {
  const node = session.nodes.get(nodeId);
  if (node === undefined || nodeId === 1) return;
  node.lookups -= lookups;
  session.settle(node);
}

export function forget(session: Session, request: Request): void {
  forgetOne(session, request.nodeId, request.wide(0));
  session.finishSilently(request);
}

export function batchForget(session: Session, request: Request): void {
  const wordsEach = 4;
  const room = Math.floor((request.bodyBytes - 8) / (wordsEach * 4));
  const count = Math.min(request.word(0), room);
  for (let i = 0; i < count; i++) {
    const at = 2 + i * wordsEach;
    forgetOne(session, request.wide(at), request.wide(at + 2));
  }
  session.finishSilently(request);
}

export function readlink(session: Session, request: Request): void {
  withFd(session, request, (fd) => {
    const { calls, wire } = session;
    calls.named(abi.BRIDGE_OP_readlinkat, root, noName, fd, 0, 0, 0, (ret, slot) => {
      if (ret < 0) {
        session.fail(request, ret);
        return;
      }
      const start = calls.result(slot);
      calls.memory.bytes.copy(wire.out.bytes, outHeaderBytes, start, start + ret);
      session.answer(request, ret);
    });
  });
}
