/**
 * Where an entry of a volume is. A caller's path is split once. Every later call takes an open
 * directory and a name in it, so that no tree is too deep for PATH_MAX and a rename elsewhere
 * cannot lead to another tree.
 *
 * Invariant: paths start at the volume's root, with or without a slash; ".." is resolved in the
 * text, and above the root there is the root.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import type { Fd, LinuxCalls } from '../calls.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { PathLike } from '../names.ts';

/** Less than PATH_MAX, with room for one more name of 255 bytes. */
const spanBytes = 3500;
const slashByte = 0x2f;
const slash: Buffer = Buffer.of(slashByte);

/**
 * A name and the directories that it is in, up to where a walk began. A linked list, so that a deep
 * path takes no more memory than a short one; pathOf joins the names for messages.
 */
export interface EntryPath {
  readonly name: PathLike;
  /** Undefined where the walk began. */
  readonly above: EntryPath | undefined;
}

/** The names from where the walk began down to the entry, joined with slashes. */
export function pathOf(path: EntryPath | undefined): Buffer {
  const parts: Buffer[] = [];
  for (let at = path; at !== undefined; at = at.above) {
    const name = Buffer.from(at.name);
    if (parts.length > 0 && name.at(-1) !== slashByte) parts.push(slash);
    parts.push(name);
  }
  return Buffer.concat(parts.reverse());
}

/** An entry: the open directory that it is in, and its name there. */
export interface Place {
  /** The caller closes it, unless it is the volume's root. */
  readonly dirfd: Fd;
  /** "." for the root itself. */
  readonly name: Buffer;
  /** The whole path, from a slash on. */
  readonly path: Buffer;
}

/** The path's names, "." and ".." resolved. */
export function splitPath(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const found = path.indexOf(slashByte, start);
    const end = found < 0 ? path.length : found;
    const name = path.subarray(start, end);
    const text = name.toString('latin1');
    if (text === '..') names.pop();
    else if (text !== '' && text !== '.') names.push(name);
    start = end + 1;
  }
  return names;
}

export function joinPath(folder: Buffer, name: Uint8Array): Buffer {
  return Buffer.concat(folder.length === 1 ? [folder, name] : [folder, slash, name]);
}

/** "/a/b" of the names a and b; "/" of none. */
export function joinNames(names: readonly Uint8Array[]): Buffer {
  if (names.length === 0) return slash;
  return Buffer.concat(names.flatMap((name) => [slash, name]));
}

/** The path of the directory that an entry is in; "/" for what is in the root, and for the root. */
export function folderOf(path: Buffer): Buffer {
  return path.subarray(0, Math.max(1, path.lastIndexOf(slashByte)));
}

/**
 * Opens the directory at the end of a chain of names, a span at a time; follows symbolic links. The
 * descriptor (O_PATH; the root's own for no names) or an errno.
 */
async function openChain(calls: LinuxCalls, names: readonly Buffer[]): Promise<Fd | Errno> {
  let at = calls.root;
  for (let next = 0; next < names.length; ) {
    const span: Buffer[] = [];
    for (let bytes = 0; next < names.length; next++) {
      const name = names[next] as Buffer;
      bytes += name.length + 1;
      if (bytes >= spanBytes && span.length > 0) break;
      span.push(name, slash);
    }
    const flags = abi.O_PATH | abi.O_DIRECTORY | abi.O_CLOEXEC;
    const opened = await calls.openat2(at, Buffer.concat(span), flags);
    if (at !== calls.root) await calls.close(at);
    if (isErrno(opened)) return opened;
    at = opened;
  }
  return at;
}

/** Where a path leads; a negative errno where a directory on the way cannot be opened. */
export async function openPlace(calls: LinuxCalls, path: Buffer): Promise<Place | Errno> {
  const names = splitPath(path);
  const dirfd = await openChain(calls, names.slice(0, -1));
  if (isErrno(dirfd)) return dirfd;
  return { dirfd, name: names.at(-1) ?? Buffer.from('.'), path: joinNames(names) };
}

/** Closes what openPlace opened. */
export async function closePlace(calls: LinuxCalls, place: Place): Promise<void> {
  if (place.dirfd !== calls.root) await calls.close(place.dirfd);
}
