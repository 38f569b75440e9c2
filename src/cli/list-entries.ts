/**
 * Directories for `ls`: their entries, sorted by the bytes of their names, and the columns that `ls
 * -l` shows of one.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { errnoName } from '../vfs-linux/errors.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { readNames } from '../vfs-linux/tree/read-directory.ts';
import { isDevice, modeString } from './file-types.ts';
import { formatTime } from './format.ts';
import { Semaphore } from './semaphore.ts';

const width = 32;

/** An entry of a directory as `ls` shows it. */
export interface ListedEntry {
  readonly name: Buffer;
  readonly found: Statx | undefined;
  /** Of a symbolic link. */
  readonly target: Buffer | undefined;
  /** The errno's name where the entry, or the link's target, cannot be read. */
  readonly error: string | undefined;
}

export async function readEntry(calls: LinuxCalls, dirfd: Fd, name: Buffer): Promise<ListedEntry> {
  const found = await calls.statx(dirfd, name, abi.AT_SYMLINK_NOFOLLOW);
  if (isErrno(found)) {
    return { name, found: undefined, target: undefined, error: errnoName(found) };
  }
  if (found.type !== abi.S_IFLNK) return { name, found, target: undefined, error: undefined };
  const target = await calls.readlinkat(dirfd, name);
  if (isErrno(target)) return { name, found, target: undefined, error: errnoName(target) };
  return { name, found, target, error: undefined };
}

/** All entries of an open directory; `error` tells why reading stopped before its end. */
export async function readEntries(
  calls: LinuxCalls,
  fd: Fd,
): Promise<{ readonly entries: ListedEntry[]; readonly error: Errno | undefined }> {
  const { names, error } = await readNames(calls, fd);
  names.sort(Buffer.compare);
  const semaphore = new Semaphore(width);
  const entries = await Promise.all(
    names.map((name) => semaphore.run(() => readEntry(calls, fd, name))),
  );
  return { entries, error };
}

/** The columns of `ls -l` before the name. */
export function longCells(entry: ListedEntry): string[] {
  const { found } = entry;
  if (found === undefined) return ['??????????', '?', '?', '?', '?', entry.error ?? '?'];
  return [
    modeString(found.mode),
    String(found.nlink),
    String(found.uid),
    String(found.gid),
    isDevice(found.type) ? `${found.rdevMajor}, ${found.rdevMinor}` : String(found.size),
    formatTime(found.mtime.sec),
  ];
}
