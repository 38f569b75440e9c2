/**
 * A disk, partition or other block device of a Linux host as a BlockDevice.
 *
 * The kernel's word in sysfs is taken for its size and blocks
 * (Documentation/ABI/stable/sysfs-block); whatever path leads to it (/dev/disk/by-id/…, a node
 * elsewhere), only its number counts.
 *
 * Invariants:
 * 1. Writing holds the device exclusively: opened with O_EXCL, and without O_CREAT Linux takes that
 *    as a claim that a mount, a holder (dm, md), swap, or another claim makes fail with EBUSY, and
 *    that makes theirs fail in turn (open(2), O_EXCL; block/bdev.c, bd_prepare_to_claim).
 * 2. A disk that the host says is read-only is not opened for writing.
 */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FsBridgeError } from '../../errors.ts';
import {
  HOST_FOLDERS,
  type HostFolders,
  majorMinor,
  readAttribute,
  sysfsFolder,
} from '../../host/device-number.ts';
import { hostCode } from '../../host/host-error.ts';
import type { BlockDevice } from '../block-device.ts';
import { FdDevice } from '../file/fd-device.ts';
import { FdIo } from '../file/fd-io.ts';
import { hostRefusal, sourceError } from '../source-error.ts';

/** sysfs counts in these, whatever the disk's own block is (sysfs-block, "size"). */
const SYSFS_SECTOR_BYTES = 512;
const LOGICAL_BLOCK_BYTES_MAX = 4096;

export interface DiskGeometry {
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  readonly readOnly: boolean;
}

/** What sysfs says of the block device "MAJOR:MINOR"; undefined where it knows none. */
export async function readGeometry(
  deviceNumber: string,
  folders: HostFolders = HOST_FOLDERS,
): Promise<DiskGeometry | undefined> {
  const folder = await sysfsFolder(deviceNumber, folders);
  if (folder === undefined) return undefined;
  // A partition has no queue; its disk's, one folder up, is the one it uses.
  const isPartition = (await readAttribute(folder, 'partition')) !== undefined;
  const queue = join(isPartition ? dirname(folder) : folder, 'queue');
  const [sectors, logical, physical, readOnly] = await Promise.all([
    readAttribute(folder, 'size'),
    readAttribute(queue, 'logical_block_size'),
    readAttribute(queue, 'physical_block_size'),
    readAttribute(folder, 'ro'),
  ]);
  const logicalBlockBytes = Number(logical ?? 512);
  const bytes = Number(sectors ?? 0) * SYSFS_SECTOR_BYTES;
  return {
    sizeBytes: bytes - (bytes % logicalBlockBytes),
    logicalBlockBytes,
    physicalBlockBytes: Math.max(Number(physical ?? 0), logicalBlockBytes),
    readOnly: readOnly === '1',
  };
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
  options: { write: boolean },
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
    const geometry = await readGeometry(majorMinor(stat.rdev));
    if (geometry === undefined) throw unsupported(path, 'the kernel does not tell its size');
    checkGeometry(path, geometry, options.write);
    return new FdDevice(io, { ...geometry, name: path, readOnly: !options.write });
  } catch (error) {
    await io?.close();
    if (isBusy(error)) throw claimed(path, error);
    throw sourceError(error, path, options.write);
  }
}

function checkGeometry(path: string, geometry: DiskGeometry, write: boolean): void {
  if (geometry.logicalBlockBytes > LOGICAL_BLOCK_BYTES_MAX) {
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

function isBusy(error: unknown): boolean {
  return hostCode(error) === 'EBUSY';
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
