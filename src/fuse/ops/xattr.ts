/** Extended attributes, POSIX ACLs among them: GETXATTR, SETXATTR, LISTXATTR, REMOVEXATTR. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import { noName, statxWordOf } from '../../vfs-linux/calls/slot-calls.ts';
import type { Caller, Slot } from '../../vfs-linux/slot.ts';
import { modeOf } from '../entry-writer.ts';
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

/**
 * Answers with a value, of which the caller takes at most `bytes`; 0: with its length alone. `fill`
 * writes the call, with the room that the kernel has for the value.
 */
function fetch(
  request: FuseRequest,
  by: Caller,
  bytes: number,
  fill: (slot: Slot, room: number) => void,
): void {
  const { calls, wire } = request.session;
  if (bytes === 0) {
    calls.runAs(
      by,
      (slot) => fill(slot, 0),
      (ret) => {
        if (ret < 0) request.fail(ret);
        else answerLength(request, ret);
      },
    );
    return;
  }
  const room = Math.min(bytes, abi.XATTR_SIZE_MAX);
  const answer = wire.takeAnswer(room);
  const done = (ret: number): void => {
    if (ret < 0) request.fail(ret);
    else request.answerFrom(answer, ret);
    wire.giveBack(answer);
  };
  calls.runAs(by, (slot) => fill(slot, room), done, answer.data);
}

export function getxattr(request: FuseRequest): void {
  const bytes = request.word(0);
  request.withFdAndName(8, (fd, name) =>
    fetch(request, request.session.calls.root, bytes, (slot, room) =>
      encode.getxattrat(slot, encode.itself(fd), name, room),
    ),
  );
}

/** trusted.* is shown only to callers that may read it: root, as far as a request tells. */
export function listxattr(request: FuseRequest): void {
  const bytes = request.word(0);
  const { calls, identities } = request.session;
  const by = request.uid === 0 ? calls.root : identities.nobody;
  request.withFd((fd) =>
    fetch(request, by, bytes, (slot, room) => encode.listxattrat(slot, encode.itself(fd), room)),
  );
}

export function setxattr(request: FuseRequest): void {
  const [bytes, xattrFlags, more] = [request.word(0), request.word(1), request.word(2)];
  request.withFdAndName(setxattrInBytes, (fd, name, node) => {
    if (bytes > request.lengthBytes - name.end - 1) {
      request.fail(-errno.EINVAL);
      return;
    }
    const value = request.buffer.bytes.subarray(name.end + 1, name.end + 1 + bytes);
    const fill = (slot: Slot): void =>
      encode.setxattrat(slot, encode.itself(fd), name, bytes, xattrFlags);
    const done = (ret: number): void => {
      if (ret >= 0 && (more & setxattrAclKillSgid) !== 0) dropSgid(request, fd, node);
      else request.answerResult(ret);
    };
    request.session.calls.run(fill, done, value);
  });
}

/** A caller that is not of the file's group has set an ACL: that takes SGID away. */
function dropSgid(request: FuseRequest, fd: number, node: Node): void {
  const { calls, wire } = request.session;
  calls.fstatx(fd, (ret, slot) => {
    const mode = ret < 0 ? 0 : modeOf(calls.memory.u32, statxWordOf(slot)) & 0o7777;
    if (ret < 0 || (mode & sIsgid) === 0) {
      request.answerResult(ret);
      return;
    }
    calls.run(
      (chmod) => encode.fchmodat2(chmod, fd, noName, mode & ~sIsgid, abi.AT_EMPTY_PATH),
      (changed) => {
        request.answerResult(changed);
        wire.forgetAttributes(node.id);
      },
    );
  });
}

export function removexattr(request: FuseRequest): void {
  request.withFdAndName(0, (fd, name) => {
    request.session.calls.run(
      (slot) => encode.removexattrat(slot, encode.itself(fd), name),
      (ret) => request.answerResult(ret),
    );
  });
}
