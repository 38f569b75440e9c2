/**
 * Set-user-ID and set-group-ID, which a change of a file by another user takes away. The host
 * leaves that to the file system (HANDLE_KILLPRIV_V2); this kernel does it by Linux's own rules
 * when the change is made by an identity that is like the caller.
 */
import { statxWordOf } from '../vfs-linux/calls/slot-calls.ts';
import type { Caller } from '../vfs-linux/slot.ts';
import { modeOf } from './entry-writer.ts';
import type { Node } from './nodes.ts';
import type { FuseRequest } from './request.ts';
import type { Session } from './session.ts';

const setIds = 0o6000;

/** Whether the file may have one of the two bits; where its mode is not known, it may. */
export function mayBeSetId(node: Node): boolean {
  return node.mode === 0 || (node.mode & setIds) !== 0;
}

/** Calls `then` with the identity for a change: root, unless bits may have to go. */
export function asChanger(request: FuseRequest, node: Node, then: (by: Caller) => void): void {
  const { calls, identities } = request.session;
  if (!mayBeSetId(node)) then(calls.root);
  else identities.ordinary(request, (by) => request.run(() => then(by)));
}

/** After a change whose answer has no mode: makes the host look again where the mode is another. */
export function reportMode(session: Session, node: Node, fd: number): void {
  if (!mayBeSetId(node)) return;
  const { calls } = session;
  node.busy++;
  calls.fstatx(fd, (ret, slot) => {
    const mode = ret < 0 ? node.mode : modeOf(calls.memory.u32, statxWordOf(slot));
    const isOther = mode !== node.mode;
    node.mode = mode;
    node.busy--;
    if (isOther) session.wire.forgetAttributes(node.id);
    session.releaseIfUnused(node);
  });
}
