/**
 * What takes names away: UNLINK, RMDIR, RENAME, RENAME2.
 *
 * A file that loses its last name lives on while somebody uses it, and the host does not say who
 * does. So a node that the host knows keeps a descriptor from then on; the host forgets it soon
 * after if nobody needs it, and then the file is gone for good.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { withFd } from '../entry.ts';
import { type Done, root } from '../kernel-calls.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

/** For the calls that answer a descriptor of who lost his last name, 0 where there is none. */
function answerHeld(session: Session, request: Request): Done {
  const { calls, nodes, descriptors, features } = session;
  return (fd, slot) => {
    if (fd > 0) {
      // Without handles the node has its descriptor already.
      const node = features.handles ? nodes.find(calls.memory, calls.handle(slot)) : undefined;
      if (node === undefined) {
        calls.close(fd);
      } else {
        descriptors.keep(node, fd, false);
        descriptors.pin(node);
        node.nameless = true;
      }
    }
    session.fail(request, Math.min(fd, 0));
  };
}

function remove(session: Session, request: Request, atFlags: number): void {
  const name = request.name(0);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd) => {
    const op = abi.BRIDGE_OP_unlinkat_held;
    const done = answerHeld(session, request);
    session.calls.named(op, root, name, fd, atFlags, 0, 0, done);
  });
}

export function unlink(session: Session, request: Request): void {
  remove(session, request, 0);
}

export function rmdir(session: Session, request: Request): void {
  remove(session, request, abi.AT_REMOVEDIR);
}

/** From the request's directory and a name to another directory and the name behind the first. */
function move(session: Session, request: Request, offset: number, flags: number): void {
  const from = request.name(offset);
  const to = from === undefined ? undefined : request.name(Request.after(from));
  if (from === undefined || to === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fromFd) => {
    const target = session.nodes.get(request.wide(0));
    if (target === undefined) {
      session.fail(request, -errno.ESTALE);
      return;
    }
    session.hold(request, target);
    session.descriptors.use(target, (toFd) => {
      if (toFd < 0) {
        session.fail(request, toFd);
        return;
      }
      const op = abi.BRIDGE_OP_renameat2_held;
      const done = answerHeld(session, request);
      session.calls.namedTwice(op, root, from, to, fromFd, toFd, flags, 0, done);
    });
  });
}

export function rename(session: Session, request: Request): void {
  move(session, request, 8, 0);
}

export function rename2(session: Session, request: Request): void {
  move(session, request, 16, request.word(2));
}
