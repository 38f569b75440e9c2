/**
 * Linux's file systems inside Node: the kernel of Linux 6.12 as one WebAssembly module, disks and
 * images of disks as its block devices, and each volume in the shape of node:fs/promises.
 *
 *     import { Kernel, openSource, volumeFs } from 'fsbridge';
 *
 *     const source = await openSource('disk.img', { write: false });
 *     const kernel = await Kernel.boot();
 *     try {
 *       const disk = await kernel.attach(source.device);
 *       const device = disk.partitions[0]?.name ?? disk.name;
 *       const volume = await kernel.mount({ device, types: ['ext4', 'xfs', 'btrfs'] });
 *       const fs = volumeFs(volume);
 *       console.log(await fs.readdir('/'));
 *       console.log(await fs.readFile('/etc/hostname', 'utf8'));
 *       await pipeline(fs.createReadStream('/big.iso'), createWriteStream('big.iso'));
 *     } finally {
 *       await kernel.close(); // unmounts first
 *       await source.close();
 *     }
 *
 * To write takes three steps: openSource(…, { write: true }), kernel.mount({ readOnly: false, … }),
 * and await volume.close() or kernel.close() before the process ends.
 *
 * Errors: an error about a file is a SystemError with Node's `code`, `syscall` and `path`. Every
 * other error is an FsBridgeError with a `code` to match on and advice for a person.
 */
export type { BlockDevice, MaybePromise } from './block/block-device.ts';
export { MemoryDevice, type MemoryDeviceOptions } from './block/memory-device.ts';
export { type OpenedSource, type OpenSourceOptions, openSource } from './block/open-source.ts';
export { OverlayDevice, type OverlayOptions } from './block/overlay/overlay-device.ts';
export { SliceDevice, type SliceOptions } from './block/slice-device.ts';
export { FsBridgeError } from './errors.ts';
export type { FsPath, Mode, NameEncoding } from './node-fs/arguments.ts';
export { constants } from './node-fs/constants.ts';
export type { Content } from './node-fs/content.ts';
export type { CpOptions } from './node-fs/cp.ts';
export type { Dir, OpendirOptions } from './node-fs/dir.ts';
export type { Dirent } from './node-fs/dirent.ts';
export type { FileHandle } from './node-fs/file-handle.ts';
export type { CloneRange, CopyRange, Extent, FallocateMode } from './node-fs/linux-file.ts';
export type { MknodOptions, NodeKind } from './node-fs/linux-fs.ts';
export type { ReadStream, ReadStreamOptions } from './node-fs/read-stream.ts';
export type { ReaddirOptions } from './node-fs/readdir.ts';
export type { RmOptions } from './node-fs/rm.ts';
export type { BigIntStats, StatFs, StatOptions, Stats } from './node-fs/stats.ts';
export type { TimeLike, TimeNs } from './node-fs/times.ts';
export {
  type MkdirOptions,
  type RenameOptions,
  type VolumeFs,
  volumeFs,
} from './node-fs/volume-fs.ts';
export type { WriteStream, WriteStreamOptions } from './node-fs/write-stream.ts';
export type { SetXattrOptions } from './node-fs/xattr.ts';
export type { ByteReader } from './probe/cached-reader.ts';
export { detect } from './probe/detect.ts';
export type { Detected, Members, VolumeKind, VolumeState } from './probe/detected.ts';
export type { Disk, Partition } from './vfs-linux/disk.ts';
export { KernelFailedError, SystemError } from './vfs-linux/errors.ts';
export { type BootOptions, type Identity, Kernel, type MountRequest } from './vfs-linux/kernel.ts';
export type { AclEntry, AclKind, AclTag } from './vfs-linux/posix-acl.ts';
export type { Statfs, Statx, Timespec } from './vfs-linux/statx.ts';
export type { Volume } from './vfs-linux/volume.ts';
