/** One record in, its answer out: for tests that drive the dispatcher record by record. */
import { Buffer } from 'node:buffer';
import type { Dispatcher } from '../../../src/winfsp/dispatcher.ts';
import type { AnswerSink } from '../../../src/winfsp/transaction.ts';
import { maxResponseBytes, ResponseRecords } from '../../../src/winfsp/wire/response-record.ts';

/** All sinks share it: an answer is written and copied out in one go. */
const records: ResponseRecords = new ResponseRecords(maxResponseBytes);

class SingleRecordSink implements AnswerSink {
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

/** Hands the dispatcher one FSP_FSCTL_TRANSACT_REQ; resolves with its FSP_FSCTL_TRANSACT_RSP. */
export function transact(dispatcher: Dispatcher, request: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    dispatcher.accept(request, request.length, new SingleRecordSink(resolve));
  });
}
