/**
 * Directories: READDIR, READDIRPLUS (with attributes, so that no LOOKUP has to follow), FSYNCDIR.
 *
 * The host does not open directories (NO_OPENDIR_SUPPORT), which saves two requests for each. A
 * listing continues at a cookie, which is the kernel's own d_off.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import type { Slot } from '../../vfs-linux/slot.ts';
import { modeOf } from '../entry-writer.ts';
import type { Node } from '../nodes.ts';
import { fsyncFdatasync, outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import type { Session } from '../session.ts';

const nameAt = abi['linux_dirent64.d_name'];
const offWord = abi['linux_dirent64.d_off'] / 4;
const typeAt = abi['linux_dirent64.d_type'];
const reclenAt = abi['linux_dirent64.d_reclen'];
const handleRoom = abi['file_handle.f_handle'] + abi.BRIDGE_LIST_HANDLE;
const dot = 0x2e;

const fuseDirent = { ino: 0, off: 2, namelen: 4, type: 5 } as const;

/** How a listing is asked for, and what each of its entries takes besides the name. */
interface Kind {
  readonly listFlags: number;
  /** Bytes of the answer before an entry's name. */
  readonly entryBytes: number;
  /** Bytes of the kernel's record behind an entry's name. */
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

/** Calls `then` with the kernel's records: from one address up to another. */
function list(
  request: FuseRequest,
  { listFlags, entryBytes }: Kind,
  then: (start: number, end: number) => void,
): void {
  const { calls, wire } = request.session;
  const cookieLow = request.word(2);
  const cookieHigh = request.word(3);
  const room = Math.min(request.word(4), wire.out.data.length);
  request.withReadableFd((fd) => {
    const fill = (slot: Slot): void => {
      encode.getdentsStatx(slot, fd, listFlags, room, entryBytes);
      encode.listFromWords(slot, cookieLow, cookieHigh);
    };
    calls.run(fill, (ret, slot) => {
      if (ret >= 0) then(slot.data, slot.data + ret);
      // A directory that was removed has no entries any more.
      else if (ret === -errno.ENOENT) request.answer(0);
      else request.fail(ret);
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

/** Writes a fuse_dirent at a word of the answer. Returns the bytes it takes. */
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
  // A name is short: this loop takes less time than a call of a function that copies.
  for (let i = 0; i < namelen; i++) bytes[to + i] = kernel[start + i] as number;
  for (let i = to + namelen; i < word * 4 + taken; i++) bytes[i] = 0;
  return taken;
}

function reclenOf(kernel: Uint8Array, address: number): number {
  return (kernel[address + reclenAt] as number) | ((kernel[address + reclenAt + 1] as number) << 8);
}

export function readdir(request: FuseRequest): void {
  const { session } = request;
  list(request, plain, (start, end) => {
    const kernel = session.calls.memory.bytes;
    let used = 0;
    for (let at = start; at < end; at += reclenOf(kernel, at)) {
      used += writeDirent(session, outBody + used / 4, at, nameEndOf(kernel, at));
    }
    request.answer(used);
  });
}

function isDots(kernel: Uint8Array, address: number, nameEnd: number): boolean {
  const start = address + nameAt;
  const length = nameEnd - start;
  return kernel[start] === dot && (length === 1 || (length === 2 && kernel[start + 1] === dot));
}

export function readdirplus(request: FuseRequest): void {
  const { session } = request;
  list(request, plus, (start, end) => {
    const kernel = session.calls.memory.bytes;
    const listed: Node[] = [];
    let used = 0;
    for (let at = start; at < end; at += reclenOf(kernel, at)) {
      const nameEnd = nameEndOf(kernel, at);
      const word = outBody + used / 4;
      const extra = at + reclenOf(kernel, at) - plus.extraBytes;
      const node = isDots(kernel, at, nameEnd) ? undefined : writeEntry(session, word, extra);
      if (node === undefined) session.wire.out.u32.fill(0, word, word + sizes.entryOut / 4);
      else listed.push(node);
      used += sizes.entryOut;
      const direntWord = outBody + used / 4;
      used += writeDirent(session, direntWord, at, nameEnd);
      writeDirentIno(session, direntWord, extra);
    }
    const refused = request.answer(used) < 0;
    for (const node of listed) {
      if (refused) node.lookups--;
      session.releaseIfUnused(node);
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
  const node = session.nodes.ensure(memory, handle);
  session.entries.writeEntry(word, node, address >>> 2);
  node.mode = modeOf(memory.u32, address >>> 2);
  node.lookups++;
  return node;
}

/**
 * Makes d_ino of a fuse_dirent the same as st_ino. btrfs's own d_ino knows nothing of subvolumes.
 * The entry's statx and handle lie at an address.
 */
function writeDirentIno(session: Session, word: number, address: number): void {
  const { memory } = session.calls;
  const handleWord = (address + abi.BRIDGE_LIST_STATX_BYTES) >>> 2;
  if (memory.u32[handleWord] === 0) return;
  session.entries.writeIno(word + fuseDirent.ino, memory.i32, address >>> 2, handleWord);
}

export function fsyncdir(request: FuseRequest): void {
  const dataOnly = (request.word(2) & fsyncFdatasync) !== 0;
  request.withReadableFd((fd) => {
    const { calls } = request.session;
    calls.run(
      (slot) => (dataOnly ? encode.fdatasync(slot, fd) : encode.fsync(slot, fd)),
      (ret) => request.answerResult(ret),
    );
  });
}
