/** SETATTR: truncate, chown, chmod and utimes, as one or several calls of the kernel. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import type { Slot } from '../../vfs-linux/slot.ts';
import { answerAttr } from '../entry.ts';
import { type Caller, type Done, noName, root, type Time } from '../kernel-calls.ts';
import type { Message } from '../message.ts';
import type { Node } from '../nodes.ts';
import { fattr, setattrIn } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { asChanger } from '../set-id.ts';
import { answerStat } from './getattr.ts';

/** The last second that a number holds exactly; the kernel's range ends 1024 later. */
const lastSecond = 2 ** 63 - 1024;

/** The bits of a SETATTR that the host sends by itself, without a program that sets something. */
const onlyTimes: number = fattr.mtime | fattr.ctime | fattr.fh;

/** What a SETATTR asks for, copied out of the request's buffer, which is used again by then. */
interface Changes {
  /** Bits of `fattr`: which of the others count. */
  readonly valid: number;
  /** The descriptor of the caller's open file; -1 without one. */
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

const unchanged: Time = { sec: 0, nsec: abi.UTIME_OMIT };
const now: Time = { sec: 0, nsec: abi.UTIME_NOW };

function timeOf(message: Message, which: 'atime' | 'mtime'): Time {
  const valid = message.word(setattrIn.valid);
  if ((valid & fattr[`${which}Now`]) !== 0) return now;
  if ((valid & fattr[which]) === 0) return unchanged;
  const sec = Math.min(message.signed(setattrIn[which]), lastSecond);
  return { sec, nsec: message.word(setattrIn[`${which}nsec`]) };
}

function changesOf(request: FuseRequest): Changes {
  const valid = request.word(setattrIn.valid);
  const has = (flag: number): boolean => (valid & flag) !== 0;
  const file = has(fattr.fh) ? request.session.files.get(request.wide(setattrIn.fh)) : undefined;
  return {
    valid,
    openFd: file?.node.id === request.nodeId ? file.fd : -1,
    size: request.wide(setattrIn.size),
    mode: request.word(setattrIn.mode),
    uid: has(fattr.uid) ? request.word(setattrIn.uid) : -1,
    gid: has(fattr.gid) ? request.word(setattrIn.gid) : -1,
    atime: timeOf(request, 'atime'),
    mtime: timeOf(request, 'mtime'),
    ctime: has(fattr.ctime)
      ? { sec: request.signed(setattrIn.ctime), nsec: request.word(setattrIn.ctimensec) }
      : undefined,
  };
}

/**
 * open(2) with O_TRUNC changes the times of an empty file too; truncate(2) does not everywhere. The
 * host sends the same for both, but for the first the file is open.
 */
function truncatesOnOpen(node: Node, { valid, size, openFd }: Changes): boolean {
  const only = valid & ~(fattr.killSuidgid | fattr.lockOwner);
  return only === fattr.size && size === 0 && openFd < 0 && node.open !== undefined;
}

/** One of the calls that a SETATTR is made of; `find` (BRIDGE_LOOKUP_*): look up what it left. */
type Step = (find: number, done: Done) => void;

/** A SETATTR that is carried out. */
class Setattr {
  readonly #request: FuseRequest;
  readonly #node: Node;
  readonly #fd: number;
  readonly #changes: Changes;

  constructor(request: FuseRequest, node: Node, fd: number, changes: Changes) {
    this.#request = request;
    this.#node = node;
    this.#fd = fd;
    this.#changes = changes;
  }

  start(): void {
    const { times, features } = this.#request.session;
    const { valid, mtime, ctime } = this.#changes;
    const node = this.#node;
    if (features.writeback && ctime !== undefined) times.note(node, mtime, ctime);
    if ((valid & (fattr.size | fattr.mtime)) === fattr.size) times.changed(node);
    const mayKill = (valid & (fattr.size | fattr.uid | fattr.gid)) !== 0;
    // The host sends the ctime of each file that it removes: the file is gone the moment after.
    if (node.nameless && (valid & ~onlyTimes) === 0) answerStat(this.#request, this.#fd, node);
    else if ((valid & ~(fattr.fh | fattr.ctime)) === 0) this.#chownNothing();
    else if (mayKill && (valid & fattr.killSuidgid) !== 0) {
      asChanger(this.#request, node, (by) => this.#change(by));
    } else this.#change(root);
  }

  #change(by: Caller): void {
    const steps = this.#steps(by);
    if (truncatesOnOpen(this.#node, this.#changes)) {
      const { calls } = this.#request.session;
      steps.push((find, done) => calls.utimensat(this.#fd, unchanged, now, undefined, find, done));
    }
    this.#run(steps);
  }

  /**
   * A SETATTR of nothing, or of the host's ctime alone: chown(2) with -1 twice, which takes SUID
   * and SGID away, and is refused to callers that may not change the owner. Without a ctime it may
   * also be what the host sends before a write that takes the two bits away: a refusal is no error
   * then. The two differ only in whether the file is open for writing.
   */
  #chownNothing(): void {
    const request = this.#request;
    const { identities, calls } = request.session;
    const mayBeWrite = this.#changes.ctime === undefined && (this.#node.open?.writers ?? 0) > 0;
    identities.ordinary(request, (by) =>
      request.run(() =>
        calls.fchownat(by, this.#fd, -1, -1, 0, (ret) => {
          if (ret < 0 && !mayBeWrite) request.fail(ret);
          else this.#run(this.#steps(by));
        }),
      ),
    );
  }

  /**
   * The host sends what one system call of a program changes, which is mostly one step. Owner
   * before mode, as a change of owner takes bits of the mode away; times last, as the others change
   * them.
   */
  #steps(by: Caller): Step[] {
    const { calls } = this.#request.session;
    const fd = this.#fd;
    const { valid, mode, atime, mtime, ctime } = this.#changes;
    const steps: Step[] = [];
    if ((valid & fattr.size) !== 0) steps.push(this.#truncate(by));
    if ((valid & (fattr.uid | fattr.gid)) !== 0) steps.push(this.#chown(by));
    if ((valid & fattr.mode) !== 0) {
      const { BRIDGE_OP_fchmodat2: op, AT_EMPTY_PATH: atFlags } = abi;
      steps.push((find, done) =>
        calls.named(op, root, noName, fd, mode & 0o7777, atFlags, find, done),
      );
    }
    const times = fattr.atime | fattr.atimeNow | fattr.mtime | fattr.mtimeNow | fattr.ctime;
    if ((valid & times) !== 0) {
      steps.push((find, done) => calls.utimensat(fd, atime, mtime, ctime, find, done));
    }
    return steps;
  }

  /** ftruncate(2) of the caller's open file, or truncate(2): some file systems tell them apart. */
  #truncate(by: Caller): Step {
    const { calls } = this.#request.session;
    const { openFd, size } = this.#changes;
    const op = openFd >= 0 ? abi.BRIDGE_OP_ftruncate : abi.BRIDGE_OP_truncate;
    const fd = openFd >= 0 ? openFd : this.#fd;
    return (find, done) => calls.numbers(op, by, fd, 0, size, find, done);
  }

  /**
   * As the caller, as what becomes of SGID depends on the caller's groups. And as root where this
   * kernel refuses what the host has allowed: not all of the caller's rights are known here.
   */
  #chown(by: Caller): Step {
    const { calls } = this.#request.session;
    const { uid, gid } = this.#changes;
    return (find, done) =>
      calls.fchownat(by, this.#fd, uid, gid, find, (ret, slot) => {
        const refused = ret === -errno.EPERM && by !== root;
        if (refused) calls.fchownat(root, this.#fd, uid, gid, find, done);
        else done(ret, slot);
      });
  }

  /** Runs the steps one after the other, and answers with what the last one left. */
  #run(steps: readonly Step[]): void {
    const request = this.#request;
    const { calls, wire } = request.session;
    let next = 0;
    const done = (ret: number, slot?: Slot): void => {
      const step = steps[next++];
      // The steps before have changed something.
      if (ret < 0 && next > 2) wire.forgetAttributes(this.#node.id);
      if (ret < 0) request.fail(ret);
      else if (step !== undefined) step(next === steps.length ? abi.BRIDGE_LOOKUP_FD : 0, done);
      else if (slot !== undefined && calls.wasFound(slot)) {
        answerAttr(request, this.#node, calls.result(slot) >>> 2);
      } else answerStat(request, this.#fd, this.#node);
    };
    done(0);
  }
}

export function setattr(request: FuseRequest): void {
  const changes = changesOf(request);
  if (changes.size < 0 || changes.size > Number.MAX_SAFE_INTEGER) {
    request.fail(-errno.EFBIG);
    return;
  }
  request.withFd((fd, node) => new Setattr(request, node, fd, changes).start());
}
