/** A disk that is attached to a kernel, and the partitions that the kernel found on it. */
import type { BlockDevice } from '../block/block-device.ts';
import { FsBridgeError } from '../errors.ts';
import { abi } from './abi.gen.ts';
import * as encode from './calls/encode-control.ts';
import type { LinuxCalls } from './calls.ts';
import { maxDisks } from './limits.ts';
import type { Machine } from './machine.ts';
import { kernelItself } from './request-ring.ts';
import { readWhole } from './small-files.ts';

export interface Partition {
  /** The kernel's name for it, such as "disk0p1". */
  readonly name: string;
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** The name that a GPT gives it. */
  readonly partitionName?: string;
  readonly partitionUuid?: string;
}

interface DiskParts {
  readonly device: BlockDevice;
  readonly name: string;
  readonly partitions: readonly Partition[];
}

export class Disk implements AsyncDisposable {
  readonly device: BlockDevice;
  /** The kernel's name for it, such as "disk0". */
  readonly name: string;
  readonly partitions: readonly Partition[];
  readonly #detach: () => Promise<void>;
  #detaching: Promise<void> | undefined;

  constructor({ device, name, partitions }: DiskParts, detach: () => Promise<void>) {
    this.device = device;
    this.name = name;
    this.partitions = partitions;
    this.#detach = detach;
  }

  /** Takes the disk away and closes its device. What is mounted on it fails from then on. */
  detach(): Promise<void> {
    this.#detaching ??= this.#detach();
    return this.#detaching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach();
  }
}

/**
 * Gives the kernel a device as a disk. `onDetached` is called when the disk begins to go. Throws
 * ERR_TOO_MANY_DISKS, or the kernel's errno.
 */
export async function attachDisk(
  machine: Machine,
  device: BlockDevice,
  onDetached: (disk: Disk) => void,
): Promise<Disk> {
  const { disks, ring } = machine;
  const number = disks.add(device);
  if (number === undefined) {
    const why = `${maxDisks} disks are attached already`;
    throw new FsBridgeError('ERR_TOO_MANY_DISKS', device.name, why, 'Detach one first.');
  }
  let name = '';
  const index = await ring.call<number>(
    kernelItself,
    (slot) => encode.diskAdd(slot, (address) => disks.describe(device, number, address)),
    (ret, slot) => {
      if (ret >= 0) name = encode.diskNameIn(slot);
      return ret;
    },
  );
  if (index < 0) {
    disks.remove(number);
    machine.check(index, device.name);
  }
  const partitions = await readPartitions(machine.calls, name);
  const disk = new Disk({ device, name, partitions }, async () => {
    onDetached(disk);
    if (machine.failure === undefined) {
      await ring.callUrgently((slot) => encode.diskRemove(slot, index));
    }
    await disks.idle();
    disks.remove(number);
    await device.close();
  });
  return disk;
}

const sectorBytes = 512;

/** The partitions of a disk, by their place on it, out of /sys/block. */
async function readPartitions(calls: LinuxCalls, disk: string): Promise<Partition[]> {
  const folder = `/sys/block/${disk}`;
  const partitions: Partition[] = [];
  const fd = await calls.openat2(abi.AT_FDCWD, folder, abi.O_RDONLY | abi.O_DIRECTORY);
  if (fd < 0) return partitions;
  for (;;) {
    const entries = await calls.getdents64(fd);
    if (typeof entries === 'number' || entries.length === 0) break;
    for (const entry of entries) {
      const name = entry.name.toString();
      if (!name.startsWith(`${disk}p`)) continue;
      partitions.push(await readPartition(calls, `${folder}/${name}`, name));
    }
  }
  await calls.close(fd);
  return partitions.sort((a, b) => a.offsetBytes - b.offsetBytes || a.number - b.number);
}

async function readPartition(calls: LinuxCalls, folder: string, name: string): Promise<Partition> {
  const text = async (file: string): Promise<string> => {
    const content = await readWhole(calls, `${folder}/${file}`);
    return typeof content === 'number' ? '' : content.toString().trim();
  };
  const uevent = await text('uevent');
  const partitionName = /^PARTNAME=(.+)$/m.exec(uevent)?.[1];
  const partitionUuid = /^PARTUUID=(.+)$/m.exec(uevent)?.[1];
  return {
    name,
    number: Number(await text('partition')),
    offsetBytes: Number(await text('start')) * sectorBytes,
    sizeBytes: Number(await text('size')) * sectorBytes,
    ...(partitionName === undefined ? {} : { partitionName }),
    ...(partitionUuid === undefined ? {} : { partitionUuid }),
  };
}
