/**
 * The base of the devices: keeps a device's traits, and refuses to discard and to write zeroes,
 * which many devices cannot.
 */
import type { BlockDevice, DeviceTraits, MaybePromise } from './block-device.ts';
import { EOPNOTSUPP, EROFS } from './errno.ts';

/** The traits in which files and disks of the host differ from each other. */
export type HostDiskTraits = Pick<
  DeviceTraits,
  'name' | 'sizeBytes' | 'logicalBlockBytes' | 'physicalBlockBytes' | 'readOnly'
>;

export abstract class DeviceBase implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
  readonly volatileCache: boolean;
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;

  /** `changes` go before the traits of the same name. */
  constructor(traits: DeviceTraits, changes: Partial<DeviceTraits> = {}) {
    this.name = changes.name ?? traits.name;
    this.sizeBytes = changes.sizeBytes ?? traits.sizeBytes;
    this.logicalBlockBytes = changes.logicalBlockBytes ?? traits.logicalBlockBytes;
    this.physicalBlockBytes = changes.physicalBlockBytes ?? traits.physicalBlockBytes;
    this.readOnly = changes.readOnly ?? traits.readOnly;
    this.volatileCache = changes.volatileCache ?? traits.volatileCache;
    this.canDiscard = changes.canDiscard ?? traits.canDiscard;
    this.canWriteZeroes = changes.canWriteZeroes ?? traits.canWriteZeroes;
  }

  abstract read(segments: readonly Uint8Array[], offsetBytes: number): MaybePromise<number>;
  abstract write(
    segments: readonly Uint8Array[],
    offsetBytes: number,
    fua: boolean,
  ): MaybePromise<number>;
  abstract flush(): MaybePromise<number>;
  abstract close(): Promise<void>;

  discard(_offsetBytes: number, _lengthBytes: number): MaybePromise<number> {
    return this.readOnly ? -EROFS : -EOPNOTSUPP;
  }

  writeZeroes(_offsetBytes: number, _lengthBytes: number): MaybePromise<number> {
    return this.readOnly ? -EROFS : -EOPNOTSUPP;
  }
}

/**
 * The traits of a file or disk of the host: it has a cache, and neither discards nor writes zeroes.
 */
export function hostTraits(traits: HostDiskTraits): DeviceTraits {
  return { ...traits, volatileCache: !traits.readOnly, canDiscard: false, canWriteZeroes: false };
}
