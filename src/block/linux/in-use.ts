/**
 * Refuses to write to what the host itself uses.
 *
 * Two systems that write one file system destroy it, and one that writes under another's mount does
 * too, even a read-only one: neither expects blocks it has in its cache to change.
 *
 * The look is taken once, before opening. What comes later is kept out only for a disk, by its
 * claim (host-disk.ts); nothing keeps a person from attaching an image file to a loop device
 * afterwards.
 */
import { FsBridgeError } from '../../errors.ts';
import type { HostFolders } from '../../host/device-number.ts';
import { sourceError } from '../source-error.ts';
import { findUsages, type Usage } from './host-usage.ts';

/**
 * Throws FsBridgeError ERR_SOURCE_IN_USE where the host has that image file or block device
 * mounted, attached to a loop device that can be written, part of a dm or md device, or as swap
 * space.
 */
export async function assertNotInUse(path: string, folders?: HostFolders): Promise<void> {
  const usages = await usagesOf(path, true, folders);
  const [first] = usages;
  if (first === undefined) return;
  const reasons = usages.map((usage) => usage.reason).join('; it ');
  const advice = `${first.advice} Or open it for reading only.`;
  throw new FsBridgeError('ERR_SOURCE_IN_USE', path, `it ${reasons}`, advice);
}

/** What a reader should be told: that bytes may change while they are read. */
export async function inUseWarnings(path: string, folders?: HostFolders): Promise<string[]> {
  const usages = await usagesOf(path, false, folders);
  return usages
    .filter((usage) => usage.mayChange)
    .map(
      (usage) =>
        `${path} ${usage.reason} and may change while it is read: what you see may be out of ` +
        `date or broken. ${usage.advice}`,
    );
}

async function usagesOf(path: string, write: boolean, folders?: HostFolders): Promise<Usage[]> {
  try {
    return await findUsages(path, folders);
  } catch (error) {
    throw sourceError(error, path, write);
  }
}
