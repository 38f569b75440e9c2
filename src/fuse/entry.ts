/**
 * From a name in a directory, or a descriptor, to the node and the attributes that the host is
 * told.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { inodeOf, modeOf, writeAttr, writeAttrOut, writeEntryHead } from './attributes.ts';
import { type Done, type Name, noName, root } from './kernel-calls.ts';
import type { Node } from './nodes.ts';
import { entryOut, outBody, sizes } from './protocol.ts';
import type { Request } from './request.ts';
import type { Session } from './session.ts';

/** The node, and the word of the kernel's memory where its struct statx lies. */
export type Found = (node: Node, statxWord: number) => void;

/** Calls `then` with the request's node, held; answers ESTALE where there is none. */
export function withNode(session: Session, request: Request, then: (node: Node) => void): void {
  const node = session.nodes.get(request.nodeId);
  if (node === undefined) {
    session.fail(request, -errno.ESTALE);
    return;
  }
  session.hold(request, node);
  then(node);
}

/** The same, and a descriptor of it; a failure to get one is answered. */
export function withFd(
  session: Session,
  request: Request,
  then: (fd: number, node: Node) => void,
): void {
  withNode(session, request, (node) => {
    session.descriptors.use(node, (fd) => {
      if (fd < 0) session.fail(request, fd);
      else then(fd, node);
    });
  });
}

/**
 * Finds out what a name in a directory is. An error is answered, but for the absence of the name,
 * which is `absent`'s.
 */
export function findEntry(
  session: Session,
  request: Request,
  dirfd: number,
  name: Name,
  then: Found,
  absent: () => void = () => session.fail(request, -errno.ENOENT),
): void {
  const { calls, nodes } = session;
  if (!session.features.handles) {
    findWithoutHandle(session, request, dirfd, name, then, absent);
    return;
  }
  calls.find(dirfd, name, (ret, slot) => {
    if (ret === -errno.ENOENT) absent();
    else if (ret < 0) session.fail(request, ret);
    else then(nodes.found(calls.memory, calls.handle(slot)), calls.result(slot) >>> 2);
  });
}

/** Without handles the descriptor is what a node is known by, and it stays open. */
function findWithoutHandle(
  session: Session,
  request: Request,
  dirfd: number,
  name: Name,
  then: Found,
  absent: () => void,
): void {
  const { calls, nodes, descriptors } = session;
  const known = (fd: number): void => {
    calls.fstatx(fd, (ret, slot) => {
      if (ret < 0) {
        calls.close(fd);
        session.fail(request, ret);
        return;
      }
      const statxWord = calls.result(slot) >>> 2;
      const { low, high, device } = inodeOf(calls.memory.u32, statxWord);
      const node = nodes.foundByNumber(low, high, device);
      descriptors.keep(node, fd, false);
      then(node, statxWord);
    });
  };
  if (name.start === name.end) {
    calls.reopen(dirfd, abi.O_PATH, (fd) => (fd < 0 ? session.fail(request, fd) : known(fd)));
    return;
  }
  calls.openat2(root, dirfd, name, abi.O_PATH | abi.O_NOFOLLOW, 0, 0, (fd) => {
    if (fd === -errno.ENOENT) absent();
    else if (fd < 0) session.fail(request, fd);
    else known(fd);
  });
}

/** What a descriptor that is open already stands for. */
export function findOpen(session: Session, request: Request, fd: number, then: Found): void {
  findEntry(session, request, fd, noName, then);
}

/**
 * For a call that made a name and was to find out what it made: tells `then`, or answers the error.
 * `findAgain` is for where it could not be told.
 */
export function whenMade(
  session: Session,
  request: Request,
  then: Found,
  findAgain: () => void,
): Done {
  const { calls, nodes, features } = session;
  return (ret, slot) => {
    if (ret < 0) session.fail(request, ret);
    else if (!features.handles || !calls.wasFound(slot)) findAgain();
    else then(nodes.found(calls.memory, calls.handle(slot)), calls.result(slot) >>> 2);
  };
}

/** Answers with a fuse_entry_out, and `extraBytes` that lie behind it already. */
export function answerEntry(
  session: Session,
  request: Request,
  node: Node,
  statxWord: number,
  extraBytes = 0,
): boolean {
  const { u32 } = session.wire.out;
  const from = session.calls.memory.u32;
  writeEntryHead(u32, outBody, node.id, node.generation, session.features.namesLast);
  writeAttr(u32, outBody + entryOut.attr, from, statxWord, session.features.rootDevice);
  node.mode = modeOf(from, statxWord);
  node.lookups++;
  const sent = session.answer(request, sizes.entryOut + extraBytes) >= 0;
  // The host gave the request up: it does not know the node through it.
  if (!sent) node.lookups--;
  session.settle(node);
  return sent;
}

/** Answers with the attributes in a struct statx. */
export function answerAttr(
  session: Session,
  request: Request,
  node: Node,
  statxWord: number,
): void {
  const { u32 } = session.calls.memory;
  writeAttrOut(session.wire.out.u32, outBody, u32, statxWord, session.features.rootDevice);
  node.mode = modeOf(u32, statxWord);
  session.answer(request, sizes.attrOut);
}
