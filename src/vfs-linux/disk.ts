/** A disk that a kernel has, and the partitions that the kernel found on it. */
import type { BlockDevice } from '../block/block-device.ts';
import { abi } from './abi.gen.ts';
import type { LinuxCalls } from './calls.ts';
import type { Kernel } from './kernel.ts';
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
  kernel: Kernel;
  device: BlockDevice;
  index: number;
  name: string;
  partitions: readonly Partition[];
}

export class Disk implements AsyncDisposable {
  readonly kernel: Kernel;
  readonly device: BlockDevice;
  /** The kernel's name for it, such as "disk0". */
  readonly name: string;
  readonly partitions: readonly Partition[];
  #detach: () => Promise<void>;
  #detaching: Promise<void> | undefined;

  constructor(parts: DiskParts, detach: () => Promise<void>) {
    this.kernel = parts.kernel;
    this.device = parts.device;
    this.name = parts.name;
    this.partitions = parts.partitions;
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

const sectorBytes = 512;

/** The partitions of a disk, by their place on it, out of /sys/block. */
export async function readPartitions(calls: LinuxCalls, disk: string): Promise<Partition[]> {
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
