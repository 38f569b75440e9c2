/**
 * The memory that the driver maps into the process for reads, writes and listings: addresses that
 * are valid from a request's delivery to its answer.
 *
 * Invariants:
 * 1. A buffer has guards on both sides: `unmap` finds a write past its ends.
 * 2. An unmapped buffer is filled with poison: `verify` finds a later write, and a later read gets
 *    bytes that no test wrote.
 * 3. After `detach` a view has no memory, as after the end of a mapping on Windows.
 * 4. The use of an address that is not mapped is a fault, as it would be a crash on Windows.
 */
import { ProtocolFault } from './protocol-fault.ts';

const guardBytes = 64;
const guardByte = 0xa5;
const poisonByte = 0xdb;
/** How many unmapped buffers `verify` still checks. */
const maxWatched = 64;
const addressStep = 0x10000n;

export interface MappedBuffer {
  readonly address: bigint;
  /** The bytes that the transport may use. */
  readonly bytes: Buffer;
  readonly whole: Buffer;
  isDetached: boolean;
}

export class ProcessMemory {
  #next = 0x7ff0_0000_0000n;
  #mapped = new Map<bigint, MappedBuffer>();
  #watched: MappedBuffer[] = [];

  /** Maps that many bytes, filled with `content` or with arbitrary bytes. */
  map(lengthBytes: number, content?: Buffer): MappedBuffer {
    const whole = Buffer.alloc(lengthBytes + 2 * guardBytes, guardByte);
    const bytes = whole.subarray(guardBytes, guardBytes + lengthBytes);
    if (content === undefined) bytes.fill(0xcc);
    else content.copy(bytes);
    const buffer = { address: this.#next, bytes, whole, isDetached: false };
    this.#mapped.set(buffer.address, buffer);
    // The next address is far enough away that a wrong length does not land in another buffer.
    this.#next += (BigInt(lengthBytes) / addressStep + 2n) * addressStep;
    return buffer;
  }

  /** Ends a buffer: the driver has the answer to its request. */
  unmap(buffer: MappedBuffer): void {
    this.#mapped.delete(buffer.address);
    if (buffer.isDetached) return;
    const { whole } = buffer;
    const before = whole.subarray(0, guardBytes);
    const after = whole.subarray(whole.length - guardBytes);
    if (!allAre(before, guardByte) || !allAre(after, guardByte)) {
      throw new ProtocolFault('bytes outside of the data buffer were changed');
    }
    whole.fill(poisonByte);
    this.#watched.push(buffer);
    if (this.#watched.length > maxWatched) check(this.#watched.shift() as MappedBuffer);
  }

  /** The transport's view of a part of a mapped buffer. */
  view(address: bigint, lengthBytes: number): Buffer {
    for (const buffer of this.#mapped.values()) {
      const offset = Number(address - buffer.address);
      if (offset < 0 || offset >= Math.max(buffer.bytes.length, 1)) continue;
      if (offset + lengthBytes > buffer.bytes.length) {
        throw new ProtocolFault(`a view of ${lengthBytes} bytes leaves its buffer`);
      }
      return buffer.bytes.subarray(offset, offset + lengthBytes);
    }
    throw new ProtocolFault(`the address ${address.toString(16)} is not mapped`);
  }

  /** The transport answers while it still holds the view: the view's length becomes 0. */
  detach(view: Buffer): void {
    for (const buffer of this.#mapped.values()) {
      if (buffer.whole.buffer !== view.buffer) continue;
      buffer.isDetached = true;
      (buffer.whole.buffer as ArrayBuffer).transfer(0);
      return;
    }
    throw new ProtocolFault('a view was detached that was not mapped');
  }

  /** Throws if a buffer was written to after its answer. */
  verify(): void {
    for (const buffer of this.#watched) check(buffer);
    this.#watched = [];
  }
}

function allAre(bytes: Buffer, value: number): boolean {
  return bytes.every((byte) => byte === value);
}

function check(buffer: MappedBuffer): void {
  if (!allAre(buffer.whole, poisonByte)) {
    throw new ProtocolFault('a data buffer was written to after its answer');
  }
}
