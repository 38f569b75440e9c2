/**
 * src/volumes/with-volume.ts for commands: warnings and further errors go to standard error.
 */

import { report, warn } from '../observe/messages.ts';
import type { Kernel } from '../vfs-linux/kernel.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { VolumeEntry } from '../volumes/choose-volume.ts';
import type { OpenVolumes } from '../volumes/open-volumes.ts';
import * as volumes from '../volumes/with-volume.ts';
import { addKernelErrors } from './kernel-errors.ts';

const messages: volumes.VolumeMessages = {
  onWarning: warn,
  onFurtherError: report,
  onKernelErrors: addKernelErrors,
};

/** Opens a source for reading. */
export function openToRead(kernel: Kernel, source: string): Promise<OpenVolumes> {
  return volumes.openVolumes(kernel, source, false, messages);
}

/** Boots a kernel for `use`. */
export function withKernel<T>(
  options: volumes.VolumeOptions,
  use: (kernel: Kernel) => Promise<T>,
): Promise<T> {
  return volumes.withKernel(options, messages, use);
}

/** Mounts the volume that the options name for `use`. */
export function withVolume<T>(
  source: string,
  options: volumes.VolumeOptions,
  use: (volume: Volume, entry: VolumeEntry) => Promise<T>,
): Promise<T> {
  return volumes.withVolume(source, options, messages, use);
}
