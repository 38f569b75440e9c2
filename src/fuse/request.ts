/**
 * One request of the host: its message, the session it is made to, and how it is answered.
 *
 * Invariants:
 * 1. The message's buffer may be read until the handler returns. A handler that needs it for longer
 *    sets keepBuffer; the buffer then goes back to its pool with the answer.
 * 2. A request ends exactly once, by one of `answer…`, `fail` and `endSilently`. Everything but a
 *    FORGET and an INTERRUPT has an answer.
 * 3. An exception of a handler, or of a callback that it passes on, is a mistake of this program:
 *    it is logged, and the request is answered with EIO.
 */
import { trace } from '../observe/trace.ts';
import { errno } from '../vfs-linux/abi.gen.ts';
import type { CallTask } from '../vfs-linux/calls/slot-calls.ts';
import type { NameSpan } from '../vfs-linux/names.ts';
import { Message, type WireBuffer } from './message.ts';
import type { Node } from './nodes.ts';
import type { OpenFile } from './open-files.ts';
import type { Session } from './session.ts';

/**
 * Called at a request's end. `replyMs` is when the answer began to be written; 0: there was none,
 * or no trace.
 */
export type WhenEnded = (request: FuseRequest, failed: boolean, replyMs: number) => void;

export class FuseRequest extends Message implements CallTask {
  readonly session: Session;
  readonly startMs: number = performance.now();
  /** The number of its spans in the trace; 0 without one. */
  readonly traceId: number = trace.isOn ? trace.nextId() : 0;
  /** The buffer has to live until the answer, if that is not there when the handler returns. */
  keepBuffer = false;
  /** The buffer belongs to this request, which gives it back. */
  ownsBuffer = false;
  readonly #whenEnded: WhenEnded;
  #answered = false;
  /** Interruptions knows the request. */
  #isInterruptible = false;
  /** The host has EINTR as its answer; what was begun has not ended yet. */
  #givenUp = false;
  /** Nodes that keep their descriptors until the answer. */
  #held: Node | undefined;
  #heldToo: Node | undefined;

  constructor(session: Session, buffer: WireBuffer, lengthBytes: number, whenEnded: WhenEnded) {
    super(buffer, lengthBytes);
    this.session = session;
    this.#whenEnded = whenEnded;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** Runs a part of the request's work: at its begin, and after each wait that is no call's. */
  run(work: (request: FuseRequest) => void): void {
    const { calls } = this.session;
    const outer = calls.task;
    calls.task = this;
    try {
      work(this);
    } catch (error) {
      this.onBug(error);
    }
    calls.task = outer;
  }

  onBug(error: unknown): void {
    this.session.reportBug(error);
    if (!this.#answered) this.fail(-errno.EIO);
  }

  /** Sends `payloadBytes` of `wire.out`; returns what the device said. */
  answer(payloadBytes: number): number {
    return this.answerFrom(this.session.wire.out, payloadBytes);
  }

  answerFrom(from: WireBuffer, payloadBytes: number): number {
    if (this.#givenUp) return this.#endGivenUp();
    const startMs = trace.isOn ? performance.now() : 0;
    const ret = this.session.wire.answer(this, from, payloadBytes);
    this.#end(false, startMs);
    return ret;
  }

  /** Sends what lies in pieces in the kernel's memory, at an array of bridge_piece. */
  answerPieces(address: number, payloadBytes: number): void {
    if (this.#givenUp) {
      this.#endGivenUp();
      return;
    }
    const startMs = trace.isOn ? performance.now() : 0;
    this.session.wire.answerPieces(this, address >>> 2, payloadBytes);
    this.#end(false, startMs);
  }

  /** Sends a call's result without more: an error where it is negative, plain success otherwise. */
  answerResult(ret: number): void {
    this.fail(Math.min(ret, 0));
  }

  /** Sends a negative errno. (0 is plain success: answerResult.) */
  fail(error: number): void {
    if (this.#givenUp) {
      this.#endGivenUp();
      return;
    }
    const startMs = trace.isOn ? performance.now() : 0;
    this.session.wire.fail(this, error);
    this.#end(error < 0, startMs);
  }

  /** Ends a request that has no answer, such as FORGET. */
  endSilently(): void {
    this.#end(false, 0);
  }

  /** From here on a signal may end the caller's wait: for a request that changes nothing. */
  allowInterruption(): void {
    this.#isInterruptible = true;
    this.session.interruptions.begin(this);
  }

  /**
   * The caller got a signal, and its patience ran out: answers EINTR. The kernel's call runs to its
   * end, and its result is dropped then.
   */
  giveUp(): void {
    if (this.#answered) return;
    this.#givenUp = true;
    this.session.wire.fail(this, -errno.EINTR);
  }

  /** Returns what the device says of an answer that the host does not wait for. */
  #endGivenUp(): number {
    this.#end(true, 0);
    return -errno.ENOENT;
  }

  #end(failed: boolean, replyMs: number): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#isInterruptible) this.session.interruptions.end(this);
    if (this.ownsBuffer) this.session.wire.giveBack(this.buffer);
    if (this.#held !== undefined) this.#letGo();
    this.#whenEnded(this, failed, replyMs);
  }

  /** Keeps a node and its descriptor until the request is answered; two at most. */
  #hold(node: Node): void {
    node.busy++;
    if (this.#held === undefined) this.#held = node;
    else this.#heldToo = node;
  }

  #letGo(): void {
    for (const node of [this.#held, this.#heldToo]) {
      if (node === undefined) continue;
      node.busy--;
      this.session.releaseIfUnused(node);
    }
    this.#held = undefined;
    this.#heldToo = undefined;
  }

  /** Calls `then` with the request's node, held; answers ESTALE where there is none. */
  withNode(then: (node: Node) => void): void {
    const node = this.session.nodes.get(this.nodeId);
    if (node === undefined) {
      this.fail(-errno.ESTALE);
      return;
    }
    this.#hold(node);
    then(node);
  }

  /** The same, with a descriptor that stands for the node; a failure to get one is answered. */
  withFd(then: (fd: number, node: Node) => void): void {
    this.withFdOf(this.nodeId, then);
  }

  /** The same for a node that the body names. */
  withFdOf(nodeId: number, then: (fd: number, node: Node) => void): void {
    const node = this.session.nodes.get(nodeId);
    if (node === undefined) {
      this.fail(-errno.ESTALE);
      return;
    }
    this.#hold(node);
    this.session.descriptors.use(node, (fd) => {
      if (fd < 0) this.fail(fd);
      else then(fd, node);
    });
  }

  /** Calls `then` with a descriptor of the request's directory that is open for reading. */
  withReadableFd(then: (fd: number) => void): void {
    this.withNode((node) => {
      this.session.descriptors.useReadable(node, (fd) => {
        if (fd < 0) this.fail(fd);
        else then(fd);
      });
    });
  }

  /**
   * Calls `then` with a descriptor of the request's node and the name that lies `offset` bytes into
   * the body; answers EINVAL where no name is there.
   */
  withFdAndName(offset: number, then: (fd: number, name: NameSpan, node: Node) => void): void {
    const name = this.name(offset);
    if (name === undefined) {
      this.fail(-errno.EINVAL);
      return;
    }
    this.keepBuffer = true;
    this.withFd((fd, node) => then(fd, name, node));
  }

  /**
   * Calls `then` with the open file whose number (fh) lies at a word of the body; answers EBADF
   * without one.
   */
  withFile(then: (file: OpenFile) => void, word = 0): void {
    const file = this.session.files.get(this.wide(word));
    if (file === undefined) this.fail(-errno.EBADF);
    else then(file);
  }
}
