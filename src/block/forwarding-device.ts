/**
 * A device that stands on another one and is like it in everything: the base of devices that watch or
 * change some of what passes.
 */
import type { BlockDevice, MaybePromise } from './block-device.ts';

export class ForwardingDevice implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache: boolean;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
  readonly #below: BlockDevice;

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

  read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number> {
    return this.#below.read(segments, offsetBytes);
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
