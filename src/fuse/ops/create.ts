/**
 * What makes new names: CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK, LINK. All but LINK run with an
 * identity of the caller's user and group, and with his umask, so that owner, SGID directories,
 * mode and default ACLs come out as Linux has them.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { answerEntry, findEntry, findOpen, whenMade, withFd } from '../entry.ts';
import { type Caller, type Done, type Name, noName, root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { fopen, outBody, sizes } from '../protocol.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

const sIfmt: number = abi.S_IFMT;
/** O_ACCMODE */
const accessMode = 3;
const dotBytes: Buffer = Buffer.from('.');
const dot: Name = { bytes: dotBytes, start: 0, end: dotBytes.length };

/** Who the request's caller is to this kernel: made before the handler is called. */
function caller(session: Session, request: Request, umask: number): Caller {
  return { cred: session.identities.get(request.uid, request.gid) ?? 0, umask };
}

/** The directory's descriptor, and the name that lies `offset` bytes into the body. */
function inDirectory(
  session: Session,
  request: Request,
  offset: number,
  then: (fd: number, name: Name) => void,
): void {
  const name = request.name(offset);
  if (name === undefined) {
    session.fail(request, -errno.EINVAL);
    return;
  }
  request.keepBuffer = true;
  withFd(session, request, (fd) => then(fd, name));
}

/** Answers with the entry that a call has made under a name, or with the call's error. */
function answerMade(session: Session, request: Request, fd: number, name: Name): Done {
  const answer = (node: Node, at: number): void => {
    answerEntry(session, request, node, at);
  };
  return whenMade(session, request, answer, () => findEntry(session, request, fd, name, answer));
}

const findFirst: number = abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE;
const findSecond: number = abi.BRIDGE_LOOKUP_SECOND | abi.BRIDGE_LOOKUP_HANDLE;
const findLink: number = abi.BRIDGE_LOOKUP_LINK | abi.BRIDGE_LOOKUP_HANDLE;
const findOpened: number = abi.BRIDGE_LOOKUP_OPENED | abi.BRIDGE_LOOKUP_HANDLE;

export function mknod(session: Session, request: Request): void {
  const [mode, dev] = [request.word(0), request.word(1)];
  const by = caller(session, request, request.word(2));
  inDirectory(session, request, 16, (fd, name) => {
    const done = answerMade(session, request, fd, name);
    session.calls.named(abi.BRIDGE_OP_mknodat, by, name, fd, mode, dev, findFirst, done);
  });
}

export function mkdir(session: Session, request: Request): void {
  const mode = request.word(0) & ~sIfmt;
  const by = caller(session, request, request.word(1));
  inDirectory(session, request, 8, (fd, name) => {
    const done = answerMade(session, request, fd, name);
    session.calls.named(abi.BRIDGE_OP_mkdirat, by, name, fd, mode, 0, findFirst, done);
  });
}

export function symlink(session: Session, request: Request): void {
  const by = caller(session, request, 0);
  inDirectory(session, request, 0, (fd, name) => {
    const target = request.name(Request.after(name));
    if (target === undefined) {
      session.fail(request, -errno.EINVAL);
      return;
    }
    const done = answerMade(session, request, fd, name);
    const op = abi.BRIDGE_OP_symlinkat;
    session.calls.namedTwice(op, by, target, name, fd, 0, 0, findSecond, done);
  });
}

export function link(session: Session, request: Request): void {
  inDirectory(session, request, 8, (fd, name) => {
    const target = session.nodes.get(request.wide(0));
    if (target === undefined) {
      session.fail(request, -errno.ESTALE);
      return;
    }
    session.hold(request, target);
    target.nameless = false;
    session.descriptors.use(target, (targetFd) => {
      if (targetFd < 0) {
        session.fail(request, targetFd);
        return;
      }
      const { BRIDGE_OP_linkat: op, AT_EMPTY_PATH: atFlags } = abi;
      const done = answerMade(session, request, fd, name);
      session.calls.namedTwice(op, root, noName, name, targetFd, fd, atFlags, findLink, done);
    });
  });
}

/** Answers with an entry and an open file, or with the error of the call that opened it. */
function answerOpened(session: Session, request: Request, writes: boolean): Done {
  const { calls, features, nodes } = session;
  return (fd, slot) => {
    const answer = (node: Node, at: number): void =>
      answerFile(session, request, fd, writes, node, at);
    if (fd < 0) session.fail(request, fd);
    else if (!features.handles) findOpen(session, request, fd, answer);
    else answer(nodes.found(calls.memory, calls.handle(slot)), calls.result(slot) >>> 2);
  };
}

function answerFile(
  session: Session,
  request: Request,
  fd: number,
  writes: boolean,
  node: Node,
  statxWord: number,
): void {
  const { u32 } = session.wire.out;
  const fh = session.files.add(node, fd, writes);
  const open = outBody + sizes.entryOut / 4;
  u32[open] = fh;
  u32[open + 1] = 0;
  u32[open + 2] = fopen.keepCache | fopen.noflush;
  u32[open + 3] = 0;
  if (answerEntry(session, request, node, statxWord, sizes.openOut)) return;
  session.files.remove(fh);
  session.calls.close(fd);
  session.settle(node);
}

/**
 * How a new file is opened: always for reading too, as the host reads what it changes a part of;
 * the rest of the flags (O_APPEND, O_DIRECT, O_SYNC) is the host's business.
 */
export function create(session: Session, request: Request): void {
  const [flags, mode] = [request.word(0), request.word(1) & ~sIfmt];
  const by = caller(session, request, request.word(2));
  const { O_EXCL, O_TRUNC } = abi;
  const openFlags = abi.O_CREAT | abi.O_RDWR | abi.O_NOFOLLOW | (flags & (O_EXCL | O_TRUNC));
  const writes = (flags & accessMode) !== abi.O_RDONLY;
  inDirectory(session, request, 16, (fd, name) => {
    const done = answerOpened(session, request, writes);
    session.calls.openat2(by, fd, name, openFlags, mode, findOpened, done);
  });
}

export function tmpfile(session: Session, request: Request): void {
  const [flags, mode] = [request.word(0), request.word(1) & ~sIfmt];
  const by = caller(session, request, request.word(2));
  const openFlags = abi.O_TMPFILE | abi.O_RDWR | (flags & abi.O_EXCL);
  withFd(session, request, (fd) => {
    const done = answerOpened(session, request, true);
    session.calls.openat2(by, fd, dot, openFlags, mode, findOpened, done);
  });
}
