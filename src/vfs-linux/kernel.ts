/**
 * A booted kernel: attach disks to it, mount what is on them, look at its log.
 *
 * Ownership: a Volume holds its mount and its open files; a Disk is held by the volumes on it; the
 * kernel holds all of them. Closing goes from the files down, and works on a failed kernel too.
 */
import type { BlockDevice } from '../block/block-device.ts';
import { attachDisk, type Disk } from './disk.ts';
import { type BootOptions, Machine } from './machine.ts';
import { type MountRequest, mountVolume } from './mount.ts';
import type { Volume } from './volume.ts';

export type { Identity } from './identity.ts';
export type { BootOptions } from './machine.ts';
export type { MountRequest } from './mount.ts';

export class Kernel extends Machine implements AsyncDisposable {
  readonly #attached = new Set<Disk>();
  readonly #volumes = new Set<Volume>();
  #mounts = 0;
  #closing: Promise<void> | undefined;

  /**
   * Boots a kernel. Throws ERR_MEMORY_SIZE for a size that it cannot have, ERR_OUT_OF_MEMORY where
   * the host has less memory, ERR_NO_KERNEL_IMAGE, ERR_KERNEL_IMAGE, or ERR_KERNEL_FAILED.
   */
  static boot(options: BootOptions = {}): Promise<Kernel> {
    return Machine.bootAs((parts) => new Kernel(parts), options);
  }

  get volumes(): ReadonlySet<Volume> {
    return this.#volumes;
  }

  /**
   * Gives the kernel a disk; the kernel looks for partitions at once. The device is closed with the
   * disk. Throws ERR_TOO_MANY_DISKS, or the kernel's errno.
   */
  async attach(device: BlockDevice): Promise<Disk> {
    const disk = await attachDisk(this, device, (gone) => this.#attached.delete(gone));
    this.#attached.add(disk);
    return disk;
  }

  /**
   * Mounts the first of the types that the kernel takes. Throws the kernel's errno (that of the
   * first type which did not say "not mine", EINVAL) with the last lines of the kernel's log.
   */
  async mount(request: MountRequest): Promise<Volume> {
    const target = `/mnt/${++this.#mounts}`;
    const volume = await mountVolume(this, request, target, (gone) => this.#volumes.delete(gone));
    this.#volumes.add(volume);
    return volume;
  }

  /** Unmounts, detaches and stops. Throws the first error after having tried everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const errors: unknown[] = [];
    const attempt = async (what: Promise<void>): Promise<void> => {
      await what.catch((error: unknown) => errors.push(error));
    };
    for (const volume of this.#volumes) await attempt(volume.close());
    for (const disk of this.#attached) await attempt(disk.detach());
    this.stop();
    if (errors.length > 0 && this.failure === undefined) throw errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
