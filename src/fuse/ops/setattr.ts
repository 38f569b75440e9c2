/** SETATTR: truncate, chown, chmod and utimes, as one or several calls of the kernel. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import { lookedUp, noName, statxWordOf } from '../../vfs-linux/calls/slot-calls.ts';
import type { Fill } from '../../vfs-linux/request-ring.ts';
import type { Caller, Done, Slot } from '../../vfs-linux/slot.ts';
import { answerAttr } from '../entry.ts';
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
  readonly atime: encode.TimeToSet;
  readonly mtime: encode.TimeToSet;
  /** The host's own, where it keeps the times itself. */
  readonly ctime: encode.TimeToSet | undefined;
}

const unchanged: encode.TimeToSet = { sec: 0, nsec: abi.UTIME_OMIT };
const now: encode.TimeToSet = { sec: 0, nsec: abi.UTIME_NOW };

function timeOf(message: Message, which: 'atime' | 'mtime'): encode.TimeToSet {
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

/** One of the calls that a SETATTR is made of; `lookUp` is BRIDGE_LOOKUP_FD or 0. */
type Step = (lookUp: number, done: Done) => void;

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
    } else this.#change(this.#request.session.calls.root);
  }

  #change(by: Caller): void {
    const steps = this.#steps(by);
    if (truncatesOnOpen(this.#node, this.#changes)) {
      steps.push(this.#setTimes({ atime: unchanged, mtime: now }));
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
    const { identities } = request.session;
    const mayBeWrite = this.#changes.ctime === undefined && (this.#node.open?.writers ?? 0) > 0;
    identities.ordinary(request, (by) =>
      request.run(() =>
        this.#chownAs(by, { uid: -1, gid: -1 })(0, (ret) => {
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
    const { valid, mode, atime, mtime, ctime } = this.#changes;
    const steps: Step[] = [];
    if ((valid & fattr.size) !== 0) steps.push(this.#truncate(by));
    if ((valid & (fattr.uid | fattr.gid)) !== 0) steps.push(this.#chown(by));
    if ((valid & fattr.mode) !== 0) {
      steps.push(
        this.#step((slot) =>
          encode.fchmodat2(slot, this.#fd, noName, mode & 0o7777, abi.AT_EMPTY_PATH),
        ),
      );
    }
    const times = fattr.atime | fattr.atimeNow | fattr.mtime | fattr.mtimeNow | fattr.ctime;
    if ((valid & times) !== 0) {
      steps.push(this.#setTimes({ atime, mtime, ctime }));
    }
    return steps;
  }

  /** ftruncate(2) of the caller's open file, or truncate(2): some file systems tell them apart. */
  #truncate(by: Caller): Step {
    const { openFd, size } = this.#changes;
    return this.#step((slot) => {
      if (openFd >= 0) encode.ftruncate(slot, openFd, size);
      else encode.truncate(slot, this.#fd, size);
    }, by);
  }

  /**
   * As the caller, as what becomes of SGID depends on the caller's groups. And as root where this
   * kernel refuses what the host has allowed: not all of the caller's rights are known here.
   */
  #chown(by: Caller): Step {
    const { root } = this.#request.session.calls;
    const { uid, gid } = this.#changes;
    const owner = { uid, gid };
    return (lookUp, done) =>
      this.#chownAs(by, owner)(lookUp, (ret, slot) => {
        const refused = ret === -errno.EPERM && by.cred !== root.cred;
        if (refused) this.#chownAs(root, owner)(lookUp, done);
        else done(ret, slot);
      });
  }

  #chownAs(by: Caller, owner: encode.Owner): Step {
    return this.#step(
      (slot) => encode.fchownat(slot, this.#fd, noName, owner, abi.AT_EMPTY_PATH),
      by,
    );
  }

  #setTimes(times: encode.TimesToSet): Step {
    return this.#step((slot) => encode.utimensat(slot, this.#fd, noName, times, abi.AT_EMPTY_PATH));
  }

  #step(fill: Fill, by: Caller = this.#request.session.calls.root): Step {
    const { calls } = this.#request.session;
    return (lookUp, done) =>
      calls.runAs(
        by,
        (slot) => {
          fill(slot);
          slot.lookUp(lookUp);
        },
        done,
      );
  }

  /** Runs the steps one after the other, and answers with what the last one left. */
  #run(steps: readonly Step[]): void {
    const request = this.#request;
    const { wire } = request.session;
    let next = 0;
    const done = (ret: number, slot?: Slot): void => {
      const step = steps[next++];
      // The steps before have changed something.
      if (ret < 0 && next > 2) wire.forgetAttributes(this.#node.id);
      if (ret < 0) request.fail(ret);
      else if (step !== undefined) step(next === steps.length ? abi.BRIDGE_LOOKUP_FD : 0, done);
      else if (slot !== undefined && lookedUp(slot)) {
        answerAttr(request, this.#node, statxWordOf(slot));
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
