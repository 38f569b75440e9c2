/** A disk that can be told to fail, or to let reads wait. It is whole again when it is told so. */
import type { BlockDevice, MaybePromise } from '../../src/block/block-device.ts';
import { EIO } from '../../src/block/errno.ts';

export class FaultyDisk implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache: boolean;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
  readonly #below: BlockDevice;
  /** Reads end with EIO. */
  failsReads = false;
  #gate: Promise<void> | undefined;
  #open: () => void = () => {};
  /** Reads that wait at the moment. */
  waiting = 0;

  constructor(below: BlockDevice) {
    this.#below = below;
    this.name = below.name;
    this.sizeBytes = below.sizeBytes;
    this.logicalBlockBytes = below.logicalBlockBytes;
    this.physicalBlockBytes = below.physicalBlockBytes;
    this.readOnly = below.readOnly;
    this.volatileCache = below.volatileCache;
    this.canDiscard = below.canDiscard;
    this.canWriteZeroes = below.canWriteZeroes;
  }

  /** From now on reads wait, until `resume`. */
  suspend(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume(): void {
    this.#gate = undefined;
    this.#open();
  }

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    if (this.failsReads) return -EIO;
    if (this.#gate === undefined) return this.#below.read(segments, offsetBytes);
    this.waiting += 1;
    return this.#gate.then(() => {
      this.waiting -= 1;
      return this.#below.read(segments, offsetBytes);
    });
  }

  write(segments: readonly Uint8Array[], offsetBytes: number, fua: boolean): MaybePromise<number> {
    return this.#below.write(segments, offsetBytes, fua);
  }

  flush(): MaybePromise<number> {
    return this.#below.flush();
  }

  discard(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    return this.#below.discard(offsetBytes, lengthBytes);
  }

  writeZeroes(offsetBytes: number, lengthBytes: number): MaybePromise<number> {
    return this.#below.writeZeroes(offsetBytes, lengthBytes);
  }

  close(): Promise<void> {
    return this.#below.close();
  }
}
