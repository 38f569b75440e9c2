/**
 * The device: requests come out of it, answers go into it, one system call each, on this thread.
 *
 * Invariants:
 * 1. Nothing blocks: the descriptor is O_NONBLOCK, and a notification is only of a kind that the
 *    host carries out without waiting for a lock that a request of its own may hold.
 * 2. `out` is for answers that are written in the same breath: fill it, send it, forget it. Where
 *    there is a wait in between (a READ), an answer's buffer is taken.
 * 3. Every buffer taken is given back, once. Large ones are few: a request is read into one, as
 *    nobody knows its length before, and moves to a small one unless it is long itself.
 * 4. Nothing is written after `close`, however late an answer is.
 */
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { windowBytes } from '../vfs-linux/limits.ts';
import type { Libc } from './libc.ts';
import { inHeaderBytes, notifyInvalInode, outHeaderBytes, sizes } from './protocol.ts';
import type { BufferPool, Request, WireBuffer } from './request.ts';

/** What a WRITE brings beside its data. */
const writeHeadBytes = inHeaderBytes + sizes.writeIn;
/** The most that is read or written at once. */
export const transferMostBytes: number = windowBytes;
const requestBytes = writeHeadBytes + transferMostBytes;
const answerBytes = outHeaderBytes + transferMostBytes;
/** Room for every request that has no data to speak of: two names, or a block's write. */
const smallRequestBytes = 8192;
/** What is copied into an answer: a short READ, or an attribute's value. */
const smallAnswerBytes: number = outHeaderBytes + abi.XATTR_SIZE_MAX;
/** struct bridge_piece: an iovec, but for the memory's own address. */
const pieceWords = abi['bridge_piece.size'] / 4;
const pieceLength = abi['bridge_piece.bytes'] / 4;
/**
 * An iovec for the header, for each page of a transfer, and for one more: it may begin in a page.
 */
const vectorBytes = (transferMostBytes / abi.PAGE_SIZE + 3) * abi['bridge_piece.size'];
/** Kept for the next use: more are made as they are needed, and dropped. */
const smallKept = 48;
const largeKept = 4;
/** While so many large requests are under way, the next ones wait in the device. */
const largeMost = 16;

function makeBuffer(sizeBytes: number, dataAt: number, pool?: Pool): WireBuffer {
  const memory = new ArrayBuffer(sizeBytes);
  return {
    bytes: Buffer.from(memory),
    u32: new Uint32Array(memory),
    data: Buffer.from(memory, dataAt),
    pool,
  };
}

/** Buffers of one shape, used again. */
class Pool implements BufferPool {
  readonly #free: WireBuffer[] = [];
  #taken = 0;
  readonly #sizeBytes: number;
  readonly #dataAt: number;
  readonly #kept: number;

  constructor(sizeBytes: number, dataAt: number, kept: number) {
    this.#sizeBytes = sizeBytes;
    this.#dataAt = dataAt;
    this.#kept = kept;
  }

  /** How many are in use. */
  get taken(): number {
    return this.#taken;
  }

  take(): WireBuffer {
    this.#taken++;
    return this.#free.pop() ?? makeBuffer(this.#sizeBytes, this.#dataAt, this);
  }

  give(buffer: WireBuffer): void {
    this.#taken--;
    if (this.#free.length < this.#kept) this.#free.push(buffer);
  }
}

export class Wire {
  /** For answers that are written at once. */
  readonly out: WireBuffer = makeBuffer(answerBytes, outHeaderBytes);
  readonly #requests: Pool = new Pool(requestBytes, writeHeadBytes, largeKept);
  readonly #smallRequests: Pool = new Pool(smallRequestBytes, writeHeadBytes, smallKept);
  readonly #answers: Pool = new Pool(answerBytes, outHeaderBytes, largeKept);
  readonly #smallAnswers: Pool = new Pool(smallAnswerBytes, outHeaderBytes, smallKept);
  /** What the next request is read into. */
  #inbox: WireBuffer = this.#requests.take();
  readonly #libc: Libc;
  /** The device; -1 once it is closed. */
  #fd: number;
  readonly #vector: WireBuffer = makeBuffer(vectorBytes, 0);
  /** Where the kernel's memory lies in this process: the words of its address. */
  readonly #kernelLow: number;
  readonly #kernelHigh: number;

  constructor(libc: Libc, fd: number, kernel: Buffer) {
    this.#libc = libc;
    this.#fd = fd;
    const address = libc.addressOf(kernel);
    this.#kernelLow = Number(address & 0xffffffffn);
    this.#kernelHigh = Number(address >> 32n);
    const { u32 } = this.#vector;
    const out = libc.addressOf(this.out.bytes);
    u32[0] = Number(out & 0xffffffffn);
    u32[1] = Number(out >> 32n);
    u32[2] = outHeaderBytes;
    u32[3] = 0;
  }

  /**
   * Has the next request in received(). Answers its length, -EAGAIN when none waits, -ENODEV at the
   * end.
   */
  read(): number {
    if (this.#fd < 0) return -errno.ENODEV;
    return this.#libc.read(this.#fd, this.#inbox.bytes, requestBytes);
  }

  /** The buffer with the request that was read; giveBack() ends its use. */
  received(lengthBytes: number): WireBuffer {
    const inbox = this.#inbox;
    if (lengthBytes > smallRequestBytes) {
      this.#inbox = this.#requests.take();
      return inbox;
    }
    const small = this.#smallRequests.take();
    inbox.bytes.copy(small.bytes, 0, 0, lengthBytes);
    return small;
  }

  /** A buffer for an answer of `dataBytes` that is filled before it is sent; giveBack() ends it. */
  takeAnswer(dataBytes: number): WireBuffer {
    const isSmall = dataBytes <= smallAnswerBytes - outHeaderBytes;
    return (isSmall ? this.#smallAnswers : this.#answers).take();
  }

  giveBack(buffer: WireBuffer): void {
    buffer.pool?.give(buffer);
  }

  /** Whether so much is under way that the next request should wait in the device. */
  get isFull(): boolean {
    return this.#requests.taken > largeMost;
  }

  /** Sends an answer whose `payloadBytes` lie behind the header's place in `from`. */
  answer(request: Request, from: WireBuffer, payloadBytes: number): number {
    const length = this.#head(from.u32, request, payloadBytes);
    return this.#send(from.bytes, length);
  }

  /**
   * Sends `payloadBytes` that lie in pieces in the kernel's memory (`kernel`, from the word `at`
   * on: an array of bridge_piece), without a copy.
   */
  answerPieces(request: Request, kernel: Uint32Array, at: number, payloadBytes: number): number {
    this.#head(this.out.u32, request, payloadBytes);
    const { u32, bytes } = this.#vector;
    let word = 4;
    for (let from = at; (kernel[from + pieceLength] as number) !== 0; from += pieceWords) {
      const low = this.#kernelLow + (kernel[from] as number);
      u32[word] = low;
      u32[word + 1] = this.#kernelHigh + (low > 0xffffffff ? 1 : 0);
      u32[word + 2] = kernel[from + pieceLength] as number;
      u32[word + 3] = 0;
      word += 4;
    }
    return this.#fd < 0 ? -errno.ENODEV : this.#libc.writev(this.#fd, bytes, word / 4);
  }

  #head(u32: Uint32Array, request: Request, payloadBytes: number): number {
    const length = outHeaderBytes + payloadBytes;
    u32[0] = length;
    u32[1] = 0;
    u32[2] = request.uniqueLow;
    u32[3] = request.uniqueHigh;
    return length;
  }

  /** Sends an error: a negative errno of Linux's. */
  fail(request: Request, error: number): number {
    const { u32, bytes } = this.out;
    u32[0] = outHeaderBytes;
    u32[1] = error <= -512 ? -errno.EIO : error;
    u32[2] = request.uniqueLow;
    u32[3] = request.uniqueHigh;
    return this.#send(bytes, outHeaderBytes);
  }

  /** Nothing is sent any more: the descriptor's number may be another file's a moment later. */
  close(): void {
    if (this.#fd < 0) return;
    fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** write(2) to the device. */
  #send(bytes: Buffer, length: number): number {
    return this.#fd < 0 ? -errno.ENODEV : this.#libc.write(this.#fd, bytes, length);
  }

  /** Has the host forget a file's attributes; its cached data stays. */
  forgetAttributes(nodeId: number): void {
    // A negative offset: the attributes alone.
    const notice = invalidation(nodeId, -1n);
    this.#send(notice, notice.length);
  }

  /**
   * Has the host hand over what was written to a file, and forget what it has of it. The host waits
   * for its own requests meanwhile, so this waits on a thread of its own.
   */
  async flushAndForgetData(nodeId: number): Promise<void> {
    if (this.#fd < 0) return;
    await this.#libc.writeInBackground(this.#fd, invalidation(nodeId, 0n));
  }
}

/** A FUSE_NOTIFY_INVAL_INODE: from an offset on to the end. */
function invalidation(nodeId: number, offset: bigint): Buffer {
  const notice = Buffer.alloc(outHeaderBytes + sizes.notifyInvalInodeOut);
  notice.writeUInt32LE(notice.length, 0);
  notice.writeInt32LE(notifyInvalInode, 4);
  notice.writeBigUInt64LE(BigInt(nodeId), outHeaderBytes);
  notice.writeBigInt64LE(offset, outHeaderBytes + 8);
  notice.writeBigInt64LE(0n, outHeaderBytes + 16);
  return notice;
}
