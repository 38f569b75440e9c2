/** A device that records its requests in the trace, as the layer below the kernel. */
import { type MaybePromise, totalBytes } from '../block/block-device.ts';
import { ForwardingDevice } from '../block/forwarding-device.ts';
import { trace } from './trace.ts';

export class TracedDevice extends ForwardingDevice {
  override read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = super.read(segments, offsetBytes);
    return this.#record('read', startMs, answer, offsetBytes, totalBytes(segments));
  }

  override write(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    fua: boolean,
  ): MaybePromise<number> {
    const startMs = performance.now();
    const answer = super.write(segments, offsetBytes, fua);
    return this.#record('write', startMs, answer, offsetBytes, totalBytes(segments));
  }

  override flush(): MaybePromise<number> {
    const startMs = performance.now();
    return this.#record('flush', startMs, super.flush());
  }

  override discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = super.discard(offsetBytes, lengthBytes);
    return this.#record('discard', startMs, answer, offsetBytes, lengthBytes);
  }

  override writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = super.writeZeroes(offsetBytes, lengthBytes);
    return this.#record('writeZeroes', startMs, answer, offsetBytes, lengthBytes);
  }

  /** Passes the answer on, and records the span when it is there. */
  #record(
    name: string,
    startMs: number,
    answer: MaybePromise<number>,
    offsetBytes?: number,
    lengthBytes?: number,
  ): MaybePromise<number> {
    const note = (ret: number): number => {
      const detail = { offsetBytes, lengthBytes, ret, onTheSpot: typeof answer === 'number' };
      trace.span('disk', name, trace.nextId(), startMs, performance.now(), detail);
      return ret;
    };
    return typeof answer === 'number' ? note(answer) : answer.then(note);
  }
}
