/**
 * Reads directories, one or a whole tree, by descriptors: each directory is opened by its name in the
 * open one above it, and no symbolic link is followed. So a rename elsewhere leads nowhere wrong, and
 * depth has no limit but memory.
 *
 * (Node's recursive readdir does follow links to directories, and fails with ELOOP on a cycle.)
 */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import type { FsContext } from './context.ts';
import type { Place } from './place.ts';

/** Some entries of a directory. */
export interface Batch {
  /** The directory; undefined for the one where the walk began. */
  readonly place: Place | undefined;
  /** Their type is known: never DT_UNKNOWN. */
  readonly entries: readonly Dirent64[];
}

interface Frame {
  readonly fd: Fd;
  readonly place: Place | undefined;
  readonly subdirectories: Buffer[];
  next: number;
}

/** For opening what must be a directory and no link. */
export const directoryFlags: number = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW;

/** What opening a directory answers if it is gone, or is another thing by now. */
const gone: ReadonlySet<number> = new Set([-errno.ENOENT, -errno.ENOTDIR, -errno.ELOOP]);

/** S_IFREG and its like are DT_REG and its like, 12 bits further up: include/linux/fs_types.h. */
const typeShift = 12;

/** The next entries of an open directory, with their types; empty at its end, or an errno. */
export async function readTyped(context: FsContext, fd: Fd): Promise<Dirent64[] | Errno> {
  const entries = await context.calls.getdents64(fd);
  if (typeof entries === 'number') return entries;
  if (entries.every((entry) => entry.type !== abi.DT_UNKNOWN)) return entries;
  const typed: Dirent64[] = [];
  for (const entry of entries) {
    if (entry.type !== abi.DT_UNKNOWN) {
      typed.push(entry);
      continue;
    }
    const statx = await context.calls.statx(fd, entry.name, abi.AT_SYMLINK_NOFOLLOW);
    if (typeof statx === 'number' && statx !== -errno.ENOENT) return statx;
    if (typeof statx !== 'number') typed.push(entry.withType(statx.type >>> typeShift));
  }
  // All of them gone is not the end.
  return typed.length > 0 ? typed : readTyped(context, fd);
}

/** All entries from the descriptor's position on, by name as bytes; or an errno. */
export async function readSorted(context: FsContext, fd: Fd): Promise<Dirent64[] | Errno> {
  const all: { readonly key: string; readonly entry: Dirent64 }[] = [];
  for (;;) {
    const entries = await readTyped(context, fd);
    if (typeof entries === 'number') return entries;
    if (entries.length === 0) break;
    // As Latin-1, strings compare as the bytes do, and faster.
    for (const entry of entries) all.push({ key: entry.name.toString('latin1'), entry });
  }
  all.sort((a, b) => (a.key < b.key ? -1 : 1));
  return all.map(({ entry }) => entry);
}

/**
 * The tree below an open directory, in batches, each directory's before its subdirectories'. What
 * goes away meanwhile is left out. Throws what `fail` makes of an errno.
 */
export async function* walk(
  context: FsContext,
  root: Fd,
  fail: (ret: number, place: Place | undefined) => Error,
): AsyncGenerator<Batch> {
  const stack: Frame[] = [{ fd: root, place: undefined, subdirectories: [], next: -1 }];
  try {
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (frame.next < 0) {
        frame.next = 0;
        yield* batchesOf(context, frame, fail);
      }
      const name = frame.subdirectories[frame.next++];
      if (name === undefined) {
        stack.pop();
        if (frame.fd !== root) await context.calls.close(frame.fd);
        continue;
      }
      const place = { name, above: frame.place };
      const fd = await context.openAt(frame.fd, name, directoryFlags);
      if (fd >= 0) stack.push({ fd, place, subdirectories: [], next: -1 });
      else if (!gone.has(fd)) throw fail(fd, place);
    }
  } finally {
    for (const { fd } of stack) if (fd !== root) await context.calls.close(fd);
  }
}

async function* batchesOf(
  context: FsContext,
  frame: Frame,
  fail: (ret: number, place: Place | undefined) => Error,
): AsyncGenerator<Batch> {
  for (;;) {
    const entries = await readTyped(context, frame.fd);
    if (typeof entries === 'number') throw fail(entries, frame.place);
    if (entries.length === 0) return;
    for (const { name, type } of entries) if (type === abi.DT_DIR) frame.subdirectories.push(name);
    yield { place: frame.place, entries };
  }
}
