/**
 * One request of the driver from its decoding to its answer. Each kind has a class (requests/), and
 * a pool of the class's objects: a request allocates only what its own content needs.
 *
 *     pool -> decode --ok--> queue -> start -> settled -> answer -> release -> pool
 *               |              |               ^
 *               |              +-refused-> answer ... (settled, if it was started: no answer)
 *               +-status-> answer -> release -> pool
 *
 * Invariants:
 * 1. Every request is answered exactly once.
 * 2. The driver's memory (data buffers) is not touched after the answer. A request that is answered
 *    because its time ran out gives its memory back first (`detach`), although its work continues.
 */

import { QueuedRequest } from '../cache/request-queue.ts';
import type { Engine } from '../fsbridge/engine.ts';
import type { FileObject } from '../fsbridge/file-object.ts';
import type { TokenSource } from '../fsbridge/irp/irp.ts';
import type { AccessToken } from '../fsbridge/security/access-check.ts';
import { type NtStatus, STATUS } from '../fsbridge/translate/ntstatus.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import { contextRequest } from './wire/request-layouts.ts';
import type { RequestRecord } from './wire/request-record.ts';
import type { ResponseRecords } from './wire/response-record.ts';

/** The memory that the driver maps into the process for reads, writes and listings. */
export interface DataMemory {
  /** The bytes at a request's Address. They belong to the driver again after the answer. */
  view(address: bigint, lengthBytes: number): Buffer;
  /** The view's request is over. */
  release?(view: Buffer): void;
  /** The view's request is answered while its work continues: the view's length becomes 0. */
  detach?(view: Buffer): void;
}

/** Reads the tokens that come with requests. */
export interface TokenReader {
  /** `handle` is valid until the request is answered, and the driver closes it. */
  facts(handle: number, processId: number): AccessToken | undefined;
}

/** Where the answer of a request goes. */
export interface AnswerSink {
  /** Records with room for one more. */
  take(): ResponseRecords;
  /** The record has been written. */
  give(): void;
}

/** What the transactions need of the dispatcher. */
export interface TransactionHost {
  readonly engine: Engine;
  readonly memory: DataMemory;
  readonly tokens: TokenReader | undefined;
  settled(transaction: Transaction, status: NtStatus): void;
  failed(transaction: Transaction, reason: unknown): void;
  refused(transaction: Transaction, failure: Errno): void;
}

/** Fills an irp's field while there is no request. The engine never gets an irp with it. */
export const noFileObject: FileObject = undefined as unknown as FileObject;

export abstract class Transaction extends QueuedRequest {
  readonly host: TransactionHost;
  readonly kind: number;
  hintLow = 0;
  hintHigh = 0;
  sink: AnswerSink | undefined;
  /**
   * Runs in any case, and is answered with success: the driver ignores a failure, and never
   * retries.
   */
  readonly mustRun: boolean = false;
  /** The id of its spans in the trace. */
  traceId = 0;
  #settled = (status: NtStatus): void => this.host.settled(this, status);
  #failed = (reason: unknown): void => this.host.failed(this, reason);

  constructor(host: TransactionHost, kind: number) {
    super();
    this.host = host;
    this.kind = kind;
  }

  /** Fills the irp. Answers SUCCESS, or the status with which the request ends at once. */
  abstract decode(record: RequestRecord): NtStatus;
  /** Hands the irp to the engine, which resets the irp's out-fields. */
  protected abstract run(): Promise<NtStatus>;
  /** Writes what a success carries besides its status. Answers the final status. */
  abstract encode(records: ResponseRecords, status: NtStatus): NtStatus;
  /** Drops what the request held. */
  abstract release(): void;
  /** Gives the driver's memory back. */
  detach(): void {}
  /**
   * Lets go of what is open although the driver got an error: the work succeeded too late, or was
   * never begun. Work that fails in the engine cleans up there.
   */
  discard(): void {}
  /** The request as a line of the log, without its kind. */
  abstract describe(): string;
  /** The answer as a line of the log. */
  describeAnswer(): string {
    return '';
  }

  override start(): void {
    this.run().then(this.#settled, this.#failed);
  }

  override refuse(failure: Errno): void {
    this.host.refused(this, failure);
  }
}

/** A request for an open file. */
export abstract class FileTransaction extends Transaction {
  fileObject: FileObject = noFileObject;

  override decode(record: RequestRecord): NtStatus {
    const id = record.u53(contextRequest.UserContext2);
    const fileObject = this.host.engine.fileObjects.get(id);
    if (fileObject === undefined) return STATUS.INVALID_HANDLE;
    this.fileObject = fileObject;
    this.file = fileObject.fcb;
    return this.decodeRest(record, fileObject);
  }

  protected abstract decodeRest(record: RequestRecord, fileObject: FileObject): NtStatus;

  override release(): void {
    this.fileObject = noFileObject;
    this.file = undefined;
  }

  override encode(_records: ResponseRecords, status: NtStatus): NtStatus {
    return status;
  }

  override describe(): string {
    return `file ${this.fileObject?.id ?? '?'}`;
  }
}

/** The token of a request. It is read only if the engine asks for it. */
export class RequestToken implements TokenSource {
  #tokens: TokenReader | undefined;
  #handle = 0;
  #processId = 0;

  constructor(tokens: TokenReader | undefined) {
    this.#tokens = tokens;
  }

  /** Decodes an AccessToken field: a handle in this process, then the client's process id. */
  decode(record: RequestRecord, field: number): TokenSource | undefined {
    this.#handle = record.u32(field);
    this.#processId = record.u32(field + 4);
    return this.#handle === 0 || this.#tokens === undefined ? undefined : this;
  }

  facts(): AccessToken | undefined {
    return this.#tokens?.facts(this.#handle, this.#processId);
  }
}
