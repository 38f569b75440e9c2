/** GETATTR, STATX and SETATTR. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { answerAttr, withFd } from '../entry.ts';
import { type Caller, type Done, noName, root, type Time } from '../kernel-calls.ts';
import type { Node } from '../nodes.ts';
import { fattr, inBody, outBody, setattrIn, sizes } from '../protocol.ts';
import { type Request, u64 } from '../request.ts';
import type { Session } from '../session.ts';
import { asChanger } from '../set-id.ts';

/** fuse_statx_out: where its struct statx begins, in words; its layout is Linux' own. */
const statxOutStat = 8;
const foreverSeconds = 1_000_000_000;
/** The last second that is a time: a number has no room for those of the 1024 behind it. */
const lastSecond = 2 ** 63 - 1024;

export function getattr(session: Session, request: Request): void {
  withFd(session, request, (fd, node) => answerNow(session, request, fd, node));
}

function answerNow(session: Session, request: Request, fd: number, node: Node): void {
  const { calls } = session;
  calls.fstatx(fd, (ret, slot) => {
    if (ret < 0) session.fail(request, ret);
    else answerAttr(session, request, node, calls.result(slot) >>> 2);
  });
}

export function statx(session: Session, request: Request): void {
  withFd(session, request, (fd) => {
    const { calls, wire } = session;
    calls.fstatx(fd, (ret, slot) => {
      if (ret < 0) {
        session.fail(request, ret);
        return;
      }
      const { u32 } = wire.out;
      const start = calls.result(slot) >>> 2;
      u32.fill(0, outBody, outBody + statxOutStat);
      u32[outBody] = foreverSeconds;
      const stat = calls.memory.u32.subarray(start, start + abi['statx.size'] / 4);
      u32.set(stat, outBody + statxOutStat);
      session.answer(request, sizes.statxOut);
    });
  });
}

/** What the host sends of itself, not because a program set something. */
const onlyTimes: number = fattr.mtime | fattr.ctime | fattr.fh;

/** What a SETATTR asks for, out of the request's buffer, which is somebody else's by then. */
interface Wish {
  readonly valid: number;
  readonly openFd: number;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly atime: Time;
  readonly mtime: Time;
  /** The host's own, where it keeps the times itself. */
  readonly ctime: Time | undefined;
}

function timeWish(request: Request, given: boolean, now: boolean, sec: number, nsec: number): Time {
  if (now) return { sec: 0, nsec: abi.UTIME_NOW };
  if (!given) return { sec: 0, nsec: abi.UTIME_OMIT };
  return { sec: Math.min(request.signed(sec), lastSecond), nsec: request.word(nsec) };
}

function wishOf(session: Session, request: Request): Wish {
  const valid = request.word(setattrIn.valid);
  const has = (flag: number): boolean => (valid & flag) !== 0;
  const file = has(fattr.fh)
    ? session.files.get(u64(request.buffer.u32, inBody + setattrIn.fh))
    : undefined;
  return {
    valid,
    openFd: file?.node.id === request.nodeId ? file.fd : -1,
    size: request.wide(setattrIn.size),
    mode: request.word(setattrIn.mode),
    uid: has(fattr.uid) ? request.word(setattrIn.uid) : -1,
    gid: has(fattr.gid) ? request.word(setattrIn.gid) : -1,
    atime: timeWish(
      request,
      has(fattr.atime),
      has(fattr.atimeNow),
      setattrIn.atime,
      setattrIn.atimensec,
    ),
    mtime: timeWish(
      request,
      has(fattr.mtime),
      has(fattr.mtimeNow),
      setattrIn.mtime,
      setattrIn.mtimensec,
    ),
    ctime: has(fattr.ctime)
      ? { sec: request.signed(setattrIn.ctime), nsec: request.word(setattrIn.ctimensec) }
      : undefined,
  };
}

/** One of the calls that a SETATTR is made of; the last one finds out what it left. */
type Step = (fd: number, find: number, done: Done) => void;

/**
 * The host sends what one system call of a program's changes: one step, mostly. Owner before mode,
 * as a change of owner takes bits of the mode away; times last, as all others change the time.
 */
function stepsOf(session: Session, wish: Wish, by: Caller): Step[] {
  const { calls } = session;
  const { valid, mode, atime, mtime, ctime } = wish;
  const steps: Step[] = [];
  if ((valid & fattr.size) !== 0) {
    steps.push((fd, find, done) => truncate(session, fd, wish, by, find, done));
  }
  if ((valid & (fattr.uid | fattr.gid)) !== 0) {
    steps.push((fd, find, done) => chown(session, fd, wish, by, find, done));
  }
  if ((valid & fattr.mode) !== 0) {
    const { BRIDGE_OP_fchmodat2: op, AT_EMPTY_PATH: atFlags } = abi;
    steps.push((fd, find, done) =>
      calls.named(op, root, noName, fd, mode & 0o7777, atFlags, find, done),
    );
  }
  const times = fattr.atime | fattr.atimeNow | fattr.mtime | fattr.mtimeNow | fattr.ctime;
  if ((valid & times) !== 0) {
    steps.push((fd, find, done) => calls.utimensat(fd, atime, mtime, ctime, find, done));
  }
  return steps;
}

/** ftruncate(2) of the caller's open file, or truncate(2), which some file systems tell apart. */
function truncate(
  session: Session,
  fd: number,
  wish: Wish,
  by: Caller,
  find: number,
  done: Done,
): void {
  const { calls } = session;
  const { openFd, size } = wish;
  if (openFd >= 0) calls.numbers(abi.BRIDGE_OP_ftruncate, by, openFd, 0, size, find, done);
  else calls.numbers(abi.BRIDGE_OP_truncate, by, fd, 0, size, find, done);
}

const unchanged: Time = { sec: 0, nsec: abi.UTIME_OMIT };
const now: Time = { sec: 0, nsec: abi.UTIME_NOW };

/**
 * open(2) with O_TRUNC changes the times of an empty file too; truncate(2) does not everywhere. The
 * host says the same for both, but with the first the file is open.
 */
function cutsOnOpen(node: Node, { valid, size, openFd }: Wish): boolean {
  const only = valid & ~(fattr.killSuidgid | fattr.lockOwner);
  return only === fattr.size && size === 0 && openFd < 0 && node.open !== undefined;
}

/**
 * By the caller, as it depends on his groups what becomes of SGID; and by root where this kernel
 * refuses what the host has allowed: not everything that the caller may is known here.
 */
function chown(
  { calls }: Session,
  fd: number,
  { uid, gid }: Wish,
  by: Caller,
  find: number,
  done: Done,
): void {
  calls.fchownat(by, fd, uid, gid, find, (ret, slot) => {
    if (ret === -errno.EPERM && by !== root) calls.fchownat(root, fd, uid, gid, find, done);
    else done(ret, slot);
  });
}

export function setattr(session: Session, request: Request): void {
  const wish = wishOf(session, request);
  if (wish.size < 0 || wish.size > Number.MAX_SAFE_INTEGER) {
    session.fail(request, -errno.EFBIG);
    return;
  }
  const { valid } = wish;
  withFd(session, request, (fd, node) => {
    const { times, features } = session;
    if (features.writeback && wish.ctime !== undefined) times.note(node, wish.mtime, wish.ctime);
    if ((valid & (fattr.size | fattr.mtime)) === fattr.size) times.changed(node);
    const changes = (valid & (fattr.size | fattr.uid | fattr.gid)) !== 0;
    const kills = (valid & fattr.killSuidgid) !== 0 && changes;
    // The host says the ctime of each file that it removes: the file is gone the moment after.
    if (node.nameless && (valid & ~onlyTimes) === 0) answerNow(session, request, fd, node);
    else if ((valid & ~(fattr.fh | fattr.ctime)) === 0)
      chownNothing(session, request, fd, node, wish);
    else if (kills) asChanger(session, request, node, (by) => change(by));
    else change(root);
    function touch(of: number, find: number, done: Done): void {
      session.calls.utimensat(of, unchanged, now, undefined, find, done);
    }
    function change(by: Caller): void {
      const steps = stepsOf(session, wish, by);
      runSteps(session, request, fd, node, cutsOnOpen(node, wish) ? [...steps, touch] : steps);
    }
  });
}

/**
 * A SETATTR of nothing, or of the host's ctime alone: chown(2) with -1 twice, which takes SUID and
 * SGID away, and is refused to those who may not do that. Or, without a ctime, it is what the host
 * sends before a write that takes them away itself: a refusal is no error then. That the file is
 * open for writing is all there is to tell the two apart.
 */
function chownNothing(
  session: Session,
  request: Request,
  fd: number,
  node: Node,
  wish: Wish,
): void {
  const mayBeWrite = wish.ctime === undefined && (node.open?.writers ?? 0) > 0;
  session.identities.ordinary(request, (by) =>
    session.calls.fchownat(by, fd, -1, -1, 0, (ret) => {
      if (ret < 0 && !mayBeWrite) session.fail(request, ret);
      else runSteps(session, request, fd, node, stepsOf(session, wish, by));
    }),
  );
}

function runSteps(
  session: Session,
  request: Request,
  fd: number,
  node: Node,
  steps: readonly Step[],
): void {
  const { calls } = session;
  let next = 0;
  const done: Done = (ret, slot) => {
    const step = steps[next++];
    // The steps before have changed something.
    if (ret < 0 && next > 2) session.wire.forgetAttributes(node.id);
    if (ret < 0) session.fail(request, ret);
    else if (step !== undefined) step(fd, next === steps.length ? abi.BRIDGE_LOOKUP_FD : 0, done);
    else if (steps.length > 0 && calls.wasFound(slot)) {
      answerAttr(session, request, node, calls.result(slot) >>> 2);
    } else answerNow(session, request, fd, node);
  };
  done(0, -1);
}
