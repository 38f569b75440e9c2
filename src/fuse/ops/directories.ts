/**
 * Listings: READDIR, READDIRPLUS (with attributes, so that no LOOKUP has to follow), FSYNCDIR.
 *
 * Directories are not opened by the host (NO_OPENDIR_SUPPORT): it saves two requests for each. A
 * listing goes on at a cookie, which is the kernel's own d_off.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { modeOf, writeAttr, writeEntryHead } from '../attributes.ts';
import { withNode } from '../entry.ts';
import { root } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { entryOut, fsyncFdatasync, outBody, sizes } from '../protocol.ts';
import type { Request } from '../request.ts';
import type { Session } from '../session.ts';

const nameAt = abi['linux_dirent64.d_name'];
const offWord = abi['linux_dirent64.d_off'] / 4;
const typeAt = abi['linux_dirent64.d_type'];
const reclenAt = abi['linux_dirent64.d_reclen'];
const handleRoom = abi['file_handle.f_handle'] + abi.BRIDGE_LIST_HANDLE;
const dot = 0x2e;

const fuseDirent = { ino: 0, off: 2, namelen: 4, type: 5 } as const;

/** What one answer brings: how it is asked for, and what each entry takes beside its name. */
interface Kind {
  readonly listFlags: number;
  readonly entryBytes: number;
  /** Bytes behind an entry's name. */
  readonly extraBytes: number;
}

const plain: Kind = {
  listFlags: abi.BRIDGE_LIST_DOTS,
  entryBytes: sizes.dirent,
  extraBytes: 0,
};
const plus: Kind = {
  listFlags: abi.BRIDGE_LIST_DOTS | abi.BRIDGE_LIST_STATX | abi.BRIDGE_LIST_HANDLES,
  entryBytes: sizes.direntplus,
  extraBytes: abi.BRIDGE_LIST_STATX_BYTES + handleRoom,
};

/** Gets the entries, and calls `tell` with where they are: from one address up to another. */
function list(
  session: Session,
  request: Request,
  kind: Kind,
  tell: (start: number, end: number) => void,
): void {
  const cookieLow = request.word(2);
  const cookieHigh = request.word(3);
  const room = Math.min(request.word(4), session.wire.out.data.length);
  withNode(session, request, (node) => {
    session.descriptors.useReadable(node, (fd) => {
      if (fd < 0) {
        session.fail(request, fd);
        return;
      }
      const { calls } = session;
      const { listFlags, entryBytes } = kind;
      calls.list(fd, listFlags, cookieLow, cookieHigh, room, entryBytes, (ret, slot) => {
        if (ret >= 0) tell(calls.data(slot), calls.data(slot) + ret);
        // A directory that was removed has no entries any more.
        else if (ret === -errno.ENOENT) session.answer(request, 0);
        else session.fail(request, ret);
      });
    });
  });
}

function roundUp(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The address behind the name in the record at an address. */
function nameEndOf(kernel: Uint8Array, address: number): number {
  let end = address + nameAt;
  while (kernel[end] !== 0) end++;
  return end;
}

/** Writes a fuse_dirent at a word of the answer; answers the bytes it takes. */
function writeDirent(session: Session, word: number, address: number, nameEnd: number): number {
  const { bytes: kernel, u32: from } = session.calls.memory;
  const { u32, bytes } = session.wire.out;
  const record = address >>> 2;
  const start = address + nameAt;
  const namelen = nameEnd - start;
  u32[word + fuseDirent.ino] = from[record] as number;
  u32[word + fuseDirent.ino + 1] = from[record + 1] as number;
  u32[word + fuseDirent.off] = from[record + offWord] as number;
  u32[word + fuseDirent.off + 1] = from[record + offWord + 1] as number;
  u32[word + fuseDirent.namelen] = namelen;
  u32[word + fuseDirent.type] = kernel[address + typeAt] as number;
  const taken = roundUp(sizes.dirent + namelen);
  const to = word * 4 + sizes.dirent;
  // So short a copy is faster here than in a function that copies.
  for (let i = 0; i < namelen; i++) bytes[to + i] = kernel[start + i] as number;
  for (let i = to + namelen; i < word * 4 + taken; i++) bytes[i] = 0;
  return taken;
}

function reclenOf(kernel: Uint8Array, address: number): number {
  return (kernel[address + reclenAt] as number) | ((kernel[address + reclenAt + 1] as number) << 8);
}

export function readdir(session: Session, request: Request): void {
  list(session, request, plain, (start, end) => {
    const kernel = session.calls.memory.bytes;
    let used = 0;
    for (let at = start; at < end; at += reclenOf(kernel, at)) {
      used += writeDirent(session, outBody + used / 4, at, nameEndOf(kernel, at));
    }
    session.answer(request, used);
  });
}

function isDots(kernel: Uint8Array, address: number, nameEnd: number): boolean {
  const start = address + nameAt;
  const length = nameEnd - start;
  return kernel[start] === dot && (length === 1 || (length === 2 && kernel[start + 1] === dot));
}

export function readdirplus(session: Session, request: Request): void {
  list(session, request, plus, (start, end) => {
    const kernel = session.calls.memory.bytes;
    const told: Node[] = [];
    let used = 0;
    for (let at = start; at < end; at += reclenOf(kernel, at)) {
      const nameEnd = nameEndOf(kernel, at);
      const word = outBody + used / 4;
      const node = isDots(kernel, at, nameEnd)
        ? undefined
        : writeEntry(session, word, at + reclenOf(kernel, at) - plus.extraBytes);
      if (node === undefined) session.wire.out.u32.fill(0, word, word + sizes.entryOut / 4);
      else told.push(node);
      used += sizes.entryOut;
      used += writeDirent(session, outBody + used / 4, at, nameEnd);
    }
    const refused = session.answer(request, used) < 0;
    for (const node of told) {
      if (refused) node.lookups--;
      session.settle(node);
    }
  });
}

/**
 * Writes the fuse_entry_out of an entry whose statx and handle lie at an address; undefined where
 * the name was gone before it was looked up.
 */
function writeEntry(session: Session, word: number, address: number): Node | undefined {
  const { memory } = session.calls;
  const handle = address + abi.BRIDGE_LIST_STATX_BYTES;
  if (memory.u32[handle >>> 2] === 0) return undefined;
  const { u32 } = session.wire.out;
  const node = session.nodes.found(memory, handle);
  writeEntryHead(u32, word, node.id, node.generation, session.features.namesLast);
  writeAttr(u32, word + entryOut.attr, memory.u32, address >>> 2, session.features.rootDevice);
  node.mode = modeOf(memory.u32, address >>> 2);
  node.lookups++;
  return node;
}

export function fsyncdir(session: Session, request: Request): void {
  const dataOnly = (request.word(2) & fsyncFdatasync) !== 0;
  withNode(session, request, (node) => {
    session.descriptors.useReadable(node, (fd) => {
      const op = dataOnly ? abi.BRIDGE_OP_fdatasync : abi.BRIDGE_OP_fsync;
      if (fd < 0) session.fail(request, fd);
      else
        session.calls.numbers(op, root, fd, 0, 0, 0, (ret) =>
          session.fail(request, Math.min(ret, 0)),
        );
    });
  });
}
