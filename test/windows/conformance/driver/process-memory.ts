/**
 * The memory that the driver maps into the process for reads, writes and listings: addresses that
 * are valid from a request's delivery to its answer.
 *
 * Invariants:
 * 1. A buffer has guards on both sides; who writes past its ends is found when it is unmapped.
 * 2. From its unmapping on, a buffer is poison: who still writes there is found by `verify`, and
 *    who still reads there gets bytes that no test wrote.
 * 3. Who gives a view back early (`detach`) has no memory behind it any more, as where Windows' own
 *    mapping of it ends.
 * 4. An address that is not mapped is a fault, as it would be a crash on Windows.
 */
import { ProtocolFault } from './protocol-fault.ts';

const guardBytes = 64;
const guardByte = 0xa5;
const poisonByte = 0xdb;
/** Unmapped buffers that are still watched. */
const watchedMost = 64;
const addressStep = 0x10000n;

export interface MappedBuffer {
  readonly address: bigint;
  /** What the transport may touch. */
  readonly bytes: Buffer;
  readonly whole: Buffer;
  isDetached: boolean;
}

export class ProcessMemory {
  #next = 0x7ff0_0000_0000n;
  #mapped = new Map<bigint, MappedBuffer>();
  #watched: MappedBuffer[] = [];

  /** Maps that many bytes, filled with `content` or with what happened to be there. */
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

  /** The driver has the answer: the buffer is nobody's any more. */
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
    if (this.#watched.length > watchedMost) check(this.#watched.shift() as MappedBuffer);
  }

  /** What the transport asks for: a part of a mapped buffer. */
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

  /** The transport answers although something inside still has the view: it leads nowhere now. */
  detach(view: Buffer): void {
    for (const buffer of this.#mapped.values()) {
      if (buffer.whole.buffer !== view.buffer) continue;
      buffer.isDetached = true;
      (buffer.whole.buffer as ArrayBuffer).transfer(0);
      return;
    }
    throw new ProtocolFault('a view was detached that is not mapped');
  }

  /** Throws where something was written to a buffer after its answer. */
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
