/**
 * Listings: READDIR, READDIRPLUS (with attributes, so that no LOOKUP has to follow), FSYNCDIR.
 *
 * Directories are not opened by the host (NO_OPENDIR_SUPPORT): it saves two requests for each. A
 * listing goes on at a cookie, which is the kernel's own d_off; a node keeps what was read and has
 * not been told yet, and where that ends, so that an answer that is full costs nothing twice.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { modeOf, writeAttr, writeEntryHead } from '../attributes.ts';
import { withNode } from '../entry.ts';
import type { Name } from '../kernel-calls.ts';
import type { Listing, Node } from '../nodes.ts';
import { entryOut, fsyncFdatasync, outBody, sizes } from '../protocol.ts';
import type { Request, WireBuffer } from '../request.ts';
import type { Session } from '../session.ts';

const nameAt = abi['linux_dirent64.d_name'];
const offAt = abi['linux_dirent64.d_off'];
const typeAt = abi['linux_dirent64.d_type'];
const reclenAt = abi['linux_dirent64.d_reclen'];
const dot = 0x2e;
/** Look-ups for one READDIRPLUS that are under way at once. */
const lookupsMost = 64;
/** Above 2^53 lies but the end of some file systems' directories. */
const cookieMost = 0x200000;

const fuseDirent = { ino: 0, off: 2, namelen: 4, type: 5 } as const;

/** Calls `then` with a listing that stands at the request's cookie; at its end the block is used up. */
function atCookie(
  session: Session,
  request: Request,
  then: (listing: Listing, node: Node, fd: number) => void,
): void {
  const cookieLow = request.word(2);
  const cookieHigh = request.word(3);
  withNode(session, request, (node) => {
    session.descriptors.useReadable(node, (fd) => {
      if (fd < 0) {
        session.fail(request, fd);
        return;
      }
      const { listing } = node;
      const goesOn =
        listing !== undefined &&
        (cookieLow | cookieHigh) !== 0 &&
        listing.cookieLow === cookieLow &&
        listing.cookieHigh === cookieHigh;
      if (goesOn && listing.at < listing.block.length) then(listing, node, fd);
      else if (goesOn) fill(session, request, node, fd, cookieLow, cookieHigh, then);
      else seek(session, request, node, fd, cookieLow, cookieHigh, then);
    });
  });
}

function seek(
  session: Session,
  request: Request,
  node: Node,
  fd: number,
  cookieLow: number,
  cookieHigh: number,
  then: (listing: Listing, node: Node, fd: number) => void,
): void {
  if (cookieHigh >= cookieMost) {
    session.answer(request, 0);
    return;
  }
  const offset = cookieHigh * 4294967296 + cookieLow;
  session.calls.numbers(abi.BRIDGE_OP_lseek, [fd, abi.SEEK_SET], [offset], (ret) => {
    if (ret < 0) session.fail(request, ret);
    else fill(session, request, node, fd, cookieLow, cookieHigh, then);
  });
}

function fill(
  session: Session,
  request: Request,
  node: Node,
  fd: number,
  cookieLow: number,
  cookieHigh: number,
  then: (listing: Listing, node: Node, fd: number) => void,
): void {
  const { calls } = session;
  calls.numbers(abi.BRIDGE_OP_getdents64, [fd, abi.BRIDGE_DIRENTS], [], (ret, slot) => {
    if (ret < 0) {
      // A directory that was removed has no entries any more.
      session.fail(request, ret === -errno.ENOENT ? 0 : ret);
      return;
    }
    const start = calls.data(slot);
    const block = Buffer.from(calls.memory.bytes.subarray(start, start + ret));
    node.listing = { block, at: 0, cookieLow, cookieHigh };
    then(node.listing, node, fd);
  });
}

/** A record of getdents64(2): where it is, and what is asked of it most. */
interface Entry {
  readonly at: number;
  readonly end: number;
  readonly nameEnd: number;
}

function entryAt(block: Buffer, at: number): Entry {
  let nameEnd = at + nameAt;
  while (block[nameEnd] !== 0) nameEnd++;
  return { at, end: at + block.readUInt16LE(at + reclenAt), nameEnd };
}

function roundUp(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Writes a fuse_dirent at a word of `to`; answers the bytes it takes. */
function writeDirent(to: WireBuffer, word: number, block: Buffer, entry: Entry): number {
  const { u32, bytes } = to;
  const { at, nameEnd } = entry;
  const namelen = nameEnd - at - nameAt;
  u32[word + fuseDirent.ino] = block.readUInt32LE(at);
  u32[word + fuseDirent.ino + 1] = block.readUInt32LE(at + 4);
  u32[word + fuseDirent.off] = block.readUInt32LE(at + offAt);
  u32[word + fuseDirent.off + 1] = block.readUInt32LE(at + offAt + 4);
  u32[word + fuseDirent.namelen] = namelen;
  u32[word + fuseDirent.type] = block[at + typeAt] as number;
  const start = word * 4 + sizes.dirent;
  const taken = roundUp(sizes.dirent + namelen);
  block.copy(bytes, start, at + nameAt, nameEnd);
  bytes.fill(0, start + namelen, word * 4 + taken);
  return taken;
}

/** The listing stands behind this entry now. */
function passed(listing: Listing, { at, end }: Entry): void {
  listing.at = end;
  listing.cookieLow = listing.block.readUInt32LE(at + offAt);
  listing.cookieHigh = listing.block.readUInt32LE(at + offAt + 4);
}

export function readdir(session: Session, request: Request): void {
  const room = Math.min(request.word(4), session.wire.out.data.length);
  atCookie(session, request, (listing) => {
    const { out } = session.wire;
    let used = 0;
    while (listing.at < listing.block.length) {
      const entry = entryAt(listing.block, listing.at);
      if (used + roundUp(sizes.dirent + entry.nameEnd - entry.at - nameAt) > room) break;
      used += writeDirent(out, outBody + used / 4, listing.block, entry);
      passed(listing, entry);
    }
    session.answer(request, used);
  });
}

function isDots(block: Buffer, { at, nameEnd }: Entry): boolean {
  const start = at + nameAt;
  const length = nameEnd - start;
  return block[start] === dot && (length === 1 || (length === 2 && block[start + 1] === dot));
}

/** The entries of one READDIRPLUS, each at its place in the answer. */
interface Plus {
  readonly answer: WireBuffer;
  readonly block: Buffer;
  /** Entries to be looked up, and the words of their fuse_direntplus. */
  readonly entries: readonly Entry[];
  readonly words: readonly number[];
  readonly nodes: Node[];
  readonly usedBytes: number;
}

/** Lays out what fits into the answer, everything but what has to be looked up. */
function layOut(session: Session, listing: Listing, room: number): Plus {
  const answer = session.wire.answers.take();
  const { block } = listing;
  const entries: Entry[] = [];
  const words: number[] = [];
  let used = 0;
  while (listing.at < block.length) {
    const entry = entryAt(block, listing.at);
    if (used + roundUp(sizes.direntplus + entry.nameEnd - entry.at - nameAt) > room) break;
    const word = outBody + used / 4;
    answer.u32.fill(0, word, word + sizes.entryOut / 4);
    used += sizes.entryOut;
    used += writeDirent(answer, outBody + used / 4, block, entry);
    if (!isDots(block, entry)) {
      entries.push(entry);
      words.push(word);
    }
    passed(listing, entry);
  }
  return { answer, block, entries, words, nodes: [], usedBytes: used };
}

export function readdirplus(session: Session, request: Request): void {
  const room = Math.min(request.word(4), session.wire.out.data.length);
  atCookie(session, request, (listing, _node, fd) => {
    const plus = layOut(session, listing, room);
    let started = 0;
    let done = 0;
    const next = (): void => {
      if (done === plus.entries.length) answerPlus(session, request, plus);
      else if (started < plus.entries.length) start(started++);
    };
    const start = (index: number): void =>
      lookUp(session, fd, plus, index, () => {
        done++;
        next();
      });
    if (plus.entries.length === 0) answerPlus(session, request, plus);
    while (started < Math.min(lookupsMost, plus.entries.length)) start(started++);
  });
}

/** Fills one entry in; what is gone by now stays without attributes. */
function lookUp(session: Session, fd: number, plus: Plus, index: number, done: () => void): void {
  const { calls, nodes } = session;
  const { at, nameEnd } = plus.entries[index] as Entry;
  const name: Name = { bytes: plus.block, start: at + nameAt, end: nameEnd };
  calls.nameToHandle(fd, name, (found, handleSlot) => {
    if (found < 0) {
      done();
      return;
    }
    const node = nodes.found(calls.memory, calls.result(handleSlot));
    node.busy++;
    calls.statx(fd, name, abi.AT_SYMLINK_NOFOLLOW, (ret, slot) => {
      node.busy--;
      if (ret < 0) session.dropUnused(node);
      else fillIn(session, plus, index, node, calls.result(slot) >>> 2);
      done();
    });
  });
}

function fillIn(session: Session, plus: Plus, index: number, node: Node, statxWord: number): void {
  const { u32 } = plus.answer;
  const word = plus.words[index] as number;
  const from = session.calls.memory.u32;
  writeEntryHead(u32, word, node.id, node.generation, session.features.namesLast);
  writeAttr(u32, word + entryOut.attr, from, statxWord);
  node.mode = modeOf(from, statxWord);
  node.lookups++;
  plus.nodes.push(node);
}

function answerPlus(session: Session, request: Request, plus: Plus): void {
  const { answer, nodes, usedBytes } = plus;
  if (session.answerFrom(request, answer, usedBytes) < 0) {
    for (const node of nodes) {
      node.lookups--;
      session.dropUnused(node);
    }
  }
  session.wire.answers.give(answer);
}

export function fsyncdir(session: Session, request: Request): void {
  const dataOnly = (request.word(2) & fsyncFdatasync) !== 0;
  withNode(session, request, (node) => {
    session.descriptors.useReadable(node, (fd) => {
      const op = dataOnly ? abi.BRIDGE_OP_fdatasync : abi.BRIDGE_OP_fsync;
      if (fd < 0) session.fail(request, fd);
      else session.calls.numbers(op, [fd], [], (ret) => session.fail(request, Math.min(ret, 0)));
    });
  });
}
