/**
 * The disks of this computer, for somebody who does not know their names.
 *
 * Linux: /sys/block (Documentation/ABI/stable/sysfs-block), without those that have no medium, and
 * without what stands on others (loop, device mapper, MD, zram, RAM disks). Windows: PhysicalDrive0
 * and on, as far as there are any; their numbers may have gaps. Elsewhere none are known.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST_FOLDERS, type HostFolders, readAttribute } from '../host/device-number.ts';
import { FILE_SHARE_READ, FILE_SHARE_WRITE, type WindowsDiskApi } from './windows/disk-api.ts';

export interface ListedDisk {
  /** To open it by. */
  readonly name: string;
  /** What it calls itself; empty where it does not. */
  readonly model: string;
}

const notDisks = /^(?:loop|dm-|md|zram|ram|nbd|drbd|rbd|fd)/;
const sectorBytes = 512;
const windowsDisksMost = 64;
/** So many numbers without a disk end the search. */
const windowsGapMost = 8;

export async function listDisks(): Promise<readonly ListedDisk[]> {
  if (process.platform === 'win32') {
    const { loadWindowsDiskApi } = await import('./windows/kernel32.ts');
    return listWindowsDisks(await loadWindowsDiskApi());
  }
  return process.platform === 'linux' ? listLinuxDisks() : [];
}

export async function listLinuxDisks(folders: HostFolders = HOST_FOLDERS): Promise<ListedDisk[]> {
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

/** Asking for no access is allowed to everybody; reading is not. */
export async function listWindowsDisks(api: WindowsDiskApi): Promise<ListedDisk[]> {
  const { windowsDiskModel } = await import('./windows/open-disk.ts');
  const disks: ListedDisk[] = [];
  let gap = 0;
  for (let number = 0; number < windowsDisksMost && gap < windowsGapMost; number++) {
    const name = `\\\\.\\PhysicalDrive${number}`;
    const handle = api.createFile(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
    gap = handle < 0 ? gap + 1 : 0;
    if (handle < 0) continue;
    api.closeHandle(handle);
    disks.push({ name, model: windowsDiskModel(name, api) });
  }
  return disks;
}
