/**
 * Directories for `ls`: their entries, sorted by the bytes of their names, and how `ls -l` shows
 * one.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { errnoName } from '../vfs-linux/errors.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { formatTime } from './format.ts';
import { Gate } from './gate.ts';
import { readNames } from './volume-path.ts';

const width = 32;

export interface Entry {
  readonly name: Buffer;
  readonly found: Statx | undefined;
  /** Of a symbolic link. */
  readonly target: Buffer | undefined;
  /** errno's name, where it cannot be read. */
  readonly error: string | undefined;
}

export async function readEntry(calls: LinuxCalls, dirfd: Fd, name: Buffer): Promise<Entry> {
  const found = await calls.statx(dirfd, name, abi.AT_SYMLINK_NOFOLLOW);
  if (typeof found === 'number') {
    return { name, found: undefined, target: undefined, error: errnoName(found) };
  }
  if (found.type !== abi.S_IFLNK) return { name, found, target: undefined, error: undefined };
  const target = await calls.readlinkat(dirfd, name);
  if (typeof target === 'number') {
    return { name, found, target: undefined, error: errnoName(target) };
  }
  return { name, found, target, error: undefined };
}

/** All entries of an open directory; `error` is the errno where it ends before its end. */
export async function readEntries(
  calls: LinuxCalls,
  fd: Fd,
): Promise<{ readonly entries: Entry[]; readonly error: number }> {
  const { names, error } = await readNames(calls, fd);
  names.sort(Buffer.compare);
  const gate = new Gate(width);
  const entries = await Promise.all(
    names.map((name) => gate.run(() => readEntry(calls, fd, name))),
  );
  return { entries, error };
}

const typeLetters: ReadonlyMap<number, string> = new Map([
  [abi.S_IFREG, '-'],
  [abi.S_IFDIR, 'd'],
  [abi.S_IFLNK, 'l'],
  [abi.S_IFCHR, 'c'],
  [abi.S_IFBLK, 'b'],
  [abi.S_IFIFO, 'p'],
  [abi.S_IFSOCK, 's'],
]);

/** "-rwsr-xr-t": a type and twelve bits, as ls(1) writes them. */
export function modeString(mode: number): string {
  const part = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const plain = execute ? 'x' : '-';
    const marked = execute ? letter : letter.toUpperCase();
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${special ? marked : plain}`;
  };
  const type = typeLetters.get(mode & abi.S_IFMT) ?? '?';
  const [user, group] = [part(6, (mode & 0o4000) !== 0, 's'), part(3, (mode & 0o2000) !== 0, 's')];
  return type + user + group + part(0, (mode & 0o1000) !== 0, 't');
}

/** The columns of `ls -l` before the name. */
export function longCells(entry: Entry): string[] {
  const { found } = entry;
  if (found === undefined) return ['??????????', '?', '?', '?', '?', entry.error ?? '?'];
  const { type } = found;
  const isDevice = type === abi.S_IFCHR || type === abi.S_IFBLK;
  return [
    modeString(found.mode),
    String(found.nlink),
    String(found.uid),
    String(found.gid),
    isDevice ? `${found.rdevMajor}, ${found.rdevMinor}` : String(found.size),
    formatTime(found.mtime.sec),
  ];
}
