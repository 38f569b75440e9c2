/**
 * The entries of one open directory: in the kernel's pieces, all at once, with their types, sorted.
 */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { Fd, LinuxCalls } from '../calls.ts';
import type { Dirent64 } from '../dirents.ts';
import { type Errno, isErrno } from '../errno.ts';

/** For opening what must be a directory and no symbolic link. */
export const directoryFlags: number =
  abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_CLOEXEC;

/** S_IFREG and its like are DT_REG and its like, 12 bits further up: include/linux/fs_types.h. */
const typeShift = 12;

/** Every name in a directory, in no order; `error` tells why reading stopped before the end. */
export async function readNames(
  calls: LinuxCalls,
  fd: Fd,
): Promise<{ readonly names: Buffer[]; readonly error: Errno | undefined }> {
  const names: Buffer[] = [];
  for (;;) {
    const entries = await calls.getdents64(fd);
    if (isErrno(entries)) return { names, error: entries };
    if (entries.length === 0) return { names, error: undefined };
    for (const entry of entries) names.push(entry.name);
  }
}

/** The next entries, with types that are never DT_UNKNOWN; none at the end, or an errno. */
export async function readTyped(calls: LinuxCalls, fd: Fd): Promise<Dirent64[] | Errno> {
  for (;;) {
    const entries = await calls.getdents64(fd);
    if (isErrno(entries) || entries.length === 0) return entries;
    const typed = await withTypes(calls, fd, entries);
    // All of them gone meanwhile is not the end.
    if (isErrno(typed) || typed.length > 0) return typed;
  }
}

/** Looks up the types that the file system did not tell; leaves out what is gone meanwhile. */
async function withTypes(
  calls: LinuxCalls,
  fd: Fd,
  entries: Dirent64[],
): Promise<Dirent64[] | Errno> {
  if (entries.every((entry) => entry.type !== abi.DT_UNKNOWN)) return entries;
  const typed: Dirent64[] = [];
  for (const entry of entries) {
    if (entry.type !== abi.DT_UNKNOWN) {
      typed.push(entry);
      continue;
    }
    const statx = await calls.statx(fd, entry.name, abi.AT_SYMLINK_NOFOLLOW);
    if (!isErrno(statx)) typed.push(entry.withType(statx.type >>> typeShift));
    else if (statx !== -errno.ENOENT) return statx;
  }
  return typed;
}

/** An entry and its name as Latin-1: strings of it compare as the bytes do, and faster. */
export interface SortedEntry {
  readonly key: string;
  readonly entry: Dirent64;
}

/** The entries in the order of their names' bytes. */
export function sortEntries(entries: readonly Dirent64[]): SortedEntry[] {
  return entries
    .map((entry) => ({ key: entry.name.toString('latin1'), entry }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** All entries from the descriptor's position on, sorted, with their types; or an errno. */
export async function readSorted(calls: LinuxCalls, fd: Fd): Promise<Dirent64[] | Errno> {
  const all: Dirent64[] = [];
  for (;;) {
    const entries = await readTyped(calls, fd);
    if (isErrno(entries)) return entries;
    if (entries.length === 0) return sortEntries(all).map(({ entry }) => entry);
    for (const entry of entries) all.push(entry);
  }
}
