/**
 * Operations that make new names: CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK, LINK. All but LINK run
 * with an identity of the caller's user and group, and with the caller's umask, so that owner, SGID
 * directories, mode and default ACLs come out as Linux has them.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import { handleAddressOf, noName, statxWordOf } from '../../vfs-linux/calls/slot-calls.ts';
import type { NameSpan } from '../../vfs-linux/names.ts';
import type { Caller, Done, Slot } from '../../vfs-linux/slot.ts';
import { answerEntry, answerMade, findOpen } from '../entry.ts';
import type { Node } from '../nodes.ts';
import { type OpenFile, opensForWriting } from '../open-files.ts';
import { outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { closeUnsent, writeOpenOut } from './open.ts';

const sIfmt: number = abi.S_IFMT;
const dot: NameSpan = { bytes: Buffer.from('.'), start: 0, end: 1 };

/** The caller's identity in this kernel: the loop has made it before the handler runs. */
function callerOf(request: FuseRequest, umask: number): Caller {
  const { calls, identities } = request.session;
  return calls.caller(identities.get(request.uid, request.gid) ?? 0, umask);
}

const lookUpFirst: number = abi.BRIDGE_LOOKUP_FIRST | abi.BRIDGE_LOOKUP_HANDLE;
const lookUpSecond: number = abi.BRIDGE_LOOKUP_SECOND | abi.BRIDGE_LOOKUP_HANDLE;
const lookUpLink: number = abi.BRIDGE_LOOKUP_LINK | abi.BRIDGE_LOOKUP_HANDLE;
const lookUpOpened: number = abi.BRIDGE_LOOKUP_OPENED | abi.BRIDGE_LOOKUP_HANDLE;

export function mknod(request: FuseRequest): void {
  const [mode, dev] = [request.word(0), request.word(1)];
  const by = callerOf(request, request.word(2));
  request.withFdAndName(16, (fd, name) => {
    const fill = (slot: Slot): void => {
      encode.mknodat(slot, fd, name, mode, dev);
      slot.lookUp(lookUpFirst);
    };
    request.session.calls.runAs(by, fill, answerMade(request, fd, name));
  });
}

export function mkdir(request: FuseRequest): void {
  const mode = request.word(0) & ~sIfmt;
  const by = callerOf(request, request.word(1));
  request.withFdAndName(8, (fd, name) => {
    const fill = (slot: Slot): void => {
      encode.mkdirat(slot, fd, name, mode);
      slot.lookUp(lookUpFirst);
    };
    request.session.calls.runAs(by, fill, answerMade(request, fd, name));
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
    const fill = (slot: Slot): void => {
      encode.symlinkat(slot, target, fd, name);
      slot.lookUp(lookUpSecond);
    };
    request.session.calls.runAs(by, fill, answerMade(request, fd, name));
  });
}

export function link(request: FuseRequest): void {
  request.withFdAndName(8, (fd, name) => {
    request.withFdOf(request.wide(0), (targetFd, target) => {
      target.nameless = false;
      const from = { dirfd: targetFd, name: noName };
      const to = { dirfd: fd, name };
      const fill = (slot: Slot): void => {
        encode.linkat(slot, from, to, abi.AT_EMPTY_PATH);
        slot.lookUp(lookUpLink);
      };
      request.session.calls.run(fill, answerMade(request, fd, name));
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
    else answer(nodes.ensure(calls.memory, handleAddressOf(slot)), statxWordOf(slot));
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
    const fill = (slot: Slot): void => {
      encode.openat2(slot, fd, name, openFlags, mode);
      slot.lookUp(lookUpOpened);
    };
    request.session.calls.runAs(by, fill, answerOpened(request, writes));
  });
}

export function tmpfile(request: FuseRequest): void {
  const [flags, mode] = [request.word(0), request.word(1) & ~sIfmt];
  const by = callerOf(request, request.word(2));
  const openFlags = abi.O_TMPFILE | abi.O_RDWR | (flags & abi.O_EXCL);
  request.withFd((fd) => {
    const fill = (slot: Slot): void => {
      encode.openat2(slot, fd, dot, openFlags, mode);
      slot.lookUp(lookUpOpened);
    };
    request.session.calls.runAs(by, fill, answerOpened(request, true));
  });
}
