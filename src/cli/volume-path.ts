/**
 * Paths on a volume. A path that a person types is taken apart once; from then on everything goes
 * by an open directory and a name, so that no tree is too deep for PATH_MAX.
 *
 * Invariants:
 * 1. What is open is registered with the volume: an interrupted command still unmounts.
 * 2. Paths start at the volume's root, with or without a slash; ".." is resolved in the text, and
 *    above the root there is the root.
 */
import { Buffer } from 'node:buffer';
import { callError } from '../observe/messages.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import type { Volume } from '../vfs-linux/volume.ts';

/** Less than PATH_MAX, with room for one more name of 255 bytes. */
const spanBytes = 3500;
const slash = 0x2f;

/** A descriptor that is closed with the volume if nobody closes it before. */
export interface OpenFd {
  readonly fd: Fd;
  close(): Promise<void>;
}

/** An entry: the open directory that it is in, its name there, and its whole path for people. */
export interface Place extends OpenFd {
  /** "." for the root itself. */
  readonly name: Buffer;
  /** From the root on, starting with a slash. */
  readonly path: Buffer;
}

/** The path's names, "." and ".." resolved. */
export function splitPath(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const found = path.indexOf(slash, start);
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
  const parts = folder.length === 1 ? [folder, name] : [folder, Buffer.from('/'), name];
  return Buffer.concat(parts);
}

/** "/a/b" of the names a and b; "/" of none. */
export function pathOf(names: readonly Uint8Array[]): Buffer {
  let path: Buffer = Buffer.from('/');
  for (const name of names) path = joinPath(path, name);
  return path;
}

/** Registers a descriptor with the volume. */
function holdFd(volume: Volume, fd: Fd): OpenFd {
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    forget();
    await volume.calls.close(fd);
  };
  const forget = volume.hold(close);
  return { fd, close };
}

/** openat2, registered. A negative errno where it fails. */
export async function openHeld(
  volume: Volume,
  dirfd: Fd,
  name: Uint8Array | string,
  flags: number,
  mode = 0,
): Promise<OpenFd | Errno> {
  const fd = await volume.calls.openat2(dirfd, name, flags | abi.O_CLOEXEC, mode);
  return isErrno(fd) ? fd : holdFd(volume, fd);
}

/** Opens the directory at the end of a chain of names, a span at a time; follows symbolic links. */
async function openChain(volume: Volume, names: readonly Buffer[]): Promise<OpenFd> {
  let at: OpenFd = { fd: volume.root, close: async () => {} };
  for (let next = 0; next < names.length; ) {
    const span: Buffer[] = [];
    for (let bytes = 0; next < names.length && bytes < spanBytes; next++) {
      const name = names[next] as Buffer;
      bytes += name.length + 1;
      if (bytes >= spanBytes && span.length > 0) break;
      span.push(name, Buffer.from('/'));
    }
    const flags = abi.O_PATH | abi.O_DIRECTORY;
    const opened = await openHeld(volume, at.fd, Buffer.concat(span), flags);
    await at.close();
    if (typeof opened === 'number') throw callError(opened, pathOf(names));
    at = opened;
  }
  return at;
}

/** Where a path leads. Throws the errno if a directory on the way cannot be opened. */
export async function openPlace(volume: Volume, path: Buffer): Promise<Place> {
  const names = splitPath(path);
  const name = names.at(-1) ?? Buffer.from('.');
  const parent = await openChain(volume, names.slice(0, -1));
  return { fd: parent.fd, name, path: pathOf(names), close: parent.close };
}

/** Every name in an open directory, in no order; `error` where reading it failed before its end. */
export async function readNames(
  calls: LinuxCalls,
  fd: Fd,
): Promise<{ readonly names: Buffer[]; readonly error: number }> {
  const names: Buffer[] = [];
  for (;;) {
    const entries = await calls.getdents64(fd);
    if (typeof entries === 'number') return { names, error: entries };
    if (entries.length === 0) return { names, error: 0 };
    for (const entry of entries) names.push(entry.name);
  }
}
