/**
 * From the name of a source to the volumes on it: opens the source, attaches it to a kernel, and
 * looks at the disk and at each partition that the kernel found.
 *
 * Invariants:
 * 1. Detection reads through the same device as the kernel: it sees what a replayed journal
 *    changed.
 * 2. Closing goes from the top down: the mounted volumes, the kernel's disk, the source. It is
 *    done once.
 */
import type { BlockDevice } from '../block/block-device.ts';
import { type OpenedSource, openSource } from '../block/open-source.ts';
import { detect } from '../probe/detect.ts';
import { readerOf } from '../probe/device-reader.ts';
import type { Disk } from '../vfs-linux/disk.ts';
import type { Kernel } from '../vfs-linux/kernel.ts';
import { type VolumeEntry, wholeCounts, wholeDisk } from './choose-volume.ts';

/** An extended partition is 1 KiB to the kernel, whatever it spans (block/partitions/msdos.c). */
const extendedPartitionBytes = 1024;

export class OpenVolumes implements AsyncDisposable {
  /** The source, as it was named. */
  readonly name: string;
  readonly source: OpenedSource;
  readonly volumes: readonly VolumeEntry[];
  readonly #ends: AsyncDisposableStack;
  #closing: Promise<void> | undefined;

  private constructor(
    name: string,
    source: OpenedSource,
    volumes: readonly VolumeEntry[],
    ends: AsyncDisposableStack,
  ) {
    this.name = name;
    this.source = source;
    this.volumes = volumes;
    this.#ends = ends;
  }

  /**
   * Opens a source; with `write` false an overlay takes what the kernel writes. The device that is
   * attached to the kernel is what `wrap` makes of the source's. `onWarning` hears what changes
   * about the open source. Throws as openSource and
   * Kernel.attach do; nothing is open then.
   */
  static async open(
    kernel: Kernel,
    name: string,
    write: boolean,
    options: {
      wrap?: (device: BlockDevice) => BlockDevice;
      onWarning?: (sentence: string) => void;
    } = {},
  ): Promise<OpenVolumes> {
    await using ends = new AsyncDisposableStack();
    const { wrap = (device) => device, ...hearing } = options;
    const source = ends.use(await openSource(name, { write, claimLater: true, ...hearing }));
    const disk = await kernel.attach(wrap(source.device));
    ends.defer(() => disk.detach());
    const volumes = await listVolumes(disk);
    return new OpenVolumes(name, source, volumes, ends.move());
  }

  /** Detaches the disk from the kernel and closes the source. Unmount the volumes on it first. */
  close(): Promise<void> {
    this.#closing ??= this.#ends.disposeAsync();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The volumes of a disk: the whole first, where it is one; then the partitions by their place. */
async function listVolumes(disk: Disk): Promise<VolumeEntry[]> {
  const { device } = disk;
  const whole = await detect(readerOf(device));
  const partitions: Omit<VolumeEntry, 'primary'>[] = [];
  for (const partition of disk.partitions) {
    const { name, number, offsetBytes, sizeBytes, partitionName, partitionUuid } = partition;
    if (sizeBytes <= extendedPartitionBytes) continue;
    const detected = await detect(readerOf(device, offsetBytes, sizeBytes));
    partitions.push({
      id: String(number),
      device: name,
      offsetBytes,
      sizeBytes,
      ...(partitionName === undefined ? {} : { partitionName }),
      ...(partitionUuid === undefined ? {} : { partitionUuid }),
      ...(detected === undefined ? {} : { detected }),
    });
  }
  const whatParts = partitions.map((partition) => partition.detected);
  const primary = wholeCounts(whole, whatParts);
  const entries = partitions.map((partition) => ({ ...partition, primary: !primary }));
  if (whole === undefined && entries.length > 0) return entries;
  const disks = { id: wholeDisk, device: disk.name, offsetBytes: 0, sizeBytes: device.sizeBytes };
  return [{ ...disks, ...(whole === undefined ? {} : { detected: whole }), primary }, ...entries];
}
