/**
 * fs.rm: takes away a file or a whole tree, by descriptors. Links are removed, never followed; what
 * somebody else removes meanwhile is no error.
 *
 * Invariant: at most unlinksAtOnce requests are under way, in one directory at a time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { TreeError } from './argument-errors.ts';
import { shownPath, toInteger } from './arguments.ts';
import type { FsContext } from './context.ts';
import { type Place, pathOf } from './place.ts';
import { directoryFlags } from './walk.ts';

export interface RmOptions {
  /** What is not there is no error. */
  readonly force?: boolean | undefined;
  readonly recursive?: boolean | undefined;
  /** How often to try again after EBUSY, EMFILE, ENFILE, ENOTEMPTY and EPERM. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first retry; each waits so much longer than the one before. */
  readonly retryDelay?: number | undefined;
}

const unlinksAtOnce = 32;
const retried: ReadonlySet<string> = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);
/** What rmdir says of a directory that has something in it (Node's rimraf). */
const notEmpty: ReadonlySet<number> = new Set([-errno.ENOTEMPTY, -errno.EEXIST, -errno.EPERM]);

export async function rm(context: FsContext, path: PathLike, options: RmOptions): Promise<void> {
  const maxRetries = toInteger(options.maxRetries ?? 0, 'options.maxRetries', 0);
  const retryDelayMs = toInteger(options.retryDelay ?? 100, 'options.retryDelay', 0);
  const statx = await context.calls.statx(abi.AT_FDCWD, path, abi.AT_SYMLINK_NOFOLLOW);
  if (statx === -errno.ENOENT && options.force === true) return;
  const isDirectory = context.found(statx, 'lstat', path).type === abi.S_IFDIR;
  if (isDirectory && options.recursive !== true) {
    const shown = shownPath(path);
    throw new TreeError('ERR_FS_EISDIR', errno.EISDIR, 'rm', shown, 'Path is a directory');
  }
  for (let tries = 1; ; tries++) {
    try {
      await removeRoot(context, path, isDirectory);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (tries > maxRetries || code === undefined || !retried.has(code)) throw error;
      await delay(tries * retryDelayMs);
    }
  }
}

async function removeRoot(context: FsContext, path: PathLike, isDirectory: boolean): Promise<void> {
  const place: Place = { name: path, above: undefined };
  if (!isDirectory) {
    await unlink(context, abi.AT_FDCWD, place);
    return;
  }
  // First alone: so "/" and "." are refused before anything in them is removed.
  const ret = await context.calls.unlinkat(abi.AT_FDCWD, path, abi.AT_REMOVEDIR);
  if (ret >= 0 || ret === -errno.ENOENT) return;
  if (!notEmpty.has(ret)) throw context.error(ret, 'rmdir', path);
  await removeDirectory(context, abi.AT_FDCWD, place);
}

function failed(context: FsContext, ret: number, syscall: string, place: Place): Error {
  return context.error(ret, syscall, pathOf(place));
}

async function unlink(context: FsContext, dirfd: Fd, place: Place): Promise<void> {
  const ret = await context.calls.unlinkat(dirfd, place.name);
  if (ret >= 0 || ret === -errno.ENOENT) return;
  if (ret !== -errno.EISDIR) throw failed(context, ret, 'unlink', place);
  await removeDirectory(context, dirfd, place);
}

async function removeDirectory(context: FsContext, dirfd: Fd, place: Place): Promise<void> {
  await context.withOpen(dirfd, place.name, directoryFlags, async (fd) => {
    for (;;) {
      // A directory that may not be read may still be empty.
      const removed = fd >= 0 ? await emptyOnce(context, fd, place) : 0;
      const ret = await context.calls.unlinkat(dirfd, place.name, abi.AT_REMOVEDIR);
      if (ret >= 0 || ret === -errno.ENOENT) return;
      if (fd < 0) throw failed(context, fd, 'scandir', place);
      // Some file systems skip entries while others are removed: once more, as long as it helps.
      if (removed === 0 || !notEmpty.has(ret)) throw failed(context, ret, 'rmdir', place);
      await context.calls.lseek(fd, 0, abi.SEEK_SET);
    }
  });
}

/** Removes what one reading of the directory finds; answers how many entries that were. */
async function emptyOnce(context: FsContext, fd: Fd, place: Place): Promise<number> {
  let found = 0;
  for (;;) {
    const entries = await context.calls.getdents64(fd);
    if (typeof entries === 'number') throw failed(context, entries, 'scandir', place);
    if (entries.length === 0) return found;
    found += entries.length;
    await unlinkFiles(
      context,
      fd,
      place,
      entries.filter(({ type }) => type !== abi.DT_DIR),
    );
    for (const { name, type } of entries) {
      if (type === abi.DT_DIR) await removeDirectory(context, fd, { name, above: place });
    }
  }
}

async function unlinkFiles(
  context: FsContext,
  fd: Fd,
  above: Place,
  entries: readonly Dirent64[],
): Promise<void> {
  for (let start = 0; start < entries.length; start += unlinksAtOnce) {
    const group = entries.slice(start, start + unlinksAtOnce);
    const results = await Promise.allSettled(
      group.map(({ name }) => unlink(context, fd, { name, above })),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
