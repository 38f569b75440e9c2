/**
 * What takes names away: UNLINK, RMDIR, RENAME, RENAME2.
 *
 * A file that loses its last name lives on while somebody uses it. The host does not say who does, so
 * a node that the host knows gets a descriptor that stays, before the name goes; the host forgets the
 * node soon after if nobody needs it, and then the file is gone for good.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { linksOf, modeOf, withFd } from '../entry.ts';
import type { Name } from '../kernel-calls.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

/**
 * Makes sure that what a name stands for will outlive the name, where that is its last one. `then` is
 * called in any case.
 */
function saveVictim(session: Session, dirfd: number, name: Name, then: () => void): void {
  const { calls, nodes, descriptors, features } = session;
  // Without handles every node has its descriptor for ever.
  if (!features.handles) {
    then();
    return;
  }
  calls.nameToHandleStatx(dirfd, name, (ret, slot) => {
    const node = ret < 0 ? undefined : nodes.find(calls.memory, calls.handle(slot));
    if (node === undefined || node.pinned || node.lookups <= 0) {
      then();
      return;
    }
    const { u32 } = calls.memory;
    const word = calls.result(slot) >>> 2;
    if (linksOf(u32, word) > 1 && !isDirectory(modeOf(u32, word))) {
      then();
      return;
    }
    node.busy++;
    descriptors.useOwn(node, () => {
      if (node.fd >= 0) descriptors.pin(node);
      node.busy--;
      session.dropUnused(node);
      then();
    });
  });
}

function isDirectory(mode: number): boolean {
  return (mode & abi.S_IFMT) === abi.S_IFDIR;
}

function remove(session: Session, request: Request, atFlags: number): void {
  const name = request.name(0);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd) => {
    saveVictim(session, fd, name, () => {
      session.calls.named(abi.BRIDGE_OP_unlinkat, 0, name, fd, atFlags, 0, (ret) =>
        session.fail(request, ret),
      );
    });
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
  const target = session.nodes.get(request.wide(0));
  if (from === undefined || to === undefined || target === undefined) {
    session.fail(request, target === undefined ? -errno.ESTALE : -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fromFd) => {
    session.hold(request, target);
    session.descriptors.use(target, (toFd) => {
      if (toFd < 0) {
        session.fail(request, toFd);
        return;
      }
      const rename = (): void =>
        session.calls.namedTwice(abi.BRIDGE_OP_renameat2, 0, from, to, fromFd, toFd, flags, (ret) =>
          session.fail(request, ret),
        );
      const replaces = (flags & (abi.RENAME_NOREPLACE | abi.RENAME_EXCHANGE)) === 0;
      if (replaces) saveVictim(session, toFd, to, rename);
      else rename();
    });
  });
}

export function rename(session: Session, request: Request): void {
  move(session, request, 8, 0);
}

export function rename2(session: Session, request: Request): void {
  move(session, request, 16, request.word(2));
}
