/**
 * One request of the driver from its decoding to its answer. There is a class for each kind
 * (requests/), and a pool of its objects, so that a request costs no allocation but what its own
 * content needs.
 *
 *     pool -> decode --ok--> queue -> start -> settled -> answer -> release -> pool
 *               |              |               ^
 *               |              +-refused-> answer ... (settled, if it was started: no answer)
 *               +-status-> answer -> release -> pool
 *
 * Invariants:
 * 1. A request is answered exactly once, whatever becomes of it.
 * 2. Memory of the driver's (data buffers) is not touched after the answer. A request that was
 *    answered because its time ran out gives its memory back first (`detach`), although the work goes
 *    on.
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
  /** The bytes at a request's Address. They stay the driver's: nobody touches them later. */
  view(address: bigint, lengthBytes: number): Buffer;
  /** The request that this view was for is over. */
  release?(view: Buffer): void;
  /**
   * The request that this view was for is answered while somebody still holds the view: from now on
   * it must lead nowhere.
   */
  detach?(view: Buffer): void;
}

/** Finds out who asks. */
export interface TokenReader {
  /** `handle` is valid until the request is answered, and is not to be closed. */
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
  /** The volume's flag DirectoryMarkerAsNextOffset. */
  readonly markerIsNextOffset: boolean;
  settled(transaction: Transaction, status: NtStatus): void;
  failed(transaction: Transaction, reason: unknown): void;
  refused(transaction: Transaction, failure: Errno): void;
}

/** Stands in an irp while there is no request: the engine never sees it. */
export const noFileObject: FileObject = undefined as unknown as FileObject;

export abstract class Transaction extends QueuedRequest {
  readonly host: TransactionHost;
  readonly kind: number;
  hintLow = 0;
  hintHigh = 0;
  sink: AnswerSink | undefined;
  /** The driver ignores a failure and tells nobody again: it must be carried out in any case. */
  readonly mustRun: boolean = false;
  /** Of the trace's spans. */
  traceId = 0;
  #settled = (status: NtStatus): void => this.host.settled(this, status);
  #failed = (reason: unknown): void => this.host.failed(this, reason);

  constructor(host: TransactionHost, kind: number) {
    super();
    this.host = host;
    this.kind = kind;
  }

  /** Fills the irp. Answers SUCCESS, or the status that the request ends with at once. */
  abstract decode(record: RequestRecord): NtStatus;
  /** Hands the irp to the engine. */
  protected abstract run(): Promise<NtStatus>;
  /** Writes what a success has besides its status; answers the status that it has then. */
  abstract encode(records: ResponseRecords, status: NtStatus): NtStatus;
  /** Forgets what the request held. */
  abstract release(): void;
  /** The driver's memory is no longer ours. */
  detach(): void {}
  /** The work was done for an answer that nobody waits for any more. */
  discard(): void {}
  /** The request and the answer in a line of the log, without the kind. */
  abstract describe(): string;
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

/** The token of a request, looked up when the engine asks for it. */
export class RequestToken implements TokenSource {
  #tokens: TokenReader;
  #handle = 0;
  #processId = 0;

  constructor(tokens: TokenReader) {
    this.#tokens = tokens;
  }

  /** Low 32 bits: a handle in this process. High 32 bits: the process that asks. */
  set(handle: number, processId: number): TokenSource | undefined {
    if (handle === 0) return undefined;
    this.#handle = handle;
    this.#processId = processId;
    return this;
  }

  facts(): AccessToken | undefined {
    return this.#tokens.facts(this.#handle, this.#processId);
  }
}
