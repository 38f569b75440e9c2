/**
 * Extended attributes (xattr(7)): the names that an inode has, and the value of one. The length of
 * either is known only when the kernel has answered, so a small room is tried first, and after
 * ERANGE the largest that Linux allows.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { FileAt, LinuxCalls } from '../calls.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { PathLike } from '../names.ts';

/** Enough for the names, and for the value, of nearly every file. */
const usualBytes = 1024;

/** Asks with a small room, and once more with the largest where the answer does not fit. */
async function readWhole(
  firstBytes: number,
  maxBytes: number,
  ask: (room: Buffer) => Promise<number>,
): Promise<Buffer | Errno> {
  let room: Buffer = Buffer.allocUnsafe(firstBytes);
  let length = await ask(room);
  if (length === -errno.ERANGE && firstBytes < maxBytes) {
    room = Buffer.allocUnsafe(maxBytes);
    length = await ask(room);
  }
  return isErrno(length) ? length : room.subarray(0, length);
}

/** The names in what listxattr(2) fills in: each ends with a NUL. */
export function splitXattrNames(list: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    names.push(list.subarray(start, end));
    start = end + 1;
  }
  return names;
}

/**
 * The names of an inode's attributes in the file system's order, or a negative errno: EOPNOTSUPP
 * where the file system has none.
 */
export async function listXattrs(calls: LinuxCalls, subject: FileAt): Promise<Buffer[] | Errno> {
  const list = await readWhole(usualBytes, abi.XATTR_LIST_MAX, (room) =>
    calls.listxattrat(subject, room),
  );
  return isErrno(list) ? list : splitXattrNames(list);
}

/**
 * One attribute's value, or a negative errno: ENODATA where the inode has none of that name.
 * `firstBytes` is the room that is tried first.
 */
export function readXattr(
  calls: LinuxCalls,
  subject: FileAt,
  attribute: PathLike,
  firstBytes: number = usualBytes,
): Promise<Buffer | Errno> {
  return readWhole(firstBytes, abi.XATTR_SIZE_MAX, (room) =>
    calls.getxattrat(subject, attribute, room),
  );
}
