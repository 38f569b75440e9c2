/** Operations on whole paths: mkdir with its parents, mkdtemp, realpath. */
import { Buffer } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { toBytes } from '../vfs-linux/names.ts';
import type { FsContext } from './context.ts';

const slashByte = 0x2f;
const templateLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const templateLength = 6;
const mkdtempTries = 100;

/** The path without its last name; undefined for a name alone and for the root. */
function above(path: Buffer): Buffer | undefined {
  let end = path.length;
  while (end > 1 && path[end - 1] === slashByte) end--;
  const slash = path.subarray(0, end).lastIndexOf(slashByte);
  if (slash < 0) return undefined;
  let length = slash;
  while (length > 1 && path[length - 1] === slashByte) length--;
  return length === 0 || end <= 1 ? undefined : path.subarray(0, length);
}

/** mkdir with its parents. Answers the first directory made; undefined if all existed. */
export async function mkdirs(
  context: FsContext,
  path: PathLike,
  mode: number,
): Promise<Buffer | undefined> {
  const { calls } = context;
  const missing: Buffer[] = [];
  let first: Buffer | undefined;
  for (let at: Buffer | undefined = toBytes(path); at !== undefined; ) {
    const ret = await calls.mkdirat(abi.AT_FDCWD, at, mode & ~context.umask);
    if (ret === -errno.ENOENT && above(at) !== undefined) {
      missing.push(at);
      at = above(at);
      continue;
    }
    if (ret >= 0) first ??= at;
    else await assertDirectory(context, at, ret, missing.length === 0);
    at = missing.pop();
  }
  return first;
}

/** Checks that what mkdir found at the path is a directory; throws Node's error if it is not. */
async function assertDirectory(
  context: FsContext,
  path: Buffer,
  ret: number,
  isLast: boolean,
): Promise<void> {
  const mayBeThere = ret === -errno.EEXIST || ret === -errno.EROFS || ret === -errno.EACCES;
  if (!mayBeThere) throw context.error(ret, 'mkdir', path);
  const statx = await context.calls.statx(abi.AT_FDCWD, path);
  if (!isErrno(statx) && statx.type === abi.S_IFDIR) return;
  if (ret !== -errno.EEXIST) throw context.error(ret, 'mkdir', path);
  if (!isLast) throw context.error(-errno.ENOTDIR, 'mkdir', path);
  // A symbolic link without a target is ENOENT, as in Node.
  throw context.error(isErrno(statx) ? statx : ret, 'mkdir', path);
}

/** Makes a directory that only its owner can use, named with the prefix and six random letters. */
export async function mkdtemp(context: FsContext, prefix: PathLike): Promise<Buffer> {
  const start = toBytes(prefix);
  for (let tries = 1; ; tries++) {
    let letters = '';
    while (letters.length < templateLength) {
      letters += templateLetters[randomInt(templateLetters.length)];
    }
    const path = Buffer.concat([start, Buffer.from(letters)]);
    const ret = await context.calls.mkdirat(abi.AT_FDCWD, path, 0o700);
    if (ret >= 0) return path;
    if (ret === -errno.EEXIST && tries < mkdtempTries) continue;
    throw context.error(ret, 'mkdtemp', Buffer.concat([start, Buffer.from('XXXXXX')]));
  }
}

/** The path from the volume's root, without links and dots. */
export function realpath(context: FsContext, path: PathLike): Promise<Buffer> {
  return context.withOpen(abi.AT_FDCWD, path, abi.O_PATH, async (fd) => {
    context.check(fd, 'realpath', path);
    return context.found(await context.pathOf(fd), 'realpath', path);
  });
}
