/**
 * From the driver's records to the engine's irps and back: `accept` takes a batch as
 * FspFsctlTransact delivers it, and hands the answers to a sink as the requests end.
 *
 * Invariants:
 * 1. Every record that has a hint is answered exactly once: also a request of an unknown kind, a
 *    malformed one, one for a file that is not open, and one whose time has run out (see
 *    Transaction's invariants). `accept` throws nothing that a request causes.
 * 2. The records' bytes are not read after `accept` returns.
 * 3. Cleanup and Close are carried out and succeed, even where everything else is refused.
 */
import type { Buffer } from 'node:buffer';
import { RequestQueue, type RequestQueueOptions } from '../cache/request-queue.ts';
import type { Engine } from '../fsbridge/engine.ts';
import {
  isError,
  type NtStatus,
  ntStatusName,
  ntStatusOf,
  STATUS,
} from '../fsbridge/translate/ntstatus.ts';
import { RequestStatistics } from '../observe/request-statistics.ts';
import { trace } from '../observe/trace.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import { kindName, kindNames, makeTransaction } from './kinds.ts';
import type { WinFspStatistics } from './mount-options.ts';
import type {
  AnswerSink,
  DataMemory,
  TokenReader,
  Transaction,
  TransactionHost,
} from './transaction.ts';
import { RequestRecord } from './wire/request-record.ts';

export interface DispatcherOptions {
  readonly tokens?: TokenReader;
  readonly queue?: RequestQueueOptions;
  /**
   * Gets a line for each request and each answer. Default: standard error with FSBRIDGE_DEBUG=irp.
   */
  readonly onTrace?: ((line: string) => void) | undefined;
  /** Gets an exception that was thrown where a status was due: a mistake of fsbridge. */
  readonly onMistake?: (reason: unknown) => void;
}

function debugsRequests(): boolean {
  return (process.env['FSBRIDGE_DEBUG'] ?? '').split(',').includes('irp');
}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

export class Dispatcher implements TransactionHost {
  readonly engine: Engine;
  readonly memory: DataMemory;
  readonly tokens: TokenReader | undefined;
  readonly queue: RequestQueue;
  #onTrace: ((line: string) => void) | undefined;
  #onMistake: ((reason: unknown) => void) | undefined;
  #requestStatistics = new RequestStatistics(kindNames);
  #record = new RequestRecord();
  #pools: Transaction[][] = kindNames.map(() => []);
  #unanswered = 0;
  #whenAnswered: (() => void)[] = [];

  constructor(engine: Engine, memory: DataMemory, options: DispatcherOptions = {}) {
    this.engine = engine;
    this.memory = memory;
    this.tokens = options.tokens;
    this.queue = new RequestQueue(options.queue);
    this.#onTrace = options.onTrace ?? (debugsRequests() ? writeLine : undefined);
    this.#onMistake = options.onMistake;
  }

  /**
   * Takes the records in the first `lengthBytes` of a buffer. Each answer goes to the sink, some of
   * them before this returns. Answers how many records there were.
   */
  accept(bytes: Buffer, lengthBytes: number, sink: AnswerSink): number {
    let at = 0;
    let count = 0;
    while (at < lengthBytes) {
      const size = this.#accept(bytes, at, lengthBytes, sink);
      count++;
      if (size === 0) {
        this.#answerMalformed(sink);
        break;
      }
      at += size;
    }
    return count;
  }

  /** Resolves when every request is answered. */
  async drained(): Promise<void> {
    while (this.#unanswered > 0) {
      await new Promise<void>((resolve) => {
        this.#whenAnswered.push(resolve);
      });
    }
  }

  statistics(): Omit<WinFspStatistics, 'caches'> {
    return {
      operations: this.#requestStatistics.summary(),
      queue: this.queue.status(),
      openFiles: this.engine.fileObjects.size,
    };
  }

  /** Answers the record's size, or 0 where there is no whole record. */
  #accept(bytes: Buffer, at: number, endBytes: number, sink: AnswerSink): number {
    const record = this.#record;
    const size = record.set(bytes, at, endBytes);
    if (size === 0) return 0;
    const transaction = this.#pools[record.kind]?.pop() ?? makeTransaction(this, record.kind);
    this.#unanswered++;
    transaction.hintLow = record.hintLow;
    transaction.hintHigh = record.hintHigh;
    transaction.sink = sink;
    transaction.submittedMs = performance.now();
    if (trace.isOn) transaction.traceId = trace.nextId();
    const status = this.#decode(transaction, record);
    if (status !== STATUS.SUCCESS) {
      this.#answer(transaction, transaction.mustRun ? STATUS.SUCCESS : status);
      transaction.discard();
      this.#release(transaction);
    } else {
      this.queue.submit(transaction);
    }
    return size;
  }

  #decode(transaction: Transaction, record: RequestRecord): NtStatus {
    let status: NtStatus;
    try {
      status = transaction.decode(record);
    } catch (reason) {
      // For one, koffi throws where it cannot make a view of the driver's memory.
      this.#onMistake?.(reason);
      status = STATUS.INTERNAL_ERROR;
    }
    if (record.malformed) status = STATUS.INVALID_PARAMETER;
    if (this.#onTrace !== undefined) {
      this.#onTrace(
        `>>${kindName(transaction.kind)} ${hintText(transaction)} ${transaction.describe()}`,
      );
    }
    return status;
  }

  settled(transaction: Transaction, status: NtStatus): void {
    if (this.queue.finished(transaction)) {
      this.#answer(transaction, transaction.mustRun ? STATUS.SUCCESS : status);
    } else if (!isError(status)) {
      transaction.discard();
    }
    this.#release(transaction);
  }

  failed(transaction: Transaction, reason: unknown): void {
    this.#onMistake?.(reason);
    this.settled(transaction, STATUS.INTERNAL_ERROR);
  }

  refused(transaction: Transaction, failure: Errno): void {
    const isUnderWay = transaction.state === 'late';
    if (isUnderWay) transaction.detach();
    this.#answer(transaction, transaction.mustRun ? STATUS.SUCCESS : ntStatusOf(failure));
    if (isUnderWay) return;
    if (transaction.mustRun) {
      transaction.start();
      return;
    }
    transaction.discard();
    this.#release(transaction);
  }

  #answer(transaction: Transaction, given: NtStatus): void {
    const { sink } = transaction;
    if (sink === undefined) return;
    transaction.sink = undefined;
    // STATUS_PENDING has a meaning of its own to the driver.
    let status = given === STATUS.PENDING ? STATUS.INTERNAL_ERROR : given;
    const records = sink.take();
    records.begin(transaction.kind, transaction.hintLow, transaction.hintHigh, status);
    if (!isError(status)) {
      const encoded = transaction.encode(records, status);
      if (encoded !== status) {
        status = encoded;
        records.fail(status);
        transaction.discard();
      }
    }
    records.end();
    sink.give();
    this.#account(transaction, status);
  }

  #account(transaction: Transaction, status: NtStatus): void {
    const { kind, submittedMs } = transaction;
    const endMs = performance.now();
    const operation = kind < kindNames.length ? kind : 0;
    this.#requestStatistics.record(operation, submittedMs, endMs, isError(status));
    if (trace.isOn) trace.span('winfsp', kindName(kind), transaction.traceId, submittedMs, endMs);
    if (this.#onTrace !== undefined) {
      const answer = !isError(status) ? ` ${transaction.describeAnswer()}` : '';
      this.#onTrace(
        `<<${kindName(kind)} ${hintText(transaction)} ${ntStatusName(status)}${answer}`,
      );
    }
    this.#unanswered--;
    if (this.#unanswered === 0) for (const resolve of this.#whenAnswered.splice(0)) resolve();
  }

  #release(transaction: Transaction): void {
    transaction.release();
    this.#pools[transaction.kind]?.push(transaction);
  }

  /** Answers a record that is cut short, with as much of its head as there is. */
  #answerMalformed(sink: AnswerSink): void {
    const { kind, hintLow, hintHigh } = this.#record;
    const records = sink.take();
    records.begin(kind, hintLow, hintHigh, STATUS.INVALID_PARAMETER);
    records.end();
    sink.give();
  }
}

function hintText(transaction: Transaction): string {
  const { hintLow, hintHigh } = transaction;
  return hintHigh.toString(16).padStart(8, '0') + hintLow.toString(16).padStart(8, '0');
}
