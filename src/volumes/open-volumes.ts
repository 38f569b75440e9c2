/**
 * From what a person typed to the volumes on it: opens the source, gives it to a kernel, looks at
 * the disk and at each partition that the kernel found, and mounts what was chosen.
 *
 * Invariants:
 * 1. Detection reads through the same device as the kernel: what a replayed journal changed is
 *    seen.
 * 2. Closing goes from the top down: what is mounted, the kernel's disk, the source. It is done
 *    once.
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
  readonly kernel: Kernel;
  /** As it was typed. */
  readonly name: string;
  readonly source: OpenedSource;
  readonly disk: Disk;
  readonly volumes: readonly VolumeEntry[];
  #closing: Promise<void> | undefined;

  private constructor(
    kernel: Kernel,
    name: string,
    source: OpenedSource,
    disk: Disk,
    volumes: readonly VolumeEntry[],
  ) {
    this.kernel = kernel;
    this.name = name;
    this.source = source;
    this.disk = disk;
    this.volumes = volumes;
  }

  /**
   * Opens a source; with write false an overlay takes what the kernel writes. What is attached to
   * the kernel is what `wrap` makes of the device. Throws as openSource and Kernel.attach do;
   * nothing is open then.
   */
  static async open(
    kernel: Kernel,
    name: string,
    write: boolean,
    wrap: (device: BlockDevice) => BlockDevice = (device) => device,
  ): Promise<OpenVolumes> {
    const source = await openSource(name, { write, claimLater: true });
    try {
      const disk = await kernel.attach(wrap(source.device));
      try {
        return new OpenVolumes(kernel, name, source, disk, await listVolumes(disk));
      } catch (error) {
        await disk.detach();
        throw error;
      }
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Takes the disk from the kernel and closes the source. Unmount what is on it first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.disk.detach();
    } finally {
      await this.source.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The volumes of a disk, the whole first where it is one, then the partitions by their place. */
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
