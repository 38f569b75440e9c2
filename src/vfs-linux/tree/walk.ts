/**
 * Reads a tree one directory after the other; the caller takes the entries when it wants them. Each
 * directory is opened by its name in the open one above it, and no symbolic link is followed. So a
 * rename elsewhere cannot lead out of the tree, and only memory limits the depth. (visit.ts goes
 * through many directories at once.)
 */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { Fd, LinuxCalls } from '../calls.ts';
import type { Dirent64 } from '../dirents.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { EntryPath } from './place.ts';
import { directoryFlags, readTyped } from './read-directory.ts';

/** Some entries of a directory. */
export interface Batch {
  /** The directory; undefined for the one where the walk began. */
  readonly path: EntryPath | undefined;
  /** With types that are never DT_UNKNOWN; or the errno of opening or reading the directory. */
  readonly entries: readonly Dirent64[] | Errno;
}

interface Frame {
  readonly fd: Fd;
  readonly path: EntryPath | undefined;
  readonly subdirectories: Buffer[];
  next: number;
}

/** The answers to opening a directory that is gone, or is something else by now. */
const gone: ReadonlySet<number> = new Set([-errno.ENOENT, -errno.ENOTDIR, -errno.ELOOP]);

/**
 * The tree below an open directory, in batches, each directory's before its subdirectories'.
 * Entries that go away meanwhile are left out. A directory that cannot be read is a batch with its
 * errno, and the walk continues after it.
 */
export async function* walk(calls: LinuxCalls, root: Fd): AsyncGenerator<Batch> {
  const stack: Frame[] = [{ fd: root, path: undefined, subdirectories: [], next: -1 }];
  try {
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (frame.next < 0) {
        frame.next = 0;
        yield* batchesOf(calls, frame);
      }
      const name = frame.subdirectories[frame.next++];
      if (name === undefined) {
        stack.pop();
        if (frame.fd !== root) await calls.close(frame.fd);
        continue;
      }
      const path = { name, above: frame.path };
      const fd = await calls.openat2(frame.fd, name, directoryFlags);
      if (!isErrno(fd)) stack.push({ fd, path, subdirectories: [], next: -1 });
      else if (!gone.has(fd)) yield { path, entries: fd };
    }
  } finally {
    for (const { fd } of stack) if (fd !== root) await calls.close(fd);
  }
}

async function* batchesOf(calls: LinuxCalls, frame: Frame): AsyncGenerator<Batch> {
  const { path, subdirectories } = frame;
  for (;;) {
    const entries = await readTyped(calls, frame.fd);
    if (!isErrno(entries)) {
      if (entries.length === 0) return;
      for (const { name, type } of entries) if (type === abi.DT_DIR) subdirectories.push(name);
    }
    yield { path, entries };
    if (isErrno(entries)) return;
  }
}
