/** Extended attributes, POSIX ACLs among them: GETXATTR, SETXATTR, LISTXATTR, REMOVEXATTR. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { withFd } from '../entry.ts';
import { type Caller, type Name, noName, root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { inHeaderBytes, outBody, setxattrAclKillSgid, sizes } from '../protocol.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

const setxattrInBytes = 16;
const sIsgid = 0o2000;

/** Answers with the length alone, as the caller asked with a buffer of none. */
function answerLength(session: Session, request: Request, length: number): void {
  const { u32 } = session.wire.out;
  u32[outBody] = length;
  u32[outBody + 1] = 0;
  session.answer(request, sizes.getxattrOut);
}

/** GETXATTR and LISTXATTR: `bytes` of room for the answer, or 0 for its length. */
function fetch(
  session: Session,
  request: Request,
  op: number,
  by: Caller,
  name: Name,
  bytes: number,
): void {
  withFd(session, request, (fd) => {
    const { calls, wire } = session;
    if (bytes === 0) {
      calls.xattr(op, by, fd, name, 0, 0, undefined, (ret) => {
        if (ret < 0) session.fail(request, ret);
        else answerLength(session, request, ret);
      });
      return;
    }
    const room = Math.min(bytes, abi.XATTR_SIZE_MAX);
    const answer = wire.takeAnswer(room);
    calls.xattr(op, by, fd, name, room, 0, answer.data, (ret) => {
      if (ret < 0) session.fail(request, ret);
      else session.answerFrom(request, answer, ret);
      wire.giveBack(answer);
    });
  });
}

export function getxattr(session: Session, request: Request): void {
  const name = request.name(8);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  fetch(session, request, abi.BRIDGE_OP_getxattrat, root, name, request.word(0));
}

/** trusted.* is shown to those alone who may read it: root, as far as a request tells. */
export function listxattr(session: Session, request: Request): void {
  const by = request.uid === 0 ? root : session.identities.nobody;
  fetch(session, request, abi.BRIDGE_OP_listxattrat, by, noName, request.word(0));
}

export function setxattr(session: Session, request: Request): void {
  const [bytes, flags, more] = [request.word(0), request.word(1), request.word(2)];
  const name = request.name(setxattrInBytes);
  if (name === undefined || bytes > request.lengthBytes - name.end - 1) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  const start = inHeaderBytes + Request.after(name);
  const value = request.buffer.bytes.subarray(start, start + bytes);
  withFd(session, request, (fd, node) => {
    const op = abi.BRIDGE_OP_setxattrat;
    session.calls.xattr(op, root, fd, name, bytes, flags, value, (ret) => {
      if (ret >= 0 && (more & setxattrAclKillSgid) !== 0) dropSgid(session, request, fd, node);
      else session.fail(request, ret);
    });
  });
}

/** The caller is not of the file's group: an ACL that he sets takes SGID away. */
function dropSgid(session: Session, request: Request, fd: number, node: Node): void {
  const { calls } = session;
  calls.fstatx(fd, (ret, slot) => {
    const at = (calls.result(slot) + abi['statx.stx_mode']) >>> 2;
    const mode = ret < 0 ? 0 : (calls.memory.u32[at] as number) & 0o7777;
    if (ret < 0 || (mode & sIsgid) === 0) {
      session.fail(request, Math.min(ret, 0));
      return;
    }
    const op = abi.BRIDGE_OP_fchmodat2;
    calls.named(op, root, noName, fd, mode & ~sIsgid, abi.AT_EMPTY_PATH, 0, (done) => {
      session.fail(request, done);
      session.wire.forgetAttributes(node.id);
    });
  });
}

export function removexattr(session: Session, request: Request): void {
  const name = request.name(0);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd) => {
    const op = abi.BRIDGE_OP_removexattrat;
    session.calls.xattr(op, root, fd, name, 0, 0, undefined, (ret) => session.fail(request, ret));
  });
}
