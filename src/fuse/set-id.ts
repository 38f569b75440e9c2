/**
 * Set-user-ID and set-group-ID, which a change of a file by somebody else takes away. The host
 * leaves that to the file system (HANDLE_KILLPRIV_V2), and this kernel does it by Linux's own
 * rules, when the change is made by an identity that is like the caller.
 */
import { modeOf } from './attributes.ts';
import { type Caller, root } from './kernel-calls.ts';
import type { Node } from './nodes.ts';
import type { Request } from './request.ts';
import type { Session } from './session.ts';

const setIds = 0o6000;

/** Whether the file may have one of the two; a file whose mode was never told may. */
export function mayBeSetId(node: Node): boolean {
  return node.mode === 0 || (node.mode & setIds) !== 0;
}

/** Calls `then` with who is to change the file: root, unless that would leave bits that must go. */
export function asChanger(
  session: Session,
  request: Request,
  node: Node,
  then: (by: Caller) => void,
): void {
  if (mayBeSetId(node)) session.identities.ordinary(request, then);
  else then(root);
}

/** After a change whose answer does not tell the mode: has the host look where it is another. */
export function tellMode(session: Session, node: Node, fd: number): void {
  if (!mayBeSetId(node)) return;
  const { calls } = session;
  node.busy++;
  calls.fstatx(fd, (ret, slot) => {
    const mode = ret < 0 ? node.mode : modeOf(calls.memory.u32, calls.result(slot) >>> 2);
    const isOther = mode !== node.mode;
    node.mode = mode;
    node.busy--;
    if (isOther) session.wire.forgetAttributes(node.id);
    session.settle(node);
  });
}
