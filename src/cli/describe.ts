/** One entry of a volume as the line of a manifest, or of `ls --json`. */
import { Buffer } from 'node:buffer';
import { putName } from '../observe/display-names.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { errnoName } from '../vfs-linux/errors.ts';
import type { Statx, Timespec } from '../vfs-linux/statx.ts';
import { listXattrs, readXattr } from '../vfs-linux/tree/xattrs.ts';

export type Line = Record<string, unknown>;

const typeNames: ReadonlyMap<number, string> = new Map([
  [abi.S_IFREG, 'file'],
  [abi.S_IFDIR, 'directory'],
  [abi.S_IFLNK, 'symlink'],
  [abi.S_IFCHR, 'char'],
  [abi.S_IFBLK, 'block'],
  [abi.S_IFIFO, 'fifo'],
  [abi.S_IFSOCK, 'socket'],
]);

/** "file", "directory", …; the octal number of a type that Linux does not have. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `0${type.toString(8)}`;
}

/** Seconds rounded down, a point, nine digits: half a second before 1970 is "-1.500000000". */
function timeText(time: Timespec): string {
  return `${time.sec}.${String(time.nsec).padStart(9, '0')}`;
}

/** Notes an errno; the first one stays. */
export function noteError(line: Line, ret: number): void {
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
  if (type === abi.S_IFCHR || type === abi.S_IFBLK) {
    line['rdev'] = [found.rdevMajor, found.rdevMinor];
  }
}

export async function putTarget(
  calls: LinuxCalls,
  dirfd: Fd,
  name: Buffer,
  line: Line,
): Promise<void> {
  const target = await calls.readlinkat(dirfd, name);
  if (typeof target === 'number') noteError(line, target);
  else putName(line, 'target', target);
}

/**
 * The attributes into the line. A name that is no UTF-8 gets U+FFFD for what is not, as JSON has no
 * place for it; a file system without attributes has none.
 */
export async function putXattrs(
  calls: LinuxCalls,
  dirfd: Fd,
  name: Buffer,
  line: Line,
): Promise<void> {
  const subject = { dirfd, name, atFlags: abi.AT_SYMLINK_NOFOLLOW };
  const names = await listXattrs(calls, subject);
  if (typeof names === 'number') {
    if (names !== -errno.EOPNOTSUPP) noteError(line, names);
    return;
  }
  const values: Record<string, string> = {};
  let any = false;
  for (const attribute of names.sort(Buffer.compare)) {
    const value = await readXattr(calls, subject, attribute);
    if (typeof value === 'number') {
      noteError(line, value);
      continue;
    }
    any = true;
    values[attribute.toString()] = value.toString('base64');
  }
  if (any) line['xattrs'] = values;
}
