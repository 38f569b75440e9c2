/**
 * A mount's life on the device: takes requests, has them carried out, sends the answers.
 *
 *     mounting --INIT--> serving --ENODEV (unmounted, aborted)--> answering what is under way
 *         --all answered--> closing --all closed--> ended
 *
 * Where requests are taken:
 * - When the kernel has nothing to do, it asks here for more before it waits (pollWhenIdle), and
 *   gets the next request without a turn of the event loop; while they keep coming, it is asked for
 *   some tens of microseconds, as a process that got an answer mostly has its next question soon.
 * - When it has waited, the event loop tells that the device is readable.
 *
 * Invariants:
 * 1. The event loop has its turn every few milliseconds (Kernel.turnIsDue), and at once when the
 *    kernel waits for a disk.
 * 2. No more requests are taken than the kernel has slots for; the others wait in the device.
 * 3. Nothing that a request says makes an exception: a handler's mistake is answered with EIO.
 */
import { RequestStatistics } from '../observe/request-statistics.ts';
import { trace } from '../observe/trace.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { Descriptors } from './descriptors.ts';
import { OpenFiles } from './files.ts';
import { Identities } from './identities.ts';
import { Interruptions } from './interruptions.ts';
import { KernelCalls, root } from './kernel-calls.ts';
import type { Libc, Poll } from './libc.ts';
import type { Features } from './negotiation.ts';
import { type Node, Nodes } from './nodes.ts';
import { operationNames, operationOf, operations } from './operations.ts';
import { inHeader, inHeaderBytes } from './protocol.ts';
import { Request, type WireBuffer } from './request.ts';
import { HostTimes } from './times.ts';
import { Wire } from './wire.ts';

/** How long the device is asked again for the request that follows an answer. */
const spinMs = 0.06;
/** A request within so long of the last answer would have been found so, or nearly. */
const soonMs = 0.25;
/**
 * As many late requests in a row as this, and the device is not asked again until some come soon.
 */
const patienceMost = 8;

export class Session {
  readonly volume: Volume;
  readonly calls: KernelCalls;
  readonly nodes: Nodes = new Nodes();
  readonly descriptors: Descriptors;
  readonly files: OpenFiles = new OpenFiles();
  readonly times: HostTimes = new HostTimes(this.nodes);
  readonly interruptions: Interruptions = new Interruptions((request) => this.#giveUp(request));
  readonly identities: Identities;
  readonly wire: Wire;
  readonly features: Features;
  readonly statistics: RequestStatistics = new RequestStatistics(operationNames);
  /**
   * Resolves when INIT has its answer: with the reason where the two do not understand each other.
   */
  readonly started: Promise<string | undefined>;
  /** Resolves when the mount is gone and nothing of it is open in the kernel. */
  readonly ended: Promise<void>;
  readonly #onLog: (line: string) => void;
  #resolveStarted: (refusal?: string) => void = () => {};
  #resolveEnded: () => void = () => {};
  #poll: Poll | undefined;
  #pollPaused = false;
  #turnScheduled = false;
  #working: Request | undefined;
  #patience = patienceMost;
  #lastAnswerMs = 0;
  #over = false;
  /** Requests that have no answer yet. */
  #unanswered = 0;
  /** Set at the end: called when all have theirs. */
  #whenAnswered: (() => void) | undefined;

  constructor(parts: {
    volume: Volume;
    libc: Libc;
    fd: number;
    features: Features;
    onLog: (line: string) => void;
  }) {
    const { volume, libc, fd, features, onLog } = parts;
    this.volume = volume;
    this.features = features;
    this.#onLog = onLog;
    this.calls = new KernelCalls(volume.calls, this);
    this.descriptors = new Descriptors(this.calls, this.nodes, volume.root);
    this.identities = new Identities(volume.kernel);
    this.wire = new Wire(libc, fd, this.calls.memory.bytes);
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.nodes.addRoot(features.rootHandle, volume.root);
    this.#poll = libc.poll(fd, () => this.#schedule());
    volume.kernel.pollWhenIdle(() => this.#whenIdle());
  }

  /** The request that is being worked on: a call that is submitted belongs to it. */
  get working(): Request | undefined {
    return this.#working;
  }

  set working(request: Request | undefined) {
    this.#working = request;
  }

  /** A mistake of this program, found while it worked on a request: that one is answered. */
  onBug(error: unknown, request: Request | undefined): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#onLog(`fuse: internal error: ${text}`);
    if (request !== undefined && !request.answered) this.fail(request, -errno.EIO);
  }

  /** The host has its answer to INIT; `refusal` says why there will be no mount. */
  onInit(refusal?: string): void {
    this.#resolveStarted(refusal);
  }

  #schedule(): void {
    if (this.#turnScheduled || this.#over) return;
    this.#turnScheduled = true;
    // Not here: what a callback of the poll's resolves would wait for the next turn of the loop.
    setImmediate(() => {
      this.#turnScheduled = false;
      this.volume.kernel.tookTurn();
      this.#takeUntilBusy();
    });
  }

  /**
   * One for the kernel: it asks for the next itself, and until then they lie well in the device.
   */
  #takeUntilBusy(): void {
    const before = this.calls.inFlight;
    const { kernel } = this.volume;
    while (this.#takeOne() && this.calls.inFlight <= before && !kernel.turnIsDue());
  }

  /** The idle kernel asks: takes requests until one keeps it busy. Throws nothing: wasm calls. */
  #whenIdle(): void {
    if (this.#over) return;
    try {
      this.#takeAndSpin();
    } catch (error) {
      this.onBug(error, undefined);
    }
  }

  #takeAndSpin(): void {
    const { calls } = this;
    const { kernel } = this.volume;
    const before = calls.inFlight;
    // With something under way the kernel waits for a disk, and that for the event loop.
    const until = before > 0 || this.#patience === 0 ? 0 : this.#lastAnswerMs + spinMs;
    while (!kernel.turnIsDue()) {
      const took = this.#takeOne();
      if (calls.inFlight > before) return;
      if (!took && performance.now() >= until) return;
    }
  }

  get #hasRoom(): boolean {
    return this.calls.hasRoom && !this.wire.isFull;
  }

  /** Takes one request if one waits and there is room for it. */
  #takeOne(): boolean {
    if (this.#over) return false;
    if (!this.#hasRoom) {
      this.#pause();
      return false;
    }
    const bytes = this.wire.read();
    if (bytes < 0) return this.#notRead(bytes);
    const nowMs = performance.now();
    if (nowMs - this.#lastAnswerMs > soonMs) this.#patience = Math.max(this.#patience - 1, 0);
    else this.#patience = Math.min(this.#patience + 1, patienceMost);
    this.#dispatch(this.wire.received(bytes), bytes, nowMs);
    return true;
  }

  #notRead(error: number): boolean {
    if (error === -errno.EAGAIN) return false;
    // The request was given up while it was read, or a signal came: there may be another.
    if (error === -errno.ENOENT || error === -errno.EINTR) return true;
    this.#end();
    return false;
  }

  #dispatch(buffer: WireBuffer, bytes: number, startMs: number): void {
    const { u32 } = buffer;
    if (bytes < inHeaderBytes || u32[inHeader.len] !== bytes) {
      this.#onLog(`fuse: a request of ${bytes} bytes is no request`);
      this.wire.giveBack(buffer);
      return;
    }
    const operation = operationOf(u32[inHeader.opcode] as number);
    const request = new Request(buffer, operation, bytes, startMs);
    this.#unanswered++;
    this.#begin(request);
    if (request.keepBuffer && !request.answered) request.ownsBuffer = true;
    else this.wire.giveBack(buffer);
  }

  /** Has it carried out; first, where it makes something, its caller's identity made. */
  #begin(request: Request): void {
    const { bodyBytes, creates } = operations[request.operation] as (typeof operations)[number];
    if (request.bodyBytes < bodyBytes) {
      this.fail(request, -errno.EINVAL);
    } else if (creates === true && this.identities.get(request.uid, request.gid) === undefined) {
      request.keepBuffer = true;
      void this.identities.make(request.uid, request.gid).then(
        () => this.#handle(request),
        () => this.fail(request, -errno.EIO),
      );
    } else {
      this.#handle(request);
    }
  }

  #handle(request: Request): void {
    this.#working = request;
    try {
      operations[request.operation]?.handle(this, request);
    } catch (error) {
      this.onBug(error, request);
    }
    this.#working = undefined;
    if (request.answered || operations[request.operation]?.onlyLooks !== true) return;
    this.interruptions.begin(request);
  }

  /** Who asked was interrupted and has waited long enough; what was begun goes to its end. */
  #giveUp(request: Request): void {
    if (request.answered) return;
    request.givenUp = true;
    this.wire.fail(request, -errno.EINTR);
  }

  /** Sends `payloadBytes` of `wire.out`; answers what the device said. */
  answer(request: Request, payloadBytes: number): number {
    return this.answerFrom(request, this.wire.out, payloadBytes);
  }

  answerFrom(request: Request, from: WireBuffer, payloadBytes: number): number {
    if (request.givenUp) return this.#finishGivenUp(request);
    const startMs = trace.isOn ? performance.now() : 0;
    const ret = this.wire.answer(request, from, payloadBytes);
    this.#finish(request, false, startMs);
    return ret;
  }

  /** Sends what lies in pieces in the kernel's memory, at an array of bridge_piece. */
  answerPieces(request: Request, address: number, payloadBytes: number): void {
    if (request.givenUp) {
      this.#finishGivenUp(request);
      return;
    }
    const startMs = trace.isOn ? performance.now() : 0;
    this.wire.answerPieces(request, this.calls.memory.u32, address >>> 2, payloadBytes);
    this.#finish(request, false, startMs);
  }

  /** Sends a negative errno, or plain success for 0. */
  fail(request: Request, error: number): void {
    if (request.givenUp) {
      this.#finishGivenUp(request);
      return;
    }
    const startMs = trace.isOn ? performance.now() : 0;
    this.wire.fail(request, error);
    this.#finish(request, error < 0, startMs);
  }

  /** What the device would say: nobody waits for this answer. */
  #finishGivenUp(request: Request): number {
    this.#finish(request, true, 0);
    return -errno.ENOENT;
  }

  /** The end of a request that has no answer, such as FORGET. */
  finishSilently(request: Request): void {
    this.#finish(request, false, 0);
  }

  /** `replyMs` is when the answer began to be written, for the trace; 0: there was none. */
  #finish(request: Request, failed: boolean, replyMs: number): void {
    if (request.answered) return;
    request.answered = true;
    this.#unanswered--;
    if (request.mayBeGivenUp) this.interruptions.end(request);
    const endMs = performance.now();
    this.#lastAnswerMs = endMs;
    this.statistics.record(request.operation, request.startMs, endMs, failed);
    if (trace.isOn) {
      const name = operationNames[request.operation] as string;
      if (replyMs > 0) trace.span('reply', 'write', request.traceId, replyMs, endMs);
      trace.span('fuse', name, request.traceId, request.startMs, endMs, { node: request.nodeId });
    }
    if (request.ownsBuffer) this.wire.giveBack(request.buffer);
    if (request.held !== undefined) this.#letGo(request);
    if (this.#pollPaused) this.#resume();
    if (this.#unanswered === 0) this.#whenAnswered?.();
  }

  /** Keeps a node and its descriptor until the request is answered; two at most. */
  hold(request: Request, node: Node): void {
    node.busy++;
    if (request.held === undefined) request.held = node;
    else request.heldToo = node;
  }

  #letGo(request: Request): void {
    for (const node of [request.held, request.heldToo]) {
      if (node === undefined) continue;
      node.busy--;
      this.settle(node);
    }
    request.held = undefined;
    request.heldToo = undefined;
  }

  #pause(): void {
    if (this.#pollPaused) return;
    this.#pollPaused = true;
    this.#poll?.pause();
  }

  #resume(): void {
    if (!this.#hasRoom) return;
    this.#pollPaused = false;
    this.#poll?.resume();
  }

  /**
   * For the end of what a request does with a node: it goes, and its descriptor with it, where nobody
   * knows or needs it any more, and rests where nobody works on it.
   */
  settle(node: Node): void {
    if (!this.nodes.isUnused(node)) {
      this.nodes.rest(node);
      return;
    }
    this.descriptors.release(node);
    this.nodes.remove(node);
  }

  /** The device is gone: what is under way goes to its end, and then everything is closed. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#poll?.stop();
    this.volume.kernel.pollWhenIdle(undefined);
    if (this.#unanswered === 0) this.#closeAll();
    else this.#whenAnswered = () => this.#closeAll();
  }

  #closeAll(): void {
    this.#whenAnswered = undefined;
    this.wire.close();
    for (const { fd } of this.files.takeAll()) this.calls.close(fd);
    for (const node of this.nodes) this.descriptors.release(node);
    // A last call, answered when those before it are. Not syncfs: it tells an error once, and the
    // volume's owner has to hear of it.
    this.calls.numbers(abi.BRIDGE_OP_fstatfs, root, this.volume.root, 0, 0, 0, () => {
      this.#resolveStarted('the mount ended before it began');
      this.#resolveEnded();
    });
  }
}
