/**
 * Batches of requests on their way from the worker, which waits in the driver (transact-worker.ts),
 * to the main thread, which answers them: a ring of buffers in shared memory.
 *
 *     worker: fill slot produced%count, length, produced+1 ──> wake the main thread if it sleeps
 *     main:   read slot consumed%count, consumed+1 ──> wake the worker if the ring was full
 *
 * A message costs the sender and the receiver some µs each. So the worker wakes the main thread
 * only while `asleep` is set: as long as requests keep coming, no message is sent.
 *
 * Invariants:
 * 1. consumed <= produced <= consumed + slots. Both counters wrap at 2^32.
 * 2. Only the worker writes produced, the lengths and the free slots.
 * 3. Only the main thread writes consumed.
 */

import type { Handle } from '../host/ffi.ts';

/** FSP_FSCTL_TRANSACT_BATCH_BUFFER_SIZEMIN: the driver takes no smaller buffer. */
export const batchBytes = 65536;
export const batchSlots = 8;

/** The indices of the control words. `lengths` is the first of one for each slot. */
export const control = { produced: 0, consumed: 1, asleep: 2, lengths: 3 } as const;
const controlBytes = 64;

/** What the worker is started with. */
export interface WorkerStart {
  readonly library: string;
  readonly volume: Handle;
  readonly shared: SharedArrayBuffer;
}

/** What the worker posts: a wake-up, or the status that ended it. */
export type WorkerMessage =
  | { readonly kind: 'batch' }
  | { readonly kind: 'ended'; readonly status: number };

export function makeShared(): SharedArrayBuffer {
  return new SharedArrayBuffer(controlBytes + batchSlots * batchBytes);
}

export function controlWords(shared: SharedArrayBuffer): Int32Array {
  return new Int32Array(shared, 0, controlBytes / 4);
}

/** The bytes of a slot. */
export function slotBytes(shared: SharedArrayBuffer, slot: number): Uint8Array {
  return new Uint8Array(shared, controlBytes + slot * batchBytes, batchBytes);
}
