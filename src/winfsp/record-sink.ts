/** Where a single answer goes: a buffer of its own, for who drives the dispatcher record by record. */
import { Buffer } from 'node:buffer';
import type { AnswerSink } from './transaction.ts';
import { ResponseRecords, responseMostBytes } from './wire/response-record.ts';

/** Shared: an answer is written and copied out without anything in between. */
const records: ResponseRecords = new ResponseRecords(responseMostBytes);

export class RecordSink implements AnswerSink {
  #give: (response: Buffer) => void;

  constructor(give: (response: Buffer) => void) {
    this.#give = give;
  }

  take(): ResponseRecords {
    records.clear();
    return records;
  }

  give(): void {
    this.#give(Buffer.from(records.bytes.subarray(0, records.length)));
  }
}
