/**
 * The thread that waits in WinFsp's driver: it asks for a batch of requests, hands the batch over,
 * and asks again.
 *
 * Nearly all of the time it is blocked in the driver, where neither a message nor the end of the
 * process reaches it. It returns when requests arrive, when the volume's TransactTimeout is over,
 * or when the volume is stopped (FspFsctlStop0); then it ends.
 */
import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { handleType, loadFfi } from '../host/ffi.ts';
import {
  batchBytes,
  batchSlots,
  control,
  controlWords,
  slotBytes,
  type WorkerMessage,
  type WorkerStart,
} from './batches.ts';

const { library, volume, shared } = workerData as WorkerStart;
const transact = (await loadFfi()).open(library)('FspFsctlTransact', 'int32', [
  handleType,
  'void *',
  'size_t',
  'void *',
  'void *',
  'uint8',
]);

const words = controlWords(shared);
const slots = Array.from({ length: batchSlots }, (_, slot) => slotBytes(shared, slot));
/** A SIZE_T, in and out. */
const size = Buffer.alloc(8);
const batch = 1;

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** Waits until a slot is free. */
function waitForSlot(produced: number): void {
  for (;;) {
    const consumed = Atomics.load(words, control.consumed);
    if (((produced - consumed) | 0) < batchSlots) return;
    Atomics.wait(words, control.consumed, consumed);
  }
}

/** Runs until the volume is stopped; answers the status of the last call. */
function run(): number {
  for (let produced = 0; ; produced = (produced + 1) | 0) {
    waitForSlot(produced);
    const slot = (produced >>> 0) % batchSlots;
    let length = 0;
    while (length === 0) {
      size.writeBigUInt64LE(BigInt(batchBytes));
      const status = transact(volume, null, 0, slots[slot], size, batch);
      if (status < 0) return status >>> 0;
      length = Number(size.readBigUInt64LE());
    }
    words[control.lengths + slot] = length;
    Atomics.store(words, control.produced, (produced + 1) | 0);
    if (Atomics.exchange(words, control.asleep, 0) === 1) post({ kind: 'batch' });
  }
}

post({ kind: 'ended', status: run() });
