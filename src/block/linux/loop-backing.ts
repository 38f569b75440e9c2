/**
 * The file or disk on which a loop device stands.
 *
 * sysfs shows its path, which may lead to another file in this mount namespace, or nowhere once the
 * file was moved or deleted. The device itself tells the file system's number and the inode
 * (LOOP_GET_STATUS64, include/uapi/linux/loop.h), to those who may open it; others have the path.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  diskIdentity,
  type HostFolders,
  hostFolders,
  majorMinor,
  readAttribute,
  sourceIdentity,
} from '../../host/device-number.ts';
import { loadFfi, type Native } from '../../host/ffi.ts';

const loopGetStatus64 = 0x4c05;
/** struct loop_info64: lo_device, lo_inode and lo_rdev come first, 64 bits each. */
const loopInfoBytes = 232;

/** The identity of what the loop device of that sysfs folder stands on; undefined: not attached. */
export async function loopBacking(
  folder: string,
  folders: HostFolders = hostFolders,
): Promise<string | undefined> {
  const path = await readAttribute(folder, 'loop', 'backing_file');
  if (path === undefined) return undefined;
  // A test's folders say nothing about this host's devices.
  const told = folders.sys === hostFolders.sys ? await askDevice(folder) : undefined;
  return told ?? identityOf(path);
}

async function askDevice(folder: string): Promise<string | undefined> {
  let device: FileHandle | undefined;
  try {
    device = await open(join('/dev', basename(folder)), 'r');
    const { rdev } = await device.stat({ bigint: true });
    if (majorMinor(rdev) !== (await readAttribute(folder, 'dev'))) return undefined;
    const info = Buffer.alloc(loopInfoBytes);
    if ((await loadIoctl())(device.fd, loopGetStatus64, info) < 0) return undefined;
    const backingRdev = info.readBigUInt64LE(16);
    if (backingRdev !== 0n) return diskIdentity(majorMinor(backingRdev));
    return `file-${info.readBigUInt64LE(0)}-${info.readBigUInt64LE(8)}`;
  } catch {
    return undefined;
  } finally {
    await device?.close();
  }
}

let ioctl: Native | undefined;

async function loadIoctl(): Promise<Native> {
  ioctl ??= (await loadFfi()).open(null)('ioctl', 'int', ['int', 'ulong', 'void *']);
  return ioctl;
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    return sourceIdentity(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}
