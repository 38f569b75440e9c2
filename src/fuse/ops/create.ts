/**
 * What makes new names: CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK, LINK. All but LINK run with an
 * identity of the caller's user and group, so that owner, SGID directories and default ACLs come out
 * as Linux has them.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { answerEntry, findEntry, findOpen, withFd } from '../entry.ts';
import { type Name, noName } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { fopen, outBody, sizes } from '../protocol.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

const sIfmt: number = abi.S_IFMT;
const defaultAcl: Name = nameOf('system.posix_acl_default');
const dot: Name = nameOf('.');

export function nameOf(text: string): Name {
  const bytes = Buffer.from(text);
  return { bytes, start: 0, end: bytes.length };
}

/** Who the request's caller is to this kernel: made before the handler is called. */
function caller(session: Session, request: Request): number {
  return session.identities.get(request.uid, request.gid) ?? 0;
}

/**
 * Calls `then` with the mode that a new file gets: without the bits of the umask, unless the directory
 * has a default ACL, which stands in its place (acl(5)).
 */
function withMode(
  session: Session,
  parent: Node,
  fd: number,
  mode: number,
  umask: number,
  then: (mode: number) => void,
): void {
  const masked = mode & ~(umask & 0o777);
  if (masked === mode || !session.features.posixAcl || parent.defaultAcl === false) {
    then(masked);
  } else if (parent.defaultAcl === true) {
    then(mode);
  } else {
    const op = abi.BRIDGE_OP_getxattrat;
    session.calls.xattr(op, 0, fd, defaultAcl, 0, 0, undefined, (ret) => {
      parent.defaultAcl = ret > 0;
      then(parent.defaultAcl ? mode : masked);
    });
  }
}

/** The directory, a descriptor of it, and the name that lies `offset` bytes into the body. */
function inDirectory(
  session: Session,
  request: Request,
  offset: number,
  then: (fd: number, parent: Node, name: Name) => void,
): void {
  const name = request.name(offset);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd, parent) => then(fd, parent, name));
}

/** Answers with the entry that was just made under a name, or with the error. */
function answerMade(
  session: Session,
  request: Request,
  ret: number,
  fd: number,
  name: Name,
  made?: (node: Node) => void,
): void {
  if (ret < 0) {
    session.fail(request, ret);
    return;
  }
  findEntry(session, request, fd, name, (node, at) => {
    made?.(node);
    answerEntry(session, request, node, at);
  });
}

export function mknod(session: Session, request: Request): void {
  const [mode, dev, umask] = [request.word(0), request.word(1), request.word(2)];
  inDirectory(session, request, 16, (fd, parent, name) => {
    withMode(session, parent, fd, mode, umask, (bits) => {
      const op = abi.BRIDGE_OP_mknodat;
      session.calls.named(op, caller(session, request), name, fd, bits, dev, (ret) =>
        answerMade(session, request, ret, fd, name),
      );
    });
  });
}

export function mkdir(session: Session, request: Request): void {
  const [mode, umask] = [request.word(0), request.word(1)];
  inDirectory(session, request, 8, (fd, parent, name) => {
    withMode(session, parent, fd, mode & ~sIfmt, umask, (bits) => {
      const op = abi.BRIDGE_OP_mkdirat;
      session.calls.named(op, caller(session, request), name, fd, bits, 0, (ret) =>
        answerMade(session, request, ret, fd, name, (node) => {
          // A default ACL is inherited, and so is having none.
          if (parent.defaultAcl === false) node.defaultAcl = false;
        }),
      );
    });
  });
}

export function symlink(session: Session, request: Request): void {
  inDirectory(session, request, 0, (fd, _parent, name) => {
    const target = request.name(Request.after(name));
    if (target === undefined) {
      session.fail(request, -errno.EINVAL);
      return;
    }
    const op = abi.BRIDGE_OP_symlinkat;
    session.calls.namedTwice(op, caller(session, request), target, name, fd, 0, 0, (ret) =>
      answerMade(session, request, ret, fd, name),
    );
  });
}

export function link(session: Session, request: Request): void {
  const target = session.nodes.get(request.wide(0));
  inDirectory(session, request, 8, (fd, _parent, name) => {
    if (target === undefined) {
      session.fail(request, -errno.ESTALE);
      return;
    }
    session.hold(request, target);
    session.descriptors.use(target, (targetFd) => {
      if (targetFd < 0) {
        session.fail(request, targetFd);
        return;
      }
      const op = abi.BRIDGE_OP_linkat;
      const { calls } = session;
      calls.namedTwice(op, 0, noName, name, targetFd, fd, abi.AT_EMPTY_PATH, (ret) =>
        answerMade(session, request, ret, fd, name),
      );
    });
  });
}

/** Answers with an entry and an open file. */
function answerOpened(session: Session, request: Request, ret: number): void {
  if (ret < 0) {
    session.fail(request, ret);
    return;
  }
  const { calls, files, wire } = session;
  findOpen(session, request, ret, (node, at) => {
    const fh = files.add(node, ret);
    const { u32 } = wire.out;
    const open = outBody + sizes.entryOut / 4;
    u32[open] = fh;
    u32[open + 1] = 0;
    u32[open + 2] = fopen.keepCache | fopen.noflush;
    u32[open + 3] = 0;
    if (!answerEntry(session, request, node, at, sizes.openOut)) {
      files.remove(fh);
      calls.close(ret);
      session.dropUnused(node);
    }
  });
}

/**
 * How a new file is opened: always for reading too, as the host reads what it changes a part of; the
 * rest of the flags (O_APPEND, O_DIRECT, O_SYNC) is the host's business.
 */
function createFlags(flags: number): number {
  return abi.O_RDWR | (flags & (abi.O_EXCL | abi.O_TRUNC)) | abi.O_NOFOLLOW;
}

export function create(session: Session, request: Request): void {
  const [flags, mode, umask] = [request.word(0), request.word(1), request.word(2)];
  inDirectory(session, request, 16, (fd, parent, name) => {
    withMode(session, parent, fd, mode & ~sIfmt, umask, (bits) => {
      const openFlags = createFlags(flags) | abi.O_CREAT;
      session.calls.openat2(caller(session, request), fd, name, openFlags, bits, (ret) =>
        answerOpened(session, request, ret),
      );
    });
  });
}

export function tmpfile(session: Session, request: Request): void {
  const [flags, mode, umask] = [request.word(0), request.word(1), request.word(2)];
  withFd(session, request, (fd, parent) => {
    withMode(session, parent, fd, mode & ~sIfmt, umask, (bits) => {
      const openFlags = abi.O_TMPFILE | abi.O_RDWR | (flags & abi.O_EXCL);
      session.calls.openat2(caller(session, request), fd, dot, openFlags, bits, (ret) =>
        answerOpened(session, request, ret),
      );
    });
  });
}
