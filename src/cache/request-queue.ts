/**
 * Decides which requests run and which wait, between a transport, whose clients may ask for
 * anything, and the kernel, which has a fixed number of slots and one disk behind it.
 *
 *     submit ──room──────────────────────────> running ──finished──> over
 *        │                                     ^     └──deadline──> late ──finished──> over
 *        └─no room─> waiting ──its turn────────┘
 *                       └──deadline, or the queue is closed──> over
 *
 * Invariants:
 * 1. A request is answered exactly once: by its owner, after `finished` said true, or by the queue,
 *    through `refuse`, after which `finished` says false.
 * 2. At most maxInFlight requests run, late ones included; of them at most maxBulk are bulk (reads
 *    and writes of data), of at most maxBulkBytes together (one larger one runs alone). So a
 *    metadata request never waits for data to be moved.
 * 3. At most maxWaiting wait; one more is refused with -ENOMEM. Nothing else grows.
 * 4. With nothing waiting and room to run, `submit` starts the request before it returns, without
 *    a promise, a timer of its own, or an allocation.
 * 5. Files take turns: while a file has one request waiting, no other file gets two of the same
 *    kind. Requests of one file and kind keep their order. (Neither Linux nor Windows promises
 *    which of two requests that are under way at the same time acts first.)
 * 6. Metadata goes first, but after metadataBurst of them a bulk request that waits gets its turn.
 * 7. A request that has had no answer for deadlineMs gets -ETIMEDOUT. While every place is taken by
 *    late ones, the disk counts as hanging, and new requests get -EIO at once.
 */
import { errno } from '../vfs-linux/abi.gen.ts';
import { type Errno, negative } from '../vfs-linux/errno.ts';

export interface RequestQueueOptions {
  readonly maxInFlight?: number;
  readonly maxBulk?: number;
  readonly maxBulkBytes?: number;
  readonly maxWaiting?: number;
  /** From the submission on; 0: none. */
  readonly deadlineMs?: number;
}

/** Below the kernel's slots, so that its own waiting list stays empty (vfs-linux/limits.ts). */
const defaults: Required<RequestQueueOptions> = {
  maxInFlight: 192,
  maxBulk: 96,
  maxBulkBytes: 64 * 1024 * 1024,
  maxWaiting: 4096,
  // Linux gives a disk 30 s for a command and tries five times (drivers/scsi/sd.h, SD_TIMEOUT).
  deadlineMs: 180_000,
};
const metadataBurst = 16;
const looksPerDeadline = 16;

type State = 'over' | 'waiting' | 'running' | 'late';

/**
 * What a transport hands to the queue: it extends this with what it knows of the request. One
 * object can be used again once it is over.
 */
export abstract class QueuedRequest {
  /** Whose turn it takes: an inode's number, a handle; anything that can be a key of a Map. */
  file: unknown = undefined;
  /** The data it moves; 0 for metadata. */
  bulkBytes = 0;
  /** When it was submitted, of performance.now(): its latency counts from here. */
  submittedMs = 0;

  /** The queue's own. */
  state: State = 'over';
  next: QueuedRequest | undefined = undefined;
  previous: QueuedRequest | undefined = undefined;

  /** Begins the work; the owner calls `finished` when it has ended. Called at most once. */
  abstract start(): void;
  /** Answers the client with an errno in the place of the work's own answer. */
  abstract refuse(failure: Errno): void;
}

/** The requests of one file that wait, first come first. */
interface Line {
  readonly file: unknown;
  first: QueuedRequest;
  last: QueuedRequest;
}

/** Requests of one kind that wait: a line for each file, the lines served in turn. */
class Lane {
  #lines = new Map<unknown, Line>();
  length = 0;

  push(request: QueuedRequest): void {
    this.length++;
    const line = this.#lines.get(request.file);
    if (line === undefined) {
      this.#lines.set(request.file, { file: request.file, first: request, last: request });
      return;
    }
    line.last.next = request;
    line.last = request;
  }

  /** The request whose turn it is; it stays. */
  get first(): QueuedRequest | undefined {
    const { value } = this.#lines.values().next();
    return value?.first;
  }

  /** Takes the request whose turn it is; its file goes to the end. */
  shift(): QueuedRequest | undefined {
    const { value: line } = this.#lines.values().next();
    if (line === undefined) return undefined;
    const request = line.first;
    this.length--;
    this.#lines.delete(line.file);
    if (request.next !== undefined) {
      line.first = request.next;
      this.#lines.set(line.file, line);
    }
    request.next = undefined;
    return request;
  }

  /** Takes all that were submitted before that time. */
  takeBefore(timeMs: number): QueuedRequest[] {
    const taken: QueuedRequest[] = [];
    const kept: QueuedRequest[] = [];
    for (let one = this.shift(); one !== undefined; one = this.shift()) {
      (one.submittedMs < timeMs ? taken : kept).push(one);
    }
    for (const one of kept) this.push(one);
    return taken;
  }
}

/** The queue's numbers, for `fsbridge status`. */
export interface QueueStatus {
  readonly inFlight: number;
  readonly waiting: number;
  /** Running for longer than the deadline: answered, but still with the kernel. */
  readonly late: number;
  /** All requests that were refused so far: no room, no time, closed. */
  readonly refused: number;
  /** The largest number of requests that ever waited. */
  readonly maxWaited: number;
  readonly isHanging: boolean;
}

export class RequestQueue {
  readonly options: Required<RequestQueueOptions>;
  #metadata = new Lane();
  #bulk = new Lane();
  /** The first of those that run, linked both ways. */
  #running: QueuedRequest | undefined;
  #inFlight = 0;
  #bulkInFlight = 0;
  #bulkBytes = 0;
  #late = 0;
  #refused = 0;
  #maxWaited = 0;
  #metadataInARow = 0;
  #closed = false;
  #pumping = false;
  #timer: NodeJS.Timeout | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(options: RequestQueueOptions = {}) {
    this.options = { ...defaults, ...options };
  }

  get waiting(): number {
    return this.#metadata.length + this.#bulk.length;
  }

  /** Whether one more would be refused: a transport that can wait reads no further request. */
  get isFull(): boolean {
    return this.waiting >= this.options.maxWaiting;
  }

  /** Whether every running request has run out of time. */
  get isHanging(): boolean {
    return this.#late > 0 && this.#late >= this.options.maxInFlight;
  }

  status(): QueueStatus {
    return {
      inFlight: this.#inFlight,
      waiting: this.waiting,
      late: this.#late,
      refused: this.#refused,
      maxWaited: this.#maxWaited,
      isHanging: this.isHanging,
    };
  }

  /** Takes a request that is over: starts it, lets it wait, or refuses it. */
  submit(request: QueuedRequest): void {
    request.submittedMs = performance.now();
    if (this.#closed || this.isHanging) this.#refuse(request, negative(errno.EIO));
    else if (this.waiting === 0 && this.#hasRoomFor(request)) this.#start(request);
    else if (this.isFull) this.#refuse(request, negative(errno.ENOMEM));
    else this.#wait(request);
  }

  #wait(request: QueuedRequest): void {
    request.state = 'waiting';
    (request.bulkBytes > 0 ? this.#bulk : this.#metadata).push(request);
    if (this.waiting > this.#maxWaited) this.#maxWaited = this.waiting;
    // Metadata may find room where bulk waits.
    this.#pump();
  }

  /**
   * The work of a started request has ended. Returns whether the owner must answer the client:
   * false where the queue has done so.
   */
  finished(request: QueuedRequest): boolean {
    const { state } = request;
    if (state !== 'running' && state !== 'late') return false;
    request.state = 'over';
    this.#unlink(request);
    this.#inFlight--;
    if (request.bulkBytes > 0) {
      this.#bulkInFlight--;
      this.#bulkBytes -= request.bulkBytes;
    }
    if (state === 'late') this.#late--;
    if (this.waiting > 0) this.#pump();
    this.#tellIdle();
    return state === 'running';
  }

  /** Resolves when nothing runs, or everything that does is late. */
  async idle(): Promise<void> {
    if (this.#inFlight === this.#late) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  /** Takes no more requests: waiting and new ones get -EIO. Running ones continue. */
  close(): void {
    this.#closed = true;
    for (const lane of [this.#metadata, this.#bulk]) {
      for (const request of lane.takeBefore(Number.POSITIVE_INFINITY)) {
        this.#refuse(request, negative(errno.EIO));
      }
    }
  }

  #hasRoomFor(request: QueuedRequest): boolean {
    if (this.#inFlight >= this.options.maxInFlight) return false;
    const { bulkBytes } = request;
    if (bulkBytes === 0 || this.#bulkInFlight === 0) return true;
    return (
      this.#bulkInFlight < this.options.maxBulk &&
      this.#bulkBytes + bulkBytes <= this.options.maxBulkBytes
    );
  }

  #start(request: QueuedRequest): void {
    request.state = 'running';
    request.previous = undefined;
    request.next = this.#running;
    if (this.#running !== undefined) this.#running.previous = request;
    this.#running = request;
    this.#inFlight++;
    if (request.bulkBytes > 0) {
      this.#bulkInFlight++;
      this.#bulkBytes += request.bulkBytes;
    }
    if (this.#timer === undefined && this.options.deadlineMs > 0) this.#watch();
    request.start();
  }

  /** Starts what may start; a start that ends at once comes back here, which must not go deeper. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) this.#start(next);
    this.#pumping = false;
  }

  /** The next one to start, or undefined. */
  #take(): QueuedRequest | undefined {
    const { first: bulk } = this.#bulk;
    const bulkMay = bulk !== undefined && this.#hasRoomFor(bulk);
    const bulkTurn = bulkMay && this.#metadataInARow >= metadataBurst;
    if (this.#metadata.length > 0 && !bulkTurn) {
      if (this.#inFlight >= this.options.maxInFlight) return undefined;
      if (bulk !== undefined) this.#metadataInARow++;
      return this.#metadata.shift();
    }
    if (!bulkMay) return undefined;
    this.#metadataInARow = 0;
    return this.#bulk.shift();
  }

  #unlink(request: QueuedRequest): void {
    const { next, previous } = request;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else this.#running = next;
    request.next = undefined;
    request.previous = undefined;
  }

  #refuse(request: QueuedRequest, failure: Errno): void {
    request.state = 'over';
    this.#refused++;
    request.refuse(failure);
  }

  /** One timer for all, while anything runs: it stops itself when nothing does. */
  #watch(): void {
    this.#timer = setInterval(() => this.#look(), this.options.deadlineMs / looksPerDeadline);
    this.#timer.unref();
  }

  #look(): void {
    if (this.#inFlight === 0 && this.waiting === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const startedBeforeMs = performance.now() - this.options.deadlineMs;
    for (let one = this.#running; one !== undefined; ) {
      const following: QueuedRequest | undefined = one.next;
      if (one.state === 'running' && one.submittedMs < startedBeforeMs) {
        one.state = 'late';
        this.#late++;
        this.#refused++;
        one.refuse(negative(errno.ETIMEDOUT));
      }
      one = following;
    }
    for (const lane of [this.#metadata, this.#bulk]) {
      for (const request of lane.takeBefore(startedBeforeMs)) {
        this.#refuse(request, negative(errno.ETIMEDOUT));
      }
    }
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#whenIdle.length === 0 || this.#inFlight !== this.#late) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
