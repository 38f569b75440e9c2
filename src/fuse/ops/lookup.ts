/** From names to nodes and back: LOOKUP, FORGET, BATCH_FORGET, READLINK. */
import { errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import { noName } from '../../vfs-linux/calls/slot-calls.ts';
import type { Slot } from '../../vfs-linux/slot.ts';
import { answerEntry, findEntry, findOpen } from '../entry.ts';
import { inHeaderBytes, outBody, outHeaderBytes, rootId, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { revive } from '../revive.ts';
import type { Session } from '../session.ts';

const dot = 0x2e;

/**
 * The host looks up "." in a node for NFS and open_by_handle_at(2): is its number still a file's?
 */
function looksUpDot({ buffer, lengthBytes }: FuseRequest): boolean {
  const { bytes } = buffer;
  return (
    lengthBytes > inHeaderBytes + 1 &&
    bytes[inHeaderBytes] === dot &&
    bytes[inHeaderBytes + 1] === 0
  );
}

export function lookup(request: FuseRequest): void {
  const { nodes } = request.session;
  const isDot = looksUpDot(request);
  if (isDot && nodes.get(request.nodeId) === undefined) {
    revive(request);
    return;
  }
  request.withFdAndName(0, (fd, name, node) => {
    if (isDot) {
      findOpen(request, fd, (_found, statxWord) => answerEntry(request, node, statxWord));
      return;
    }
    findEntry(request, fd, name, (found, statxWord) => {
      if (found === undefined) answerAbsent(request);
      else answerEntry(request, found, statxWord);
    });
  });
}

/** The host may remember that there is no such name: it makes every new name itself. */
function answerAbsent(request: FuseRequest): void {
  const { features, entries } = request.session;
  if (!features.namesLast) {
    request.fail(-errno.ENOENT);
    return;
  }
  entries.writeAbsent(outBody);
  request.answer(sizes.entryOut);
}

function forgetOne(session: Session, nodeId: number, lookups: number): void {
  const node = session.nodes.get(nodeId);
  if (node === undefined || nodeId === rootId) return;
  node.lookups -= lookups;
  session.releaseIfUnused(node);
}

export function forget(request: FuseRequest): void {
  forgetOne(request.session, request.nodeId, request.wide(0));
  request.endSilently();
}

export function batchForget(request: FuseRequest): void {
  const wordsEach = 4;
  const room = Math.floor((request.bodyBytes - 8) / (wordsEach * 4));
  const count = Math.min(request.word(0), room);
  for (let i = 0; i < count; i++) {
    const at = 2 + i * wordsEach;
    forgetOne(request.session, request.wide(at), request.wide(at + 2));
  }
  request.endSilently();
}

export function readlink(request: FuseRequest): void {
  request.withFd((fd) => {
    const { calls, wire } = request.session;
    const fill = (slot: Slot): void => encode.readlinkat(slot, fd, noName);
    calls.run(fill, (ret, { memory, second }) => {
      if (ret < 0) {
        request.fail(ret);
        return;
      }
      memory.bytes.copy(wire.out.bytes, outHeaderBytes, second, second + ret);
      request.answer(ret);
    });
  });
}
