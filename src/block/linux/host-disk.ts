/**
 * A disk, partition or other block device of a Linux host as a BlockDevice.
 *
 * Its size and its blocks come from sysfs (Documentation/ABI/stable/sysfs-block). Whatever path
 * leads to the device (/dev/disk/by-id/…, a node elsewhere), only its number counts.
 *
 * Invariants:
 * 1. Writing holds the device exclusively. Linux takes O_EXCL without O_CREAT as a claim: it fails
 *    with EBUSY where the device is mounted, has a holder (dm, md), is swap, or is claimed already,
 *    and while it lasts those fail in turn (open(2), O_EXCL; block/bdev.c, bd_prepare_to_claim).
 * 2. A disk that is read-only to the host is not opened for writing.
 */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FsBridgeError } from '../../errors.ts';
import {
  type HostFolders,
  hostFolders,
  majorMinor,
  readAttribute,
  sysfsFolder,
} from '../../host/device-number.ts';
import { hostCode } from '../../host/host-error.ts';
import type { BlockDevice } from '../block-device.ts';
import { FdDevice } from '../file/fd-device.ts';
import { FdIo } from '../file/fd-io.ts';
import { guardEnd, type OnWarning, SourceEnd } from '../file/source-end.ts';
import { hostRefusal, sourceError } from '../source-error.ts';

/** The unit of sysfs, whatever the disk's own block is (sysfs-block, "size"). */
const sysfsSectorBytes = 512;
const maxLogicalBlockBytes = 4096;

export interface DiskGeometry {
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
}

/** The geometry of the block device "MAJOR:MINOR"; undefined where sysfs has no such device. */
export async function readGeometry(
  deviceNumber: string,
  folders: HostFolders = hostFolders,
): Promise<DiskGeometry | undefined> {
  const folder = await sysfsFolder(deviceNumber, folders);
  if (folder === undefined) return undefined;
  // A partition has no queue of its own: it uses its disk's, one folder up.
  const isPartition = (await readAttribute(folder, 'partition')) !== undefined;
  const queue = join(isPartition ? dirname(folder) : folder, 'queue');
  const [sectors, logical, physical, readOnly] = await Promise.all([
    readAttribute(folder, 'size'),
    readAttribute(queue, 'logical_block_size'),
    readAttribute(queue, 'physical_block_size'),
    readAttribute(folder, 'ro'),
  ]);
  const logicalBlockBytes = Number(logical ?? 512);
  const bytes = Number(sectors ?? 0) * sysfsSectorBytes;
  return {
    sizeBytes: bytes - (bytes % logicalBlockBytes),
    logicalBlockBytes,
    physicalBlockBytes: Math.max(Number(physical ?? 0), logicalBlockBytes),
    readOnly: readOnly === '1',
  };
}

/** The size of the block device "MAJOR:MINOR" at this moment; 0 where it is gone. */
function presentBytes(deviceNumber: string): number {
  try {
    const text = fs.readFileSync(
      join(hostFolders.sys, 'dev', 'block', deviceNumber, 'size'),
      'utf8',
    );
    return Number(text) * sysfsSectorBytes;
  } catch {
    return 0;
  }
}

/**
 * Opens a block device of a Linux host.
 *
 * Throws FsBridgeError: the host's code (ENOENT, EACCES, EROFS, …), ERR_SOURCE_IN_USE where writing
 * is asked for and the host uses it, ERR_SOURCE_EMPTY without a medium, ERR_SOURCE_UNSUPPORTED
 * where it is no block device, where its blocks are too large, or on another host than Linux.
 */
export async function openHostDisk(
  path: string,
  options: { write: boolean; onWarning?: OnWarning },
): Promise<BlockDevice> {
  if (process.platform !== 'linux') {
    throw unsupported(path, 'disks of this kind of computer cannot be opened directly yet');
  }
  const { O_RDONLY, O_RDWR, O_EXCL, O_NONBLOCK } = fs.constants;
  let io: FdIo | undefined;
  try {
    // O_NONBLOCK opens a drive without a medium too, so that we can say so (open(2)).
    io = await FdIo.open(path, options.write ? O_RDWR | O_EXCL : O_RDONLY | O_NONBLOCK);
    const stat = await io.stat();
    if (!stat.isBlockDevice()) throw unsupported(path, 'it is not a disk');
    const deviceNumber = majorMinor(stat.rdev);
    const geometry = await readGeometry(deviceNumber);
    if (geometry === undefined) throw unsupported(path, 'the kernel does not tell its size');
    checkGeometry(path, geometry, options.write);
    const end = new SourceEnd({
      name: path,
      sizeBytes: geometry.sizeBytes,
      hadBytes: geometry.sizeBytes,
      measure: () => presentBytes(deviceNumber),
      onWarning: options.onWarning,
    });
    guardEnd(io, end, 'disk');
    return new FdDevice(io, { ...geometry, name: path, readOnly: !options.write });
  } catch (error) {
    await io?.close();
    if (hostCode(error) === 'EBUSY') throw claimed(path, error);
    throw sourceError(error, path, options.write);
  }
}

function checkGeometry(path: string, geometry: DiskGeometry, write: boolean): void {
  if (geometry.logicalBlockBytes > maxLogicalBlockBytes) {
    throw unsupported(path, `its blocks of ${geometry.logicalBlockBytes} bytes are too large`);
  }
  if (geometry.sizeBytes === 0) {
    throw new FsBridgeError(
      'ERR_SOURCE_EMPTY',
      path,
      'it has no bytes: a drive without a disk in it, or a device not set up',
      'Put the disk in, and try again.',
    );
  }
  if (write && geometry.readOnly) throw hostRefusal('EROFS', path, write);
}

function claimed(path: string, cause: unknown): FsBridgeError {
  return new FsBridgeError(
    'ERR_SOURCE_IN_USE',
    path,
    'this computer uses it: it, or a part of it, is mounted or belongs to something larger',
    `\`lsblk ${path}\` shows what; unmount that, or open the disk for reading only.`,
    { cause },
  );
}

function unsupported(path: string, why: string): FsBridgeError {
  return new FsBridgeError(
    'ERR_SOURCE_UNSUPPORTED',
    path,
    why,
    `Copy ${basename(path)} into an image file, and open that.`,
  );
}
