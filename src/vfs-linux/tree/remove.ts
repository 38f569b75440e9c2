/**
 * Removes an entry, and a directory with everything below it.
 *
 * Invariants:
 * 1. No symbolic link is followed: every call goes by an open directory and a name in it.
 * 2. An entry that somebody else removes meanwhile is no failure.
 * 3. A directory is removed when the last entry in it is gone; it stays where one could not be
 *    removed. Some file systems skip entries while others are removed, so a directory that is not
 *    empty at its end is read again, as long as that helps.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { Fd, LinuxCalls } from '../calls.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { PathLike } from '../names.ts';
import type { EntryPath } from './place.ts';
import { directoryFlags } from './read-directory.ts';
import { type TreeVisitor, visitTree } from './visit.ts';
import type { WorkOptions } from './work-list.ts';

/** What could not be removed, and why. */
export interface RemoveFailure {
  readonly ret: Errno;
  /** The call that failed: 'scandir' is the opening or reading of a directory. */
  readonly syscall: 'unlink' | 'rmdir' | 'scandir';
  readonly path: EntryPath;
}

export interface RemoveOptions extends WorkOptions {
  /** Gets every failure. The rest is removed, unless it throws. */
  readonly onError: (failure: RemoveFailure) => void;
}

/** The entry to remove: its directory, its name there, and its path for failures. */
export interface RemovePlace {
  readonly dirfd: Fd;
  readonly name: PathLike;
  readonly path: PathLike;
}

interface Entry {
  readonly name: PathLike;
  /** DT_DIR, …; DT_UNKNOWN if it is not known. */
  readonly type: number;
}

/** A directory whose entries are removed. */
interface Directory {
  readonly fd: Fd;
  /** Its name in the directory above. */
  readonly name: PathLike;
  /** Undefined for the directory of the entry that the removal begins with; so is `path`. */
  readonly above: Directory | undefined;
  readonly path: EntryPath | undefined;
  /** Entries removed since it was read from its beginning. */
  removed: number;
  /** The names that could not be removed, as Latin-1; undefined where there are none. */
  failed: Set<string> | undefined;
}

const unknownType: number = abi.DT_UNKNOWN;
const latin1 = (name: PathLike): string =>
  typeof name === 'string' ? name : Buffer.from(name).toString('latin1');

class Removal implements TreeVisitor<Directory, Entry> {
  readonly #calls: LinuxCalls;
  readonly #onError: (failure: RemoveFailure) => void;
  readonly #topPath: PathLike;
  readonly #open = new Set<Fd>();

  constructor(calls: LinuxCalls, topPath: PathLike, onError: (failure: RemoveFailure) => void) {
    this.#calls = calls;
    this.#topPath = topPath;
    this.#onError = onError;
  }

  async visit(directory: Directory, entry: Entry): Promise<Directory | undefined> {
    if (entry.type === abi.DT_DIR) return this.#enter(directory, entry, undefined);
    const ret = await this.#calls.unlinkat(directory.fd, entry.name);
    // EISDIR is Linux's answer for a directory, EPERM that of POSIX (unlink(2)).
    if (ret === -errno.EISDIR || ret === -errno.EPERM) return this.#enter(directory, entry, ret);
    this.#note(directory, entry.name, 'unlink', ret);
    return undefined;
  }

  /** Counts a removed entry, or passes the failure to the caller. */
  #note(
    directory: Directory,
    name: PathLike,
    syscall: RemoveFailure['syscall'],
    ret: number,
  ): void {
    // Only the entry that the removal begins with must be there when it begins.
    const mustExist = directory.path === undefined && syscall === 'unlink';
    if (!isErrno(ret) || (ret === -errno.ENOENT && !mustExist)) {
      directory.removed++;
      return;
    }
    this.#markFailed(directory, name);
    this.#onError({ ret, syscall, path: this.#pathOf(directory, name) });
  }

  #markFailed(directory: Directory, name: PathLike): void {
    directory.failed ??= new Set();
    directory.failed.add(latin1(name));
  }

  #pathOf(directory: Directory, name: PathLike): EntryPath {
    if (directory.path === undefined) return { name: this.#topPath, above: undefined };
    return { name, above: directory.path };
  }

  /** Opens a directory; `refusal` is the answer of unlink(2), if it was called. */
  async #enter(
    directory: Directory,
    { name }: Entry,
    refusal: number | undefined,
  ): Promise<Directory | undefined> {
    const fd = await this.#calls.openat2(directory.fd, name, directoryFlags);
    if (fd >= 0) {
      this.#open.add(fd);
      const path = this.#pathOf(directory, name);
      return { fd, name, above: directory, path, removed: 0, failed: undefined };
    }
    if (fd === -errno.ENOTDIR || fd === -errno.ELOOP) {
      // Not a directory, or not any more.
      if (refusal === undefined) return this.visit(directory, { name, type: unknownType });
      this.#note(directory, name, 'unlink', refusal);
      return undefined;
    }
    // A directory that may not be read may still be empty.
    const removed = await this.#calls.unlinkat(directory.fd, name, abi.AT_REMOVEDIR);
    this.#note(directory, name, 'scandir', removed < 0 && removed !== -errno.ENOENT ? fd : removed);
    return undefined;
  }

  async next(directory: Directory): Promise<readonly Entry[]> {
    for (;;) {
      const entries = await this.#calls.getdents64(directory.fd);
      if (isErrno(entries)) {
        await this.#leave(directory, 'scandir', entries);
        return [];
      }
      const { failed } = directory;
      const left =
        failed === undefined ? entries : entries.filter(({ name }) => !failed.has(latin1(name)));
      if (left.length > 0) return left;
      if (entries.length === 0 && !(await this.#readAgain(directory))) return [];
    }
  }

  /** At a directory's end: rewinds it if another reading may find more, otherwise removes it. */
  async #readAgain(directory: Directory): Promise<boolean> {
    const { above, name, fd } = directory;
    let ret = 0;
    if (directory.failed === undefined) {
      ret = await this.#calls.unlinkat((above as Directory).fd, name, abi.AT_REMOVEDIR);
    }
    const mayHaveMore =
      directory.failed !== undefined || ret === -errno.ENOTEMPTY || ret === -errno.EEXIST;
    if (mayHaveMore && directory.removed > 0) {
      directory.removed = 0;
      ret = await this.#calls.lseek(fd, 0, abi.SEEK_SET);
      if (ret >= 0) return true;
    }
    await this.#leave(directory, 'rmdir', ret);
    return false;
  }

  /** Closes a directory, and notes in the one above whether it is gone. */
  async #leave(
    directory: Directory,
    syscall: RemoveFailure['syscall'],
    ret: number,
  ): Promise<void> {
    this.#open.delete(directory.fd);
    await this.#calls.close(directory.fd);
    const above = directory.above as Directory;
    if (ret >= 0 && directory.failed !== undefined) this.#markFailed(above, directory.name);
    else this.#note(above, directory.name, syscall, ret);
  }

  /** Closes the directories that an exception has left open. */
  async end(): Promise<void> {
    for (const fd of this.#open) await this.#calls.close(fd);
  }
}

/**
 * Removes what is at a place; nothing there is the failure ENOENT. Throws what `onError` throws.
 */
export async function removeTree(
  calls: LinuxCalls,
  place: RemovePlace,
  options: RemoveOptions,
): Promise<void> {
  const { dirfd, name, path } = place;
  const removal = new Removal(calls, path, options.onError);
  const top: Directory = {
    fd: dirfd,
    name: '',
    above: undefined,
    path: undefined,
    removed: 0,
    failed: undefined,
  };
  try {
    await visitTree(removal, top, { name, type: unknownType }, options);
  } finally {
    await removal.end();
  }
}
