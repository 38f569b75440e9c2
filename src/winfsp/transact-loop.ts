/**
 * Brings the driver's requests to the dispatcher, and the answers back. A worker waits in the
 * driver (transact-worker.ts). The main thread takes its batches and answers them, in any order,
 * with FspFsctlTransact calls that return at once.
 *
 *     worker ──batch──> accept ──> queue, engine, kernel ──> records ──microtask──> driver
 *
 * Invariants:
 * 1. Answers that become ready together go to the driver together: the first of them schedules a
 *    microtask, which sends all that are ready by then.
 * 2. Before the loop sleeps, it sets `asleep` and then looks once more.
 * 3. When `stop` ends, every request is answered, unless a hanging disk holds one for longer than
 *    drainMs.
 */
import { Buffer } from 'node:buffer';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { isError, type NtStatus, STATUS, toNtStatus } from '../fsbridge/translate/ntstatus.ts';
import type { Handle } from '../host/ffi.ts';
import { siblingModule } from '../host/sibling-module.ts';
import {
  batchBytes,
  batchSlots,
  control,
  controlWords,
  makeShared,
  slotBytes,
  type WorkerMessage,
  type WorkerStart,
} from './batches.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { WinFspLibrary } from './native/winfsp-library.ts';
import type { AnswerSink } from './transaction.ts';
import { ResponseRecords } from './wire/response-record.ts';

const drainMs = 30_000;

export interface TransactLoopParts {
  readonly library: WinFspLibrary;
  readonly volume: Handle;
  readonly dispatcher: Dispatcher;
  readonly onLog: (line: string) => void;
}

export class TransactLoop implements AnswerSink {
  /** Resolves with the status that ended the worker: we or the driver stopped the volume. */
  readonly ended: Promise<NtStatus>;
  #library: WinFspLibrary;
  #volume: Handle;
  #dispatcher: Dispatcher;
  #onLog: (line: string) => void;
  #shared = makeShared();
  #words: Int32Array = controlWords(this.#shared);
  #slots: Buffer[] = Array.from({ length: batchSlots }, (_, slot) => {
    const bytes = slotBytes(this.#shared, slot);
    return Buffer.from(bytes.buffer, bytes.byteOffset, batchBytes);
  });
  #records = new ResponseRecords(batchBytes);
  #flushScheduled = false;
  #flush = (): void => this.#send();
  #draining = false;
  #worker: Worker;

  constructor(parts: TransactLoopParts) {
    this.#library = parts.library;
    this.#volume = parts.volume;
    this.#dispatcher = parts.dispatcher;
    this.#onLog = parts.onLog;
    Atomics.store(this.#words, control.asleep, 1);
    const workerData: WorkerStart = {
      library: this.#library.path,
      volume: this.#volume,
      shared: this.#shared,
    };
    this.#worker = new Worker(siblingModule(import.meta.url, './transact-worker'), {
      workerData,
      name: 'fsbridge-transact',
    });
    this.ended = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ended') resolve(toNtStatus(message.status));
        this.#drain();
      });
      this.#worker.on('error', reject);
      this.#worker.on('exit', () => resolve(STATUS.SUCCESS));
    });
    // It may reject before a handler is attached.
    this.ended.catch(() => {});
  }

  /** Takes all batches in the ring. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const words = this.#words;
    for (;;) {
      const consumed = words[control.consumed] as number;
      if (Atomics.load(words, control.produced) === consumed) {
        Atomics.store(words, control.asleep, 1);
        if (Atomics.load(words, control.produced) === consumed) break;
        Atomics.store(words, control.asleep, 0);
      }
      const slot = (consumed >>> 0) % batchSlots;
      const bytes = this.#slots[slot] as Buffer;
      this.#dispatcher.accept(bytes, words[control.lengths + slot] as number, this);
      Atomics.store(words, control.consumed, (consumed + 1) | 0);
      Atomics.notify(words, control.consumed);
    }
    this.#draining = false;
  }

  take(): ResponseRecords {
    if (!this.#records.hasRoom) this.#send();
    return this.#records;
  }

  give(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flush);
  }

  #send(): void {
    this.#flushScheduled = false;
    const records = this.#records;
    if (records.length > 0) {
      const status = this.#library.respond(this.#volume, records.bytes, records.length);
      records.clear();
      // After a stop the driver takes no answers.
      if (isError(status)) this.#onLog(`WinFsp took no answers: 0x${status.toString(16)}`);
    }
    // Batches that came meanwhile need no message and no turn of the event loop.
    if (Atomics.load(this.#words, control.produced) !== this.#words[control.consumed])
      this.#drain();
  }

  /**
   * Ends the worker, and answers the requests that are under way. Afterwards the driver takes no
   * more requests, but the volume is not stopped yet.
   */
  async stop(): Promise<void> {
    this.#library.stop0(this.#volume);
    await this.ended.catch(() => {});
    this.#drain();
    const late = new AbortController();
    await Promise.race([
      this.#dispatcher.drained(),
      wait(drainMs, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
    this.#send();
  }
}
