/** Extended attributes, POSIX ACLs among them: GETXATTR, SETXATTR, LISTXATTR, REMOVEXATTR. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { modeOf } from '../entry-writer.ts';
import { type Caller, type Name, noName, root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { outBody, setxattrAclKillSgid, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';

const setxattrInBytes = 16;
const sIsgid = 0o2000;

/** Answers with a length alone: the caller asked with an empty buffer. */
function answerLength(request: FuseRequest, length: number): void {
  const { u32 } = request.session.wire.out;
  u32[outBody] = length;
  u32[outBody + 1] = 0;
  request.answer(sizes.getxattrOut);
}

/** What GETXATTR and LISTXATTR ask the kernel for. */
interface Fetch {
  readonly op: number;
  readonly by: Caller;
  readonly name: Name;
  /** Room for the answer; 0: only its length is wanted. */
  readonly bytes: number;
}

function fetch(request: FuseRequest, fd: number, { op, by, name, bytes }: Fetch): void {
  const { calls, wire } = request.session;
  if (bytes === 0) {
    calls.xattr(op, by, fd, name, 0, 0, undefined, (ret) => {
      if (ret < 0) request.fail(ret);
      else answerLength(request, ret);
    });
    return;
  }
  const room = Math.min(bytes, abi.XATTR_SIZE_MAX);
  const answer = wire.takeAnswer(room);
  calls.xattr(op, by, fd, name, room, 0, answer.data, (ret) => {
    if (ret < 0) request.fail(ret);
    else request.answerFrom(answer, ret);
    wire.giveBack(answer);
  });
}

export function getxattr(request: FuseRequest): void {
  const bytes = request.word(0);
  request.withFdAndName(8, (fd, name) =>
    fetch(request, fd, { op: abi.BRIDGE_OP_getxattrat, by: root, name, bytes }),
  );
}

/** trusted.* is shown only to callers that may read it: root, as far as a request tells. */
export function listxattr(request: FuseRequest): void {
  const bytes = request.word(0);
  const by = request.uid === 0 ? root : request.session.identities.nobody;
  const op = abi.BRIDGE_OP_listxattrat;
  request.withFd((fd) => fetch(request, fd, { op, by, name: noName, bytes }));
}

export function setxattr(request: FuseRequest): void {
  const [bytes, flags, more] = [request.word(0), request.word(1), request.word(2)];
  request.withFdAndName(setxattrInBytes, (fd, name, node) => {
    if (bytes > request.lengthBytes - name.end - 1) {
      request.fail(-errno.EINVAL);
      return;
    }
    const value = request.buffer.bytes.subarray(name.end + 1, name.end + 1 + bytes);
    const op = abi.BRIDGE_OP_setxattrat;
    request.session.calls.xattr(op, root, fd, name, bytes, flags, value, (ret) => {
      if (ret >= 0 && (more & setxattrAclKillSgid) !== 0) dropSgid(request, fd, node);
      else request.answerResult(ret);
    });
  });
}

/** A caller that is not of the file's group has set an ACL: that takes SGID away. */
function dropSgid(request: FuseRequest, fd: number, node: Node): void {
  const { calls, wire } = request.session;
  calls.fstatx(fd, (ret, slot) => {
    const mode = ret < 0 ? 0 : modeOf(calls.memory.u32, calls.result(slot) >>> 2) & 0o7777;
    if (ret < 0 || (mode & sIsgid) === 0) {
      request.answerResult(ret);
      return;
    }
    const op = abi.BRIDGE_OP_fchmodat2;
    calls.named(op, root, noName, fd, mode & ~sIsgid, abi.AT_EMPTY_PATH, 0, (changed) => {
      request.answerResult(changed);
      wire.forgetAttributes(node.id);
    });
  });
}

export function removexattr(request: FuseRequest): void {
  request.withFdAndName(0, (fd, name) => {
    const op = abi.BRIDGE_OP_removexattrat;
    request.session.calls.xattr(op, root, fd, name, 0, 0, undefined, (ret) =>
      request.answerResult(ret),
    );
  });
}
