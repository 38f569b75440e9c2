/**
 * The device: messages come out of it, answers go into it, one system call each, on this thread.
 *
 * Invariants:
 * 1. No call blocks: the descriptor is O_NONBLOCK, and a notification on this thread is only of a
 *    kind that the host carries out without waiting for a lock that one of its requests may hold.
 * 2. `out` is for answers that are filled and sent without a wait in between. An answer that is
 *    filled while the kernel works (a READ) takes a buffer of its own.
 * 3. Every buffer taken is given back, once. Large buffers are few: a message is read into a large
 *    one, as its length is not known before, and moves to a small one unless it is long.
 * 4. Nothing is written after `close`, however late an answer comes.
 */
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { windowBytes } from '../vfs-linux/limits.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import type { Libc } from './libc.ts';
import type { BufferPool, Message, WireBuffer } from './message.ts';
import { inHeaderBytes, notifyInvalInode, outHeaderBytes, sizes } from './protocol.ts';

/** What a WRITE brings besides its data. */
const writeHeadBytes = inHeaderBytes + sizes.writeIn;
/** The most that one READ or WRITE transfers. */
export const maxTransferBytes: number = windowBytes;
const requestBytes = writeHeadBytes + maxTransferBytes;
const answerBytes = outHeaderBytes + maxTransferBytes;
/** Room for every request without long data: two names, or a write of one block. */
const smallRequestBytes = 8192;
/** Room for what is copied into an answer: a short READ, or an attribute's value. */
const smallAnswerBytes: number = outHeaderBytes + abi.XATTR_SIZE_MAX;
/** struct bridge_piece: an iovec whose address counts from the start of the kernel's memory. */
const pieceWords = abi['bridge_piece.size'] / 4;
const pieceLength = abi['bridge_piece.bytes'] / 4;
/**
 * Room for iovecs: the header's, one for each page of a transfer, one more as a transfer may begin
 * inside a page, and the end.
 */
const vectorBytes = (maxTransferBytes / abi.PAGE_SIZE + 3) * abi['bridge_piece.size'];
/** Buffers that are kept for the next use; others are made when needed, and dropped. */
const smallKept = 48;
const largeKept = 4;
/** While this many large requests are under way, the next ones wait in the device. */
const maxLarge = 16;

function makeBuffer(sizeBytes: number, dataAt: number, pool?: Pool): WireBuffer {
  const memory = new ArrayBuffer(sizeBytes);
  return {
    bytes: Buffer.from(memory),
    u32: new Uint32Array(memory),
    data: Buffer.from(memory, dataAt),
    pool,
  };
}

/** Buffers of one size, used again and again. */
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
  /** For answers that are filled and sent at once. */
  readonly out: WireBuffer = makeBuffer(answerBytes, outHeaderBytes);
  readonly #requests: Pool = new Pool(requestBytes, writeHeadBytes, largeKept);
  readonly #smallRequests: Pool = new Pool(smallRequestBytes, writeHeadBytes, smallKept);
  readonly #answers: Pool = new Pool(answerBytes, outHeaderBytes, largeKept);
  readonly #smallAnswers: Pool = new Pool(smallAnswerBytes, outHeaderBytes, smallKept);
  /** What the next message is read into. */
  #inbox: WireBuffer = this.#requests.take();
  readonly #libc: Libc;
  /** The device; -1 once it is closed. */
  #fd: number;
  readonly #memory: KernelMemory;
  readonly #vector: WireBuffer = makeBuffer(vectorBytes, 0);
  /** Where the kernel's memory lies in this process: the words of its address. */
  readonly #kernelLow: number;
  readonly #kernelHigh: number;

  constructor(libc: Libc, fd: number, memory: KernelMemory) {
    this.#libc = libc;
    this.#fd = fd;
    this.#memory = memory;
    const address = libc.addressOf(memory.bytes);
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
   * Reads the next message, for received(). Returns its length, -EAGAIN when none waits, -ENODEV
   * when the device is gone.
   */
  read(): number {
    if (this.#fd < 0) return -errno.ENODEV;
    return this.#libc.read(this.#fd, this.#inbox.bytes, requestBytes);
  }

  /** The buffer with the message that was read; giveBack() ends its use. */
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

  /** A buffer for an answer of `dataBytes` that is sent later; giveBack() ends its use. */
  takeAnswer(dataBytes: number): WireBuffer {
    const isSmall = dataBytes <= smallAnswerBytes - outHeaderBytes;
    return (isSmall ? this.#smallAnswers : this.#answers).take();
  }

  giveBack(buffer: WireBuffer): void {
    buffer.pool?.give(buffer);
  }

  /** Whether the next request has to wait in the device, as many large ones are under way. */
  get isFull(): boolean {
    return this.#requests.taken > maxLarge;
  }

  /** Sends an answer whose `payloadBytes` lie behind the header's place in `from`. */
  answer(request: Message, from: WireBuffer, payloadBytes: number): number {
    const length = this.#head(from.u32, request, payloadBytes);
    return this.#send(from.bytes, length);
  }

  /**
   * Sends `payloadBytes` that lie in pieces in the kernel's memory, without a copy: an array of
   * bridge_piece at a word.
   */
  answerPieces(request: Message, at: number, payloadBytes: number): number {
    const kernel = this.#memory.u32;
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

  #head(u32: Uint32Array, request: Message, payloadBytes: number): number {
    const length = outHeaderBytes + payloadBytes;
    u32[0] = length;
    u32[1] = 0;
    u32[2] = request.uniqueLow;
    u32[3] = request.uniqueHigh;
    return length;
  }

  /** Sends a negative errno, or plain success for 0. */
  fail(request: Message, error: number): number {
    const { u32, bytes } = this.out;
    u32[0] = outHeaderBytes;
    // From -512 on they are Linux's own, between its parts (include/linux/errno.h).
    u32[1] = error <= -512 ? -errno.EIO : error;
    u32[2] = request.uniqueLow;
    u32[3] = request.uniqueHigh;
    return this.#send(bytes, outHeaderBytes);
  }

  /** Sends nothing from now on: the descriptor's number may soon stand for another file. */
  close(): void {
    if (this.#fd < 0) return;
    fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** write(2) to the device. */
  #send(bytes: Buffer, length: number): number {
    return this.#fd < 0 ? -errno.ENODEV : this.#libc.write(this.#fd, bytes, length);
  }

  /** Makes the host forget a file's attributes; its cached data stays. */
  forgetAttributes(nodeId: number): void {
    // A negative offset: the attributes alone.
    const notice = invalidation(nodeId, -1n);
    this.#send(notice, notice.length);
  }

  /**
   * Makes the host hand over what was written to a file, and forget its cached data. The host waits
   * for requests of its own meanwhile, so the call runs on another thread.
   */
  async flushAndForgetData(nodeId: number): Promise<void> {
    if (this.#fd < 0) return;
    await this.#libc.writeInBackground(this.#fd, invalidation(nodeId, 0n));
  }
}

/** A FUSE_NOTIFY_INVAL_INODE for a file's data from an offset to its end. */
function invalidation(nodeId: number, offset: bigint): Buffer {
  const notice = Buffer.alloc(outHeaderBytes + sizes.notifyInvalInodeOut);
  notice.writeUInt32LE(notice.length, 0);
  notice.writeInt32LE(notifyInvalInode, 4);
  notice.writeBigUInt64LE(BigInt(nodeId), outHeaderBytes);
  notice.writeBigInt64LE(offset, outHeaderBytes + 8);
  notice.writeBigInt64LE(0n, outHeaderBytes + 16);
  return notice;
}
