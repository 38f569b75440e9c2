/**
 * Operations that make new names: CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK, LINK. All but LINK run
 * with an identity of the caller's user and group, and with the caller's umask, so that owner, SGID
 * directories, mode and default ACLs come out as Linux has them.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { answerEntry, answerMade, findOpen } from '../entry.ts';
import { type Caller, type Done, type Name, noName, root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { type OpenFile, opensForWriting } from '../open-files.ts';
import { outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { closeUnsent, writeOpenOut } from './open.ts';

const sIfmt: number = abi.S_IFMT;
const dotBytes: Buffer = Buffer.from('.');
const dot: Name = { bytes: dotBytes, start: 0, end: dotBytes.length };

/** The caller's identity in this kernel: the loop has made it before the handler runs. */
function callerOf(request: FuseRequest, umask: number): Caller {
  return { cred: request.session.identities.get(request.uid, request.gid) ?? 0, umask };
}

const findFirst: number = abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE;
const findSecond: number = abi.BRIDGE_LOOKUP_SECOND | abi.BRIDGE_LOOKUP_HANDLE;
const findLink: number = abi.BRIDGE_LOOKUP_LINK | abi.BRIDGE_LOOKUP_HANDLE;
const findOpened: number = abi.BRIDGE_LOOKUP_OPENED | abi.BRIDGE_LOOKUP_HANDLE;

export function mknod(request: FuseRequest): void {
  const [mode, dev] = [request.word(0), request.word(1)];
  const by = callerOf(request, request.word(2));
  request.withFdAndName(16, (fd, name) => {
    const { calls } = request.session;
    const done = answerMade(request, fd, name);
    calls.named(abi.BRIDGE_OP_mknodat, by, name, fd, mode, dev, findFirst, done);
  });
}

export function mkdir(request: FuseRequest): void {
  const mode = request.word(0) & ~sIfmt;
  const by = callerOf(request, request.word(1));
  request.withFdAndName(8, (fd, name) => {
    const { calls } = request.session;
    const done = answerMade(request, fd, name);
    calls.named(abi.BRIDGE_OP_mkdirat, by, name, fd, mode, 0, findFirst, done);
  });
}

export function symlink(request: FuseRequest): void {
  const by = callerOf(request, 0);
  request.withFdAndName(0, (fd, name) => {
    const target = request.nameAfter(name);
    if (target === undefined) {
      request.fail(-errno.EINVAL);
      return;
    }
    const done = answerMade(request, fd, name);
    const op = abi.BRIDGE_OP_symlinkat;
    request.session.calls.namedTwice(op, by, target, name, fd, 0, 0, findSecond, done);
  });
}

export function link(request: FuseRequest): void {
  request.withFdAndName(8, (fd, name) => {
    request.withFdOf(request.wide(0), (targetFd, target) => {
      const { calls } = request.session;
      target.nameless = false;
      const { BRIDGE_OP_linkat: op, AT_EMPTY_PATH: atFlags } = abi;
      const done = answerMade(request, fd, name);
      calls.namedTwice(op, root, noName, name, targetFd, fd, atFlags, findLink, done);
    });
  });
}

/** Answers with an entry and an open file, or with the error of the call that opened the file. */
function answerOpened(request: FuseRequest, writes: boolean): Done {
  const { calls, features, nodes } = request.session;
  return (fd, slot) => {
    const answer = (node: Node, statxWord: number): void =>
      answerFile(request, { node, fd, writes }, statxWord);
    if (fd < 0) request.fail(fd);
    else if (!features.handles) findOpen(request, fd, answer);
    else answer(nodes.ensure(calls.memory, calls.handle(slot)), calls.result(slot) >>> 2);
  };
}

function answerFile(request: FuseRequest, file: OpenFile, statxWord: number): void {
  const { session } = request;
  const fh = session.files.add(file);
  writeOpenOut(session.wire.out.u32, outBody + sizes.entryOut / 4, fh, true);
  const sent = answerEntry(request, file.node, statxWord, sizes.openOut);
  if (!sent) closeUnsent(session, fh);
}

/**
 * A new file is always opened for reading too, as the host reads what it changes a part of. The
 * other flags (O_APPEND, O_DIRECT, O_SYNC) are the host's business.
 */
export function create(request: FuseRequest): void {
  const [flags, mode] = [request.word(0), request.word(1) & ~sIfmt];
  const by = callerOf(request, request.word(2));
  const { O_EXCL, O_TRUNC } = abi;
  const openFlags = abi.O_CREAT | abi.O_RDWR | abi.O_NOFOLLOW | (flags & (O_EXCL | O_TRUNC));
  const writes = opensForWriting(flags);
  request.withFdAndName(16, (fd, name) => {
    const done = answerOpened(request, writes);
    request.session.calls.openat2(by, fd, name, openFlags, mode, findOpened, done);
  });
}

export function tmpfile(request: FuseRequest): void {
  const [flags, mode] = [request.word(0), request.word(1) & ~sIfmt];
  const by = callerOf(request, request.word(2));
  const openFlags = abi.O_TMPFILE | abi.O_RDWR | (flags & abi.O_EXCL);
  request.withFd((fd) => {
    const done = answerOpened(request, true);
    request.session.calls.openat2(by, fd, dot, openFlags, mode, findOpened, done);
  });
}
