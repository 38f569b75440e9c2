/**
 * Copies one regular file inside the volume. The kernel copies it: by sharing blocks (FICLONE) if
 * the caller wants that, otherwise by copy_file_range(2). The steps and errors are those of libuv's
 * uv__fs_copyfile, with two differences: holes stay holes, and a source that is not a regular file
 * is refused before the target is changed (libuv empties and removes the target first).
 *
 * Invariant: a copy that fails removes its target.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { copyData, copyRange, nextData } from '../vfs-linux/tree/copy-data.ts';
import { constants } from './constants.ts';
import type { FsContext } from './context.ts';

/** A name in an open directory. */
export interface Name {
  readonly dirfd: Fd;
  readonly path: PathLike;
  /** O_NOFOLLOW, or 0. */
  readonly openFlags: number;
}

const permissions = 0o7777;

/** As fs.copyFile with `mode` (COPYFILE_…). Answers 0 or a negative errno. */
export function copyFile(context: FsContext, from: Name, to: Name, mode: number): Promise<number> {
  const readFlags = abi.O_RDONLY | from.openFlags;
  return context.withOpen(from.dirfd, from.path, readFlags, async (source) => {
    if (source < 0) return source;
    const statx = await context.calls.fstatx(source);
    if (isErrno(statx)) return statx;
    if (statx.type === abi.S_IFDIR) return -errno.EISDIR;
    // A device file of the volume would open a device of this kernel.
    if (statx.type !== abi.S_IFREG) return -errno.EINVAL;
    const exclusive = (mode & constants.COPYFILE_EXCL) !== 0 ? abi.O_EXCL : 0;
    const writeFlags = abi.O_WRONLY | abi.O_CREAT | exclusive | to.openFlags;
    return context.withOpen(
      to.dirfd,
      to.path,
      writeFlags,
      async (target) => {
        if (target < 0) return target;
        const ret = await fill(context, source, statx, target, mode);
        if (ret < 0) await context.calls.unlinkat(to.dirfd, to.path);
        return ret;
      },
      statx.mode & permissions,
    );
  });
}

async function fill(
  context: FsContext,
  source: Fd,
  statx: Statx,
  target: Fd,
  mode: number,
): Promise<number> {
  const { calls } = context;
  const before = await calls.fstatx(target);
  if (isErrno(before)) return before;
  if (isSame(before, statx)) return 0;
  let ret = before.size > 0 ? await calls.ftruncate(target, 0) : 0;
  if (ret < 0) return ret;
  ret = await copyContent(calls, source, statx, target, mode);
  if (ret < 0) return ret;
  if ((before.mode & permissions) === (statx.mode & permissions)) return 0;
  return calls.fchmodat2(target, '', statx.mode & permissions, abi.AT_EMPTY_PATH);
}

/** Whether both are the same inode. */
export function isSame(a: Statx, b: Statx): boolean {
  return a.ino === b.ino && a.devMajor === b.devMajor && a.devMinor === b.devMinor;
}

async function copyContent(
  calls: LinuxCalls,
  source: Fd,
  statx: Statx,
  target: Fd,
  mode: number,
): Promise<number> {
  const force = (mode & constants.COPYFILE_FICLONE_FORCE) !== 0;
  if (force || (mode & constants.COPYFILE_FICLONE) !== 0) {
    const ret = await calls.ioctlNumber(target, abi.FICLONE, source);
    if (ret >= 0 || force) return Math.min(ret, 0);
  }
  // A source that is allocated whole has no holes to look for.
  const isWhole = statx.blocks * 512 >= statx.size;
  return copyData({
    sizeBytes: statx.size,
    mayHaveHoles: false,
    nextData: async (fromBytes) => (isWhole ? 'unknown' : nextData(calls, source, fromBytes)),
    copyRange: (extent) => copyRange(calls, source, target, extent),
    setSize: (sizeBytes) => calls.ftruncate(target, sizeBytes),
  });
}
