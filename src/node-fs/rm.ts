/**
 * fs.rm: removes a file or a whole tree, with Node's options and errors
 * (lib/internal/fs/rimraf.js). Links are removed, never followed. An entry that somebody else
 * removes meanwhile is no error.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { pathOf } from '../vfs-linux/tree/place.ts';
import { type RemoveFailure, removeTree } from '../vfs-linux/tree/remove.ts';
import { TreeError } from './argument-errors.ts';
import { shownPath, toInteger } from './arguments.ts';
import type { FsContext } from './context.ts';

export interface RmOptions {
  /** A path that does not exist is no error. */
  readonly force?: boolean | undefined;
  readonly recursive?: boolean | undefined;
  /** How often to try again after EBUSY, EMFILE, ENFILE, ENOTEMPTY and EPERM. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first retry; each later one waits that much longer. */
  readonly retryDelay?: number | undefined;
}

/** Entries that are removed at a time. */
const width = 32;
const retried: ReadonlySet<string> = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);
/** The answers of rmdir(2) for a directory that has something in it (Node's rimraf). */
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
      await remove(context, path, isDirectory);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (tries > maxRetries || code === undefined || !retried.has(code)) throw error;
      await delay(tries * retryDelayMs);
    }
  }
}

async function remove(context: FsContext, path: PathLike, isDirectory: boolean): Promise<void> {
  if (isDirectory) {
    // Tries the directory alone first, so that "/" and "." are refused before anything in them is
    // gone.
    const ret = await context.calls.unlinkat(abi.AT_FDCWD, path, abi.AT_REMOVEDIR);
    if (ret >= 0 || ret === -errno.ENOENT) return;
    if (!notEmpty.has(ret)) throw context.error(ret, 'rmdir', path);
  }
  const onError = (failure: RemoveFailure): void => {
    const { ret, syscall } = failure;
    if (ret !== -errno.ENOENT) throw context.error(ret, syscall, pathOf(failure.path));
  };
  await context.busy(() =>
    removeTree(context.calls, { dirfd: abi.AT_FDCWD, name: path, path }, { width, onError }),
  );
}
