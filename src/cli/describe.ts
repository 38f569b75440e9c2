/** One entry of a volume as the line of a manifest, or of `ls --json`. */
import { Buffer } from 'node:buffer';
import { putName } from '../observe/display-names.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { errnoName } from '../vfs-linux/errors.ts';
import type { Statx, Timespec } from '../vfs-linux/statx.ts';
import { listXattrs, readXattr } from '../vfs-linux/tree/xattrs.ts';
import { isDevice, typeName } from './file-types.ts';

export type Line = Record<string, unknown>;

/** Seconds rounded down, a point, nine digits: half a second before 1970 is "-1.500000000". */
function timeText(time: Timespec): string {
  return `${time.sec}.${String(time.nsec).padStart(9, '0')}`;
}

/** Notes an errno; the first one stays. */
export function noteError(line: Line, ret: Errno): void {
  line['error'] ??= errnoName(ret);
}

export function putStatx(line: Line, found: Statx): void {
  const { type } = found;
  line['type'] = typeName(type);
  line['mode'] = found.mode & 0o7777;
  line['uid'] = found.uid;
  line['gid'] = found.gid;
  line['nlink'] = found.nlink;
  line['mtime'] = timeText(found.mtime);
  if (type === abi.S_IFREG || type === abi.S_IFLNK) line['size'] = found.size;
  if (isDevice(type)) line['rdev'] = [found.rdevMajor, found.rdevMinor];
}

/** Puts a symbolic link's target into the line. */
export async function putTarget(
  calls: LinuxCalls,
  dirfd: Fd,
  name: Buffer,
  line: Line,
): Promise<void> {
  const target = await calls.readlinkat(dirfd, name);
  if (isErrno(target)) noteError(line, target);
  else putName(line, 'target', target);
}

/**
 * Puts the extended attributes into the line. A byte of a name that is not UTF-8 becomes U+FFFD, as
 * JSON has no other place for it. A file system without attributes has none.
 */
export async function putXattrs(
  calls: LinuxCalls,
  dirfd: Fd,
  name: Buffer,
  line: Line,
): Promise<void> {
  const subject = { dirfd, name, atFlags: abi.AT_SYMLINK_NOFOLLOW };
  const names = await listXattrs(calls, subject);
  if (isErrno(names)) {
    if (names !== -errno.EOPNOTSUPP) noteError(line, names);
    return;
  }
  const values: Record<string, string> = {};
  for (const attribute of names.sort(Buffer.compare)) {
    const value = await readXattr(calls, subject, attribute);
    if (isErrno(value)) noteError(line, value);
    else values[attribute.toString()] = value.toString('base64');
  }
  if (Object.keys(values).length > 0) line['xattrs'] = values;
}
