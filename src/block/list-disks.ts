/**
 * Lists the disks of this computer, for a person who does not know their names.
 *
 * Linux: /sys/block (Documentation/ABI/stable/sysfs-block), without drives that have no medium, and
 * without devices that stand on others or on memory (loop, device mapper, MD, zram, RAM disks).
 * Windows: PhysicalDrive0 and on; their numbers may have gaps. On other systems the list is empty.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostFolders, hostFolders, readAttribute } from '../host/device-number.ts';
import { FILE_SHARE_READ, FILE_SHARE_WRITE, type WindowsDiskApi } from './windows/disk-api.ts';

export interface ListedDisk {
  /** The name to open it by. */
  readonly name: string;
  /** The disk's own name for its model; may be empty. */
  readonly model: string;
}

const notDisks = /^(?:loop|dm-|md|zram|ram|nbd|drbd|rbd|fd)/;
const sectorBytes = 512;
const maxWindowsDisks = 64;
/** The search ends after so many numbers without a disk. */
const maxWindowsGap = 8;

export async function listDisks(): Promise<readonly ListedDisk[]> {
  if (process.platform === 'win32') {
    const { loadWindowsDiskApi } = await import('./windows/kernel32.ts');
    return listWindowsDisks(await loadWindowsDiskApi());
  }
  return process.platform === 'linux' ? listLinuxDisks() : [];
}

export async function listLinuxDisks(folders: HostFolders = hostFolders): Promise<ListedDisk[]> {
  const blocks = join(folders.sys, 'block');
  const names = await readdir(blocks).catch(() => []);
  const disks: ListedDisk[] = [];
  for (const name of names.sort()) {
    if (notDisks.test(name)) continue;
    const sizeBytes = Number((await readAttribute(blocks, name, 'size')) ?? 0) * sectorBytes;
    if (sizeBytes === 0) continue;
    const parts = await Promise.all([
      readAttribute(blocks, name, 'device', 'vendor'),
      readAttribute(blocks, name, 'device', 'model'),
    ]);
    // SATA disks all say they are from "ATA".
    const model = parts.flatMap((part) => (part && part.trim() !== 'ATA' ? [part.trim()] : []));
    // sysfs writes a slash in a name as "!" (drivers/base/core.c).
    disks.push({ name: `/dev/${name.replaceAll('!', '/')}`, model: model.join(' ') });
  }
  return disks;
}

/** Every user may open a disk without any access; only administrators may open it for reading. */
export async function listWindowsDisks(api: WindowsDiskApi): Promise<ListedDisk[]> {
  const { windowsDiskModel } = await import('./windows/open-disk.ts');
  const disks: ListedDisk[] = [];
  let gap = 0;
  for (let number = 0; number < maxWindowsDisks && gap < maxWindowsGap; number++) {
    const name = `\\\\.\\PhysicalDrive${number}`;
    const handle = api.createFile(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
    gap = handle < 0 ? gap + 1 : 0;
    if (handle < 0) continue;
    api.closeHandle(handle);
    disks.push({ name, model: windowsDiskModel(name, api) });
  }
  return disks;
}
