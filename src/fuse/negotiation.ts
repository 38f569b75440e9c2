/**
 * What a volume's file system can do, and what is agreed with the host because of it.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import type { Statfs, Statx } from '../vfs-linux/statx.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { maxHandleBytes } from './node-records.ts';
import { initFlags, initFlags2 } from './protocol.ts';

/**
 * When reading a file changes its time of access: 'relative' as with relatime, 'always' as with
 * strictatime.
 */
export type AccessTimes = 'never' | 'relative' | 'always';

/** What the handlers need to know of a mount. */
export interface Features {
  /** The root's file_handle; some bytes of no meaning where there are no handles. */
  readonly rootHandle: Buffer;
  /** Whether a file can be opened again by its handle, at any time. */
  readonly handles: boolean;
  readonly posixAcl: boolean;
  /** Whether a name means the same file until somebody changes it: not where case is ignored. */
  readonly namesLast: boolean;
  /** Whether the host keeps what is written, and hands it over later. */
  readonly writeback: boolean;
  /** Whether the volume keeps the times of reading (relatime, strictatime); mostly it does not. */
  readonly accessTimes: AccessTimes;
  /** The minor number of the root's device: others are those of btrfs's subvolumes. */
  readonly rootDevice: number;
}

/**
 * Handles that only work while the inode is in memory: Linux' fs/fat/nfs.c without nfs=nostale_ro.
 */
const weakHandles: ReadonlySet<string> = new Set(['vfat', 'msdos']);
/** Names that differ in case alone are one. */
const ignoresCase: ReadonlySet<string> = new Set([
  'vfat',
  'msdos',
  'exfat',
  'hfs',
  'hfsplus',
  'ntfs3',
]);

/**
 * File systems that keep times to the nanosecond. The host's writeback cache keeps times itself,
 * and would believe in more than others can store.
 */
const exactTimes: ReadonlySet<string> = new Set(['ext4', 'xfs', 'btrfs', 'f2fs', 'bcachefs']);

/** An ext4 with small inodes has whole seconds, and no time of birth. */
function keepsNanoseconds(type: string, root: Statx | number): boolean {
  return exactTimes.has(type) && typeof root !== 'number' && (type !== 'ext4' || root.hasBtime);
}

/** include/linux/statfs.h: the flags of a mount, as statfs(2) tells them. */
const mountFlags = { readOnly: 0x1, noatime: 0x400, relatime: 0x1000 } as const;

function accessTimesOf(statfs: Statfs | number): AccessTimes {
  if (typeof statfs === 'number') return 'never';
  const has = (flag: number): boolean => (statfs.flags & flag) !== 0;
  if (has(mountFlags.readOnly | mountFlags.noatime)) return 'never';
  return has(mountFlags.relatime) ? 'relative' : 'always';
}

/** Asks the volume. */
export async function probeFeatures(volume: Volume, writeback: boolean): Promise<Features> {
  const { calls, root, type } = volume;
  const handle = await calls.nameToHandleAt(root, '', abi.AT_EMPTY_PATH);
  const handles =
    typeof handle !== 'number' && handle.length <= maxHandleBytes && !weakHandles.has(type);
  const statx = await calls.fstatx(root);
  const name = 'system.posix_acl_access';
  const acl = await calls.getxattrat(itself(root), name, Buffer.alloc(0));
  return {
    rootHandle: handles ? handle : Buffer.from('root'),
    handles,
    posixAcl: acl >= 0 || acl === -errno.ENODATA,
    namesLast: !ignoresCase.has(type),
    writeback: writeback && !volume.readOnly && keepsNanoseconds(type, statx),
    accessTimes: accessTimesOf(await calls.fstatfs(root)),
    rootDevice: typeof statx === 'number' ? 0 : statx.devMinor,
  };
}

/**
 * The flags to ask for, of those that the host offers; both words of FUSE_INIT.
 *
 * Not ATOMIC_O_TRUNC: the host opens first, and refuses afterwards to cut off a program that runs
 * (ETXTBSY, for O_RDONLY | O_TRUNC), which would be empty then.
 */
export function agree(
  features: Features,
  offered: number,
  offered2: number,
): { readonly flags: number; readonly flags2: number } {
  const f = initFlags;
  let wanted =
    f.asyncRead |
    f.exportSupport |
    f.bigWrites |
    f.dontMask |
    f.ioctlDir |
    f.asyncDio |
    f.parallelDirops |
    f.maxPages |
    f.noOpendirSupport |
    f.explicitInvalData |
    f.handleKillprivV2 |
    f.setxattrExt |
    f.initExt;
  if (features.handles) wanted |= f.readdirplus;
  // Reading a link from the host's memory would not be known of here.
  if (features.accessTimes === 'never') wanted |= f.cacheSymlinks;
  if (features.posixAcl) wanted |= f.posixAcl;
  if (features.writeback) wanted |= f.writebackCache;
  return {
    flags: (wanted & offered) >>> 0,
    flags2: (initFlags2.directIoAllowMmap & offered2) >>> 0,
  };
}
