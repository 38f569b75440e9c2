/**
 * The records to and from user mode, by offsets typed from the protocol's description. Nothing is
 * taken from src/winfsp: an offset that is wrong there must not be wrong here too.
 *
 *     request   88 bytes, then the trailer: names (with NUL), descriptors, lists
 *     response 128 bytes, then the trailer
 *     TRANSACT_BUF { u16 Offset, u16 Size }, the offset counted from the trailer's start
 */
import { ProtocolFault } from './protocol-fault.ts';

export const kind = {
  CREATE: 1,
  OVERWRITE: 2,
  CLEANUP: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  QUERY_INFORMATION: 7,
  SET_INFORMATION: 8,
  QUERY_EA: 9,
  SET_EA: 10,
  FLUSH_BUFFERS: 11,
  QUERY_VOLUME_INFORMATION: 12,
  SET_VOLUME_INFORMATION: 13,
  QUERY_DIRECTORY: 14,
  FILE_SYSTEM_CONTROL: 15,
  DEVICE_CONTROL: 16,
  QUERY_SECURITY: 19,
  SET_SECURITY: 20,
} as const;

const kindNames = new Map<number, string>(
  Object.entries(kind).map(([name, value]) => [value, name]),
);
export const kindName = (value: number): string => kindNames.get(value) ?? String(value);

const requestBytes = 88;
const responseBytes = 128;
const maxRequestBytes = 16320;
const maxResponseBytes = 16384;
const fileNameAt = 80;

const aligned = (bytes: number): number => (bytes + 7) & ~7;

let hints = 0xffff_8000_0000_1000n;

export class Request {
  readonly kind: number;
  /** A kernel address: all 64 bits are significant. */
  readonly hint: bigint;
  #bytes: Buffer = Buffer.alloc(maxRequestBytes);
  #trailer = 0;
  #size = requestBytes;
  /** For the trace. */
  name = '';

  constructor(kindValue: number, fileName?: string) {
    this.kind = kindValue;
    hints += 0x150n;
    this.hint = hints;
    this.u32(4, kindValue);
    this.#bytes.writeBigUInt64LE(this.hint, 8);
    if (fileName !== undefined) {
      this.name = fileName;
      this.text(fileNameAt, fileName);
      // What follows a name begins at a multiple of 8.
      this.#size = requestBytes + aligned(this.#trailer);
    }
  }

  u16(at: number, value: number): this {
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u32(at: number, value: number): this {
    this.#bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }

  u64(at: number, value: bigint | number): this {
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    return this;
  }

  /** UserContext and UserContext2. */
  contexts(userContext: bigint, userContext2: bigint): this {
    return this.u64(16, userContext).u64(24, userContext2);
  }

  /** Appends bytes to the trailer, and writes their TRANSACT_BUF at `at`. */
  blob(at: number, content: Buffer, alignedBegin = true): this {
    const begin = alignedBegin ? aligned(this.#trailer) : this.#trailer;
    if (requestBytes + begin + content.length > maxRequestBytes) {
      throw new RangeError('the model made a request that is larger than a driver’s');
    }
    content.copy(this.#bytes, requestBytes + begin);
    this.u16(at, begin).u16(at + 2, content.length);
    this.#trailer = begin + content.length;
    this.#size = Math.max(this.#size, requestBytes + this.#trailer);
    return this;
  }

  /** Appends UTF-16 with a NUL, which the size counts. */
  text(at: number, content: string, alignedBegin = false): this {
    return this.blob(at, Buffer.from(`${content}\0`, 'utf16le'), alignedBegin);
  }

  /** The record in the transaction buffer, padded to 8 bytes. */
  encode(): Buffer {
    this.u16(2, this.#size);
    return this.#bytes.subarray(0, aligned(this.#size));
  }
}

/** FSP_FSCTL_FILE_INFO. */
export interface FileInfo {
  readonly fileAttributes: number;
  readonly reparseTag: number;
  readonly allocationSize: number;
  readonly fileSize: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly changeTime: bigint;
  readonly indexNumber: bigint;
  readonly hardLinks: number;
  readonly eaSize: number;
}

export function readFileInfo(bytes: Buffer, at: number): FileInfo {
  return {
    fileAttributes: bytes.readUInt32LE(at),
    reparseTag: bytes.readUInt32LE(at + 4),
    allocationSize: Number(bytes.readBigUInt64LE(at + 8)),
    fileSize: Number(bytes.readBigUInt64LE(at + 16)),
    creationTime: bytes.readBigUInt64LE(at + 24),
    lastAccessTime: bytes.readBigUInt64LE(at + 32),
    lastWriteTime: bytes.readBigUInt64LE(at + 40),
    changeTime: bytes.readBigUInt64LE(at + 48),
    indexNumber: bytes.readBigUInt64LE(at + 56),
    hardLinks: bytes.readUInt32LE(at + 64),
    eaSize: bytes.readUInt32LE(at + 68),
  };
}

/** A copy of a response: the transport may reuse its buffer. */
export class Response {
  readonly bytes: Buffer;
  readonly status: number;
  readonly information: number;

  constructor(request: Request, answered: Buffer) {
    const bytes = Buffer.from(answered);
    this.bytes = bytes;
    const fault = (what: string): never => {
      throw new ProtocolFault(`the answer to ${kindName(request.kind)} ${what}`);
    };
    if (bytes.length < responseBytes) fault(`has ${bytes.length} bytes, fewer than 128`);
    if (bytes.length > maxResponseBytes) fault(`has ${bytes.length} bytes, more than 16384`);
    if (bytes.length % 8 !== 0) fault(`has ${bytes.length} bytes: the next begins unaligned`);
    const size = bytes.readUInt16LE(2);
    if (size < responseBytes || aligned(size) !== bytes.length) fault(`says its size is ${size}`);
    if (bytes.readUInt32LE(4) !== request.kind) fault(`is of kind ${bytes.readUInt32LE(4)}`);
    if (bytes.readBigUInt64LE(8) !== request.hint) fault('has another hint');
    this.information = bytes.readUInt32LE(16);
    this.status = bytes.readUInt32LE(20);
    // A program gets INTERNAL_ERROR for PENDING and for statuses of the driver's own facility.
    if (this.status === 0x103) fault('is STATUS_PENDING');
  }

  u32(at: number): number {
    return this.bytes.readUInt32LE(at);
  }

  u64(at: number): bigint {
    return this.bytes.readBigUInt64LE(at);
  }

  fileInfo(at = 24): FileInfo {
    return readFileInfo(this.bytes, at);
  }

  /** The bytes that a TRANSACT_BUF refers to. */
  blob(at: number): Buffer {
    const begin = responseBytes + this.bytes.readUInt16LE(at);
    const end = begin + this.bytes.readUInt16LE(at + 2);
    if (end > this.bytes.readUInt16LE(2)) {
      throw new ProtocolFault(`a buffer of the answer ends at ${end}, behind the answer`);
    }
    return this.bytes.subarray(begin, end);
  }
}
