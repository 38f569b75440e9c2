/**
 * The driver's side of the benchmark: records that are made once and sent many times, in batches as
 * FspFsctlTransact delivers them, and a sink that waits for the answers of a batch.
 */
import type { AnswerSink, DataMemory } from '../../src/winfsp/transaction.ts';
import { maxResponseBytes, ResponseRecords } from '../../src/winfsp/wire/response-record.ts';

export const kind = { create: 1, cleanup: 3, close: 4, read: 5, queryInformation: 7 } as const;

const requestBytes = 88;
const aligned = (bytes: number): number => (bytes + 7) & ~7;

/** One FSP_FSCTL_TRANSACT_REQ; its hint is its number in the batch. */
export function makeRecord(kindNumber: number, index: number, name?: string): Buffer {
  const text = name === undefined ? Buffer.alloc(0) : Buffer.from(`${name}\0`, 'utf16le');
  const record = Buffer.alloc(aligned(requestBytes + text.length));
  record.writeUInt16LE(requestBytes + text.length, 2);
  record.writeUInt32LE(kindNumber, 4);
  record.writeBigUInt64LE(BigInt(index), 8);
  if (name !== undefined) {
    record.writeUInt16LE(text.length, 82);
    text.copy(record, requestBytes);
  }
  return record;
}

/** UserContext and UserContext2. */
export function setContexts(record: Buffer, userContext: bigint, userContext2: bigint): void {
  record.writeBigUInt64LE(userContext, 16);
  record.writeBigUInt64LE(userContext2, 24);
}

/** A Create that opens an existing file for reading. */
export function makeCreate(index: number, name: string): Buffer {
  const record = makeRecord(kind.create, index, name);
  const open = 1;
  const readRights = 0x120089;
  const shareAll = 7;
  const userModeWithTraverse = 0x23;
  record.writeUInt32LE(open << 24, 16);
  record.writeUInt32LE(readRights, 48);
  record.writeUInt32LE(shareAll, 56);
  record.writeUInt32LE(userModeWithTraverse, 64);
  return record;
}

/** Several records as one delivery. */
export class Batch {
  readonly bytes: Buffer;
  readonly count: number;
  readonly #offsets: number[] = [];

  constructor(records: readonly Buffer[]) {
    let at = 0;
    for (const record of records) {
      this.#offsets.push(at);
      at += record.length;
    }
    this.bytes = Buffer.concat(records);
    this.count = records.length;
  }

  record(index: number): Buffer {
    return this.bytes.subarray(this.#offsets[index] as number);
  }
}

/** One delivery, as Dispatcher.accept takes it. */
export interface Accepting {
  accept(bytes: Buffer, lengthBytes: number, sink: AnswerSink): number;
}

/** Collects the answers of a batch. `send` resolves when all have arrived. */
export class Answers implements AnswerSink {
  readonly records: ResponseRecords;
  #left = 0;
  #resolve: () => void = () => {};

  constructor(depth: number) {
    this.records = new ResponseRecords((depth + 1) * maxResponseBytes);
  }

  take(): ResponseRecords {
    return this.records;
  }

  give(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }

  send(dispatcher: Accepting, batch: Batch): Promise<void> {
    this.records.clear();
    this.#left = batch.count;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      dispatcher.accept(batch.bytes, batch.bytes.length, this);
    });
  }

  /** Calls `see` with where each answer begins, its hint and its status. */
  each(see: (bytes: Buffer, at: number, hint: number, status: number) => void): void {
    const { bytes, length } = this.records;
    for (let at = 0; at < length; at += aligned(bytes.readUInt16LE(at + 2))) {
      see(bytes, at, bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 20));
    }
  }

  /** Throws unless every answer of the last batch was a success. */
  expectSuccess(what: string): void {
    this.each((_bytes, _at, _hint, status) => {
      if (status !== 0) throw new Error(`${what}: status 0x${status.toString(16)}`);
    });
  }
}

/** The driver's data buffers: one piece of memory. An address is an offset in it. */
export class FlatMemory implements DataMemory {
  readonly bytes: Buffer;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
  }

  view(address: bigint, lengthBytes: number): Buffer {
    const at = Number(address) - 1;
    return this.bytes.subarray(at, at + lengthBytes);
  }
}

/** No address is 0. */
export const addressOf = (offsetBytes: number): bigint => BigInt(offsetBytes) + 1n;
