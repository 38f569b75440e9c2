/**
 * The device's loop: takes the host's requests, has them carried out, and ends the mount.
 *
 *     mounting --#initialized()--> serving --#hangUp()--> answering --#closeAll()--> closing
 *         closing --#finish()--> ended
 *
 *     mounting   the host has sent no INIT that both sides agree on
 *     serving    requests are taken
 *     answering  the device has hung up (unmounted, aborted): what was begun runs to its end
 *     closing    every request has ended: files and descriptors are closed in the kernel
 *     ended      nothing of the mount is open in the kernel
 *
 * A mount that ends before it has begun goes from mounting to answering.
 *
 * Requests are taken in two places:
 * - When the kernel has nothing to do, it asks here before it waits (pollWhenIdle), and so gets the
 *   next request without a turn of the event loop. As long as requests keep coming, the device is
 *   asked again for some tens of microseconds: a process that has its answer mostly asks again
 *   soon.
 * - When the kernel waits, the event loop tells that the device is readable.
 *
 * Invariants:
 * 1. The event loop gets its turn every few milliseconds (Kernel.turnIsDue), and at once when the
 *    kernel waits for a disk.
 * 2. No more requests are taken than the kernel has slots for; the others wait in the device.
 */
import type { RequestStatistics } from '../observe/request-statistics.ts';
import { trace } from '../observe/trace.ts';
import { errno } from '../vfs-linux/abi.gen.ts';
import * as encode from '../vfs-linux/calls/encode.ts';
import type { Poll } from './libc.ts';
import { type Operation, operationNames, operations, placeOf } from './operations.ts';
import { inHeader, inHeaderBytes } from './protocol.ts';
import { FuseRequest, type WhenEnded } from './request.ts';
import { Session, type SessionParts } from './session.ts';

/** How long after an answer the device is asked again for the next request. */
const spinMs = 0.06;
/** A request this soon after the last answer would have been found by asking again, or nearly. */
const soonMs = 0.25;
/** After this many late requests in a row the device is not asked again until some come soon. */
const maxPatience = 8;

type State = 'mounting' | 'serving' | 'answering' | 'closing' | 'ended';

interface LoopParts extends Omit<SessionParts, 'onInit'> {
  /** Counts requests, by their operation's place in the table. */
  readonly statistics: RequestStatistics;
}

export class DeviceLoop {
  readonly session: Session;
  readonly #statistics: RequestStatistics;
  readonly #onLog: (line: string) => void;
  readonly #poll: Poll;
  readonly #started = Promise.withResolvers<string | undefined>();
  readonly #ended = Promise.withResolvers<void>();
  #state: State = 'mounting';
  #pollPaused = false;
  #turnScheduled = false;
  #patience = maxPatience;
  #lastAnswerMs = 0;
  /** Requests that have not ended. */
  #pending = 0;

  constructor({ statistics, ...parts }: LoopParts) {
    this.#statistics = statistics;
    this.#onLog = parts.onLog;
    this.session = new Session({ ...parts, onInit: (refusal) => this.#initialized(refusal) });
    this.#poll = parts.libc.poll(parts.fd, () => this.#schedule());
    parts.volume.kernel.pollWhenIdle(() => this.#whenIdle());
  }

  /** Resolves when INIT is answered: with the reason where the two sides do not agree. */
  get started(): Promise<string | undefined> {
    return this.#started.promise;
  }

  /** Resolves when the mount is gone and nothing of it is open in the kernel. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #initialized(refusal: string | undefined): void {
    if (refusal === undefined && this.#state === 'mounting') this.#state = 'serving';
    this.#started.resolve(refusal);
  }

  get #takesRequests(): boolean {
    return this.#state === 'serving' || this.#state === 'mounting';
  }

  #schedule(): void {
    if (this.#turnScheduled || !this.#takesRequests) return;
    this.#turnScheduled = true;
    // Not at once: what resolves in a callback of the poll's would wait for the loop's next turn.
    setImmediate(() => {
      this.#turnScheduled = false;
      this.session.volume.kernel.tookTurn();
      this.#takeUntilBusy();
    });
  }

  /** Takes requests until one keeps the kernel busy: the idle kernel asks for the next itself. */
  #takeUntilBusy(): void {
    const { calls, volume } = this.session;
    const before = calls.inFlight;
    while (this.#takeOne() && calls.inFlight <= before && !volume.kernel.turnIsDue());
  }

  /** The idle kernel asks. wasm calls this, so nothing may be thrown. */
  #whenIdle(): void {
    if (!this.#takesRequests) return;
    try {
      this.#takeAndSpin();
    } catch (error) {
      this.session.reportBug(error);
    }
  }

  #takeAndSpin(): void {
    const { calls, volume } = this.session;
    const { kernel } = volume;
    const before = calls.inFlight;
    // With calls in flight the kernel waits for a disk, which needs the event loop.
    const until = before > 0 || this.#patience === 0 ? 0 : this.#lastAnswerMs + spinMs;
    while (!kernel.turnIsDue()) {
      const took = this.#takeOne();
      if (calls.inFlight > before) return;
      if (!took && performance.now() >= until) return;
    }
  }

  get #hasRoom(): boolean {
    return this.session.calls.hasRoom && !this.session.wire.isFull;
  }

  /** Takes one request if one waits and there is room for it. */
  #takeOne(): boolean {
    if (!this.#takesRequests) return false;
    if (!this.#hasRoom) {
      this.#pause();
      return false;
    }
    const lengthBytes = this.session.wire.read();
    if (lengthBytes < 0) return this.#notRead(lengthBytes);
    this.#received(lengthBytes);
    return true;
  }

  #notRead(error: number): boolean {
    if (error === -errno.EAGAIN) return false;
    // The request was given up while it was read, or a signal came: there may be another.
    if (error === -errno.ENOENT || error === -errno.EINTR) return true;
    this.#hangUp();
    return false;
  }

  #received(lengthBytes: number): void {
    const { wire } = this.session;
    const buffer = wire.received(lengthBytes);
    if (lengthBytes < inHeaderBytes || buffer.u32[inHeader.len] !== lengthBytes) {
      this.#onLog(`fuse: a message of ${lengthBytes} bytes is no request`);
      wire.giveBack(buffer);
      return;
    }
    const request = new FuseRequest(this.session, buffer, lengthBytes, this.#whenEnded);
    if (request.startMs - this.#lastAnswerMs > soonMs) {
      this.#patience = Math.max(this.#patience - 1, 0);
    } else {
      this.#patience = Math.min(this.#patience + 1, maxPatience);
    }
    this.#pending++;
    this.#begin(request, operations[placeOf(request.opcode)] as Operation);
    if (request.keepBuffer && !request.answered) request.ownsBuffer = true;
    else wire.giveBack(buffer);
  }

  /** Carries a request out; where it makes something, its caller's identity is made first. */
  #begin(request: FuseRequest, operation: Operation): void {
    const { identities } = this.session;
    const { bodyBytes, creates, handle, onlyLooks } = operation;
    if (request.bodyBytes < bodyBytes) {
      request.fail(-errno.EINVAL);
    } else if (creates === true && identities.get(request.uid, request.gid) === undefined) {
      request.keepBuffer = true;
      void identities.make(request.uid, request.gid).then(
        () => request.run(handle),
        () => request.fail(-errno.EIO),
      );
    } else {
      request.run(handle);
      if (onlyLooks === true && !request.answered) request.allowInterruption();
    }
  }

  readonly #whenEnded: WhenEnded = (request, failed, replyMs) => {
    const { opcode, traceId, startMs, nodeId } = request;
    const place = placeOf(opcode);
    const endMs = performance.now();
    this.#lastAnswerMs = endMs;
    this.#statistics.record(place, startMs, endMs, failed);
    if (trace.isOn) {
      if (replyMs > 0) trace.span('reply', 'write', traceId, replyMs, endMs);
      const name = operationNames[place] as string;
      trace.span('fuse', name, traceId, startMs, endMs, { node: nodeId });
    }
    this.#pending--;
    if (this.#pollPaused) this.#resume();
    if (this.#state === 'answering' && this.#pending === 0) this.#closeAll();
  };

  #pause(): void {
    if (this.#pollPaused) return;
    this.#pollPaused = true;
    this.#poll.pause();
  }

  #resume(): void {
    if (!this.#hasRoom) return;
    this.#pollPaused = false;
    this.#poll.resume();
  }

  /** The device is gone: what was begun runs to its end, and then everything is closed. */
  #hangUp(): void {
    this.#state = 'answering';
    this.#poll.stop();
    this.session.volume.kernel.pollWhenIdle(undefined);
    if (this.#pending === 0) this.#closeAll();
  }

  #closeAll(): void {
    this.#state = 'closing';
    const { wire, files, calls, nodes, descriptors, volume } = this.session;
    wire.close();
    for (const { fd } of files.takeAll()) calls.close(fd);
    for (const node of nodes) descriptors.release(node);
    // A last call, which is answered after those before it. Not syncfs: it reports an error only
    // once, and the volume's owner has to hear of it.
    calls.run(
      (slot) => encode.fstatfs(slot, volume.root),
      () => this.#finish(),
    );
  }

  #finish(): void {
    this.#state = 'ended';
    this.#started.resolve('the mount ended before it began');
    this.#ended.resolve();
  }
}
