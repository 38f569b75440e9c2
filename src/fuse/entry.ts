/**
 * From a name in a directory, or an open descriptor, to the node and the attributes that an answer
 * has.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import * as encode from '../vfs-linux/calls/encode.ts';
import { handleAddressOf, lookedUp, noName, statxWordOf } from '../vfs-linux/calls/slot-calls.ts';
import type { NameSpan } from '../vfs-linux/names.ts';
import type { Done } from '../vfs-linux/slot.ts';
import { inodeOf, modeOf } from './entry-writer.ts';
import type { Node } from './nodes.ts';
import { outBody, sizes } from './protocol.ts';
import type { FuseRequest } from './request.ts';

/** Gets a node, and the word of the kernel's memory where its struct statx lies. */
type Found = (node: Node, statxWord: number) => void;
/** The same; the node is undefined where there is no such name. */
type Looked = (node: Node | undefined, statxWord: number) => void;

/** Looks up a name in a directory. An error other than the absence of the name is answered. */
export function findEntry(request: FuseRequest, dirfd: number, name: NameSpan, then: Looked): void {
  const { calls, nodes, features } = request.session;
  if (!features.handles) {
    findWithoutHandle(request, dirfd, name, then);
    return;
  }
  calls.lookup(dirfd, name, (ret, slot) => {
    if (ret === -errno.ENOENT) then(undefined, 0);
    else if (ret < 0) request.fail(ret);
    else then(nodes.ensure(calls.memory, handleAddressOf(slot)), statxWordOf(slot));
  });
}

/** Without handles a node is known by its inode's number, and keeps its descriptor open. */
function findWithoutHandle(
  request: FuseRequest,
  dirfd: number,
  name: NameSpan,
  then: Looked,
): void {
  const { calls, nodes, descriptors } = request.session;
  const known = (fd: number): void => {
    calls.fstatx(fd, (ret, slot) => {
      if (ret < 0) {
        calls.close(fd);
        request.fail(ret);
        return;
      }
      const statxWord = statxWordOf(slot);
      const { low, high, device } = inodeOf(calls.memory.u32, statxWord);
      const node = nodes.ensureByNumber(low, high, device);
      descriptors.keep(node, fd, false);
      then(node, statxWord);
    });
  };
  if (name.start === name.end) {
    calls.reopen(dirfd, abi.O_PATH, (fd) => (fd < 0 ? request.fail(fd) : known(fd)));
    return;
  }
  const openFlags = abi.O_PATH | abi.O_NOFOLLOW;
  calls.run(
    (slot) => encode.openat2(slot, dirfd, name, openFlags, 0),
    (fd) => {
      if (fd === -errno.ENOENT) then(undefined, 0);
      else if (fd < 0) request.fail(fd);
      else known(fd);
    },
  );
}

/** Finds the node of a descriptor; answers an error. */
export function findOpen(request: FuseRequest, fd: number, then: Found): void {
  findEntry(request, fd, noName, orAbsent(request, then));
}

/** Answers ENOENT where there is no node. */
function orAbsent(request: FuseRequest, then: Found): Looked {
  return (node, statxWord) => {
    if (node === undefined) request.fail(-errno.ENOENT);
    else then(node, statxWord);
  };
}

/**
 * The end of a call that has made a name in a directory and looks up what it made: answers with the
 * entry, or with the call's error. The name is looked up once more where the call could not.
 */
export function answerMade(request: FuseRequest, dirfd: number, name: NameSpan): Done {
  const { calls, nodes, features } = request.session;
  return (ret, slot) => {
    if (ret < 0) {
      request.fail(ret);
    } else if (features.handles && lookedUp(slot)) {
      const node = nodes.ensure(calls.memory, handleAddressOf(slot));
      answerEntry(request, node, statxWordOf(slot));
    } else {
      const answer = orAbsent(request, (node, at) => answerEntry(request, node, at));
      findEntry(request, dirfd, name, answer);
    }
  };
}

/**
 * Answers with a fuse_entry_out, and `extraBytes` that lie behind it already. Returns whether the
 * host has taken the answer.
 */
export function answerEntry(
  request: FuseRequest,
  node: Node,
  statxWord: number,
  extraBytes = 0,
): boolean {
  const { session } = request;
  session.entries.writeEntry(outBody, node, statxWord);
  node.mode = modeOf(session.calls.memory.u32, statxWord);
  node.lookups++;
  const sent = request.answer(sizes.entryOut + extraBytes) >= 0;
  // The host gave the request up, and so does not know the node by it.
  if (!sent) node.lookups--;
  session.releaseIfUnused(node);
  return sent;
}

/** Answers with a fuse_attr_out of the struct statx at a word of the kernel's memory. */
export function answerAttr(request: FuseRequest, node: Node, statxWord: number): void {
  const { entries, calls } = request.session;
  entries.writeAttrOut(outBody, node, statxWord);
  node.mode = modeOf(calls.memory.u32, statxWord);
  request.answer(sizes.attrOut);
}
