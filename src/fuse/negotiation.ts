/** What a volume's file system can do, and what this side agrees on with the host because of it. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { traitsOf } from '../vfs-linux/file-system-traits.ts';
import type { Statfs } from '../vfs-linux/statx.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { mayFoldCase } from './case-folding.ts';
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
  /**
   * Whether a name means one file until that name is changed: not where case is ignored and names
   * are written.
   */
  readonly namesLast: boolean;
  /** Whether the host gathers what is written, and hands it over later. */
  readonly writeback: boolean;
  readonly accessTimes: AccessTimes;
  /** The minor number of the root's device. Other devices are subvolumes of btrfs. */
  readonly rootDevice: number;
}

/** A mount's flags in statfs(2)'s answer (include/linux/statfs.h). */
const mountFlags = { readOnly: 0x1, noatime: 0x400, relatime: 0x1000 } as const;

function accessTimesOf(statfs: Statfs | Errno): AccessTimes {
  if (isErrno(statfs)) return 'never';
  const has = (flag: number): boolean => (statfs.flags & flag) !== 0;
  if (has(mountFlags.readOnly | mountFlags.noatime)) return 'never';
  return has(mountFlags.relatime) ? 'relative' : 'always';
}

/** Asks the volume. `writeback`: the host may gather writes, where the volume can do with that. */
export async function probeFeatures(volume: Volume, writeback: boolean): Promise<Features> {
  const { calls, root, type, readOnly } = volume;
  const statx = await calls.fstatx(root);
  const { lastingHandles, caseRule, timeResolutionNs } = traitsOf(
    type,
    isErrno(statx) ? undefined : statx,
  );
  const handle = await calls.nameToHandleAt(root, '', abi.AT_EMPTY_PATH);
  const handles = lastingHandles && !isErrno(handle) && handle.length <= maxHandleBytes;
  const acl = await calls.getxattrat(itself(root), 'system.posix_acl_access', Buffer.alloc(0));
  return {
    rootHandle: handles ? handle : Buffer.from('root'),
    handles,
    posixAcl: acl >= 0 || acl === -errno.ENODATA,
    namesLast: caseRule === 'sensitive' && (readOnly || !(await mayFoldCase(volume))),
    // With a writeback cache the host keeps the times itself, to the nanosecond.
    writeback: writeback && !readOnly && timeResolutionNs === 1,
    accessTimes: accessTimesOf(await calls.fstatfs(root)),
    rootDevice: isErrno(statx) ? 0 : statx.devMinor,
  };
}

/**
 * The flags to ask for, of those that the host offers: both words of FUSE_INIT.
 *
 * ATOMIC_O_TRUNC is not among them. For O_RDONLY | O_TRUNC the host opens a file first, and only
 * then refuses to truncate a program that runs (ETXTBSY): the program would be empty by then.
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
  // A link that the host reads from its cache keeps its time of access.
  if (features.accessTimes === 'never') wanted |= f.cacheSymlinks;
  if (features.posixAcl) wanted |= f.posixAcl;
  if (features.writeback) wanted |= f.writebackCache;
  return {
    flags: (wanted & offered) >>> 0,
    flags2: (initFlags2.directIoAllowMmap & offered2) >>> 0,
  };
}
