/**
 * Batches of requests on their way from the thread that waits in the driver (transact-worker.ts) to
 * the one that answers them: a ring of buffers in shared memory.
 *
 *     worker: fill slot produced%count, length, produced+1 ──> wake the other if it sleeps
 *     main:   read slot consumed%count, consumed+1 ──> wake the worker if the ring was full
 *
 * A message costs the sender and the receiver some µs each, so it is sent only where the receiver has
 * said that it will look no more (`asleep`): while requests keep coming there are none.
 *
 * Invariants: consumed <= produced <= consumed + slots; only the worker writes produced, lengths and
 * free slots; only the main thread writes consumed. Counters go round at 2^32 together.
 */

/** FSP_FSCTL_TRANSACT_BATCH_BUFFER_SIZEMIN: the least that a batch may have. */
export const batchBytes = 65536;
export const batchSlots = 8;

/** Places in the control words. */
export const control = { produced: 0, consumed: 1, asleep: 2, lengths: 3 } as const;
const controlBytes = 64;

/** What the worker is started with. */
export interface WorkerStart {
  readonly library: string;
  /** The volume's handle. */
  readonly volume: bigint;
  readonly shared: SharedArrayBuffer;
}

/** What the worker posts: nothing but a wake-up, or why it has ended. */
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
