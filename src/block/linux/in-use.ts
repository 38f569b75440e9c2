/**
 * Refuses to write to a source that the host itself uses.
 *
 * Two systems that write one file system destroy it. So does a system that writes under another's
 * mount, even under a read-only one: a file system does not expect cached blocks to change on the
 * disk.
 *
 * The check is made once, before opening. After that, only a disk is protected, by its claim
 * (host-disk.ts); an image file can still be attached to a loop device. Another fsbridge then
 * refuses that loop device (aliases.ts), but the host can mount it.
 */
import { FsBridgeError } from '../../errors.ts';
import type { HostFolders } from '../../host/device-number.ts';
import { sourceError } from '../source-error.ts';
import { aliasesOf } from './aliases.ts';
import { aliasUsages, findUsages, type Usage } from './host-usage.ts';

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

/** Warnings for a reader: bytes may change while they are read. */
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
    const usages = await findUsages(path, folders);
    const reasons = new Set(usages.map((usage) => usage.reason));
    const others = await aliasUsages(await aliasesOf(path, folders), folders);
    return [...usages, ...others.filter((usage) => !reasons.has(usage.reason))];
  } catch (error) {
    throw sourceError(error, path, write);
  }
}
