/**
 * Paths on a volume, for commands. A command need not close the descriptors that it opens: the
 * volume closes them before it is unmounted, also after an interruption.
 */
import type { Buffer } from 'node:buffer';
import { callError, check } from '../observe/messages.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { folderOf, joinNames, openPlace, type Place, splitPath } from '../vfs-linux/tree/place.ts';
import { directoryFlags } from '../vfs-linux/tree/read-directory.ts';

/** For going through a directory: reading it changes no time of access. */
export const quietDirectoryFlags: number = directoryFlags | abi.O_NOATIME;

/** Where a path leads. Throws the errno where a directory on the way cannot be opened. */
export async function findPlace(calls: LinuxCalls, path: Buffer): Promise<Place> {
  const place = await openPlace(calls, path);
  if (isErrno(place)) throw callError(place, folderOf(joinNames(splitPath(path))));
  return place;
}

/** The type bits (S_IFMT) of a place's file. Throws the errno if there is no file. */
export async function typeAt(calls: LinuxCalls, place: Place, atFlags = 0): Promise<number> {
  return check(await calls.statx(place.dirfd, place.name, atFlags), place.path).type;
}

/** Opens what is at a place, following symbolic links. Throws the errno where that fails. */
export async function openAt(calls: LinuxCalls, place: Place, flags: number): Promise<Fd> {
  const opened = await calls.openat2(place.dirfd, place.name, flags | abi.O_CLOEXEC);
  return check(opened, place.path);
}
