/** Refuses names that do not fit a slot or hold a NUL: the calls answer an errno at once. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import { type Errno, negative } from '../errno.ts';
import type { PathLike } from '../names.ts';

function hasNul(name: PathLike): boolean {
  return typeof name === 'string' ? name.includes('\0') : name.includes(0);
}

function bytesOf(name: PathLike): number {
  return typeof name === 'string' ? Buffer.byteLength(name) : name.length;
}

function isShorter(name: PathLike, limitBytes: number): boolean {
  // A UTF-16 unit has three bytes of UTF-8 at most.
  if (name.length * (typeof name === 'string' ? 3 : 1) < limitBytes) return true;
  return bytesOf(name) < limitBytes;
}

/** The errno for a path that cannot go to the kernel whole; undefined for one that can. */
export function refusedPath(path: PathLike): Errno | undefined {
  if (hasNul(path)) return negative(errno.EINVAL);
  return isShorter(path, abi.PATH_MAX) ? undefined : negative(errno.ENAMETOOLONG);
}

/** The same for an extended attribute's name: Linux answers ERANGE. */
export function refusedXattr(name: PathLike): Errno | undefined {
  const fits = !hasNul(name) && isShorter(name, abi.XATTR_NAME_MAX + 1);
  return fits ? undefined : negative(errno.ERANGE);
}
