/** A device whose requests are noted in the trace: the layer below the kernel. */
import { type BlockDevice, type MaybePromise, totalBytes } from '../block/block-device.ts';
import { trace } from '../cache/trace.ts';

export class TracedDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache: boolean;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
  readonly #base: BlockDevice;

  constructor(base: BlockDevice) {
    this.#base = base;
    this.name = base.name;
    this.sizeBytes = base.sizeBytes;
    this.logicalBlockBytes = base.logicalBlockBytes;
    this.physicalBlockBytes = base.physicalBlockBytes;
    this.readOnly = base.readOnly;
    this.volatileCache = base.volatileCache;
    this.canDiscard = base.canDiscard;
    this.canWriteZeroes = base.canWriteZeroes;
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = this.#base.read(segments, offsetBytes);
    return this.#noted('read', startMs, answer, offsetBytes, totalBytes(segments));
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number> {
    const startMs = performance.now();
    const answer = this.#base.write(segments, offsetBytes, fua);
    return this.#noted('write', startMs, answer, offsetBytes, totalBytes(segments));
  }

  flush(): MaybePromise<number> {
    const startMs = performance.now();
    return this.#noted('flush', startMs, this.#base.flush());
  }

  discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = this.#base.discard(offsetBytes, lengthBytes);
    return this.#noted('discard', startMs, answer, offsetBytes, lengthBytes);
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    const startMs = performance.now();
    const answer = this.#base.writeZeroes(offsetBytes, lengthBytes);
    return this.#noted('writeZeroes', startMs, answer, offsetBytes, lengthBytes);
  }

  close(): Promise<void> {
    return this.#base.close();
  }

  /** The answer, whose span is noted when it is there. */
  #noted(
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
