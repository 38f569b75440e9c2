/**
 * Every entry below a directory as a line of JSON, for comparing trees: what `fsbridge manifest`
 * prints. test/support/native/native-manifest.py prints the same of a native mount.
 *
 * A line: path (path64), type, mode, uid, gid, nlink, mtime, size, rdev, target (target64), xattrs,
 * sha256, error. `error` is the first errno met, in the order statx, readlink, attributes, data or
 * directory; where statx fails there is nothing but path and error. An error never ends the walk.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { interruption } from '../host/interrupt.ts';
import { putName } from '../observe/display-names.ts';
import { callError } from '../observe/messages.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { type Line, noteError, putStatx, putTarget, putXattrs } from './describe.ts';
import { Gate } from './gate.ts';
import { joinPath, type OpenFd, openHeld, openPlace, readNames } from './volume-path.ts';
import { workThrough } from './work-list.ts';

const width = 32;
/** Files hashed at a time, and how far each reads ahead. */
const hashWidth = 8;
const piecesAhead = 3;
const pieceBytes = 1024 * 1024;
const leastBytes = 4096;

export interface ManifestWish {
  readonly hash: boolean;
  /** Told of what was read, for a progress bar. */
  readonly onProgress?: (entries: number, bytes: number) => void;
}

export interface ManifestLine {
  readonly path: Buffer;
  readonly text: string;
}

/** An open directory, closed with the last entry that is looked up in it. */
interface Folder {
  readonly opened: OpenFd;
  users: number;
}

interface Task {
  readonly folder: Folder;
  readonly name: Buffer;
  readonly path: Buffer;
}

class ManifestWalk {
  readonly #volume: Volume;
  readonly #wish: ManifestWish;
  readonly #hashing = new Gate(hashWidth);
  readonly lines: ManifestLine[] = [];

  constructor(volume: Volume, wish: ManifestWish) {
    this.#volume = volume;
    this.#wish = wish;
  }

  async entry(task: Task, add: (more: Task) => void): Promise<void> {
    const { folder, name, path } = task;
    const line: Line = {};
    putName(line, 'path', path);
    try {
      await this.#describe(task, line, add);
    } finally {
      folder.users--;
      if (folder.users === 0) await folder.opened.close();
    }
    this.lines.push({ path, text: JSON.stringify(line) });
    this.#wish.onProgress?.(1, name.length);
  }

  async #describe(task: Task, line: Line, add: (more: Task) => void): Promise<void> {
    const { calls } = this.#volume;
    const { name } = task;
    const dirfd = task.folder.opened.fd;
    const found = await calls.statx(dirfd, name, abi.AT_SYMLINK_NOFOLLOW);
    if (typeof found === 'number') {
      noteError(line, found);
      return;
    }
    putStatx(line, found);
    if (found.type === abi.S_IFLNK) await putTarget(calls, dirfd, name, line);
    await putXattrs(calls, dirfd, name, line);
    if (found.type === abi.S_IFREG && this.#wish.hash) {
      await this.#hashing.run(() => this.#hash(task, found.size, line));
    }
    if (found.type === abi.S_IFDIR) await this.#enter(task, line, add);
  }

  async #enter(task: Task, line: Line, add: (more: Task) => void): Promise<void> {
    const flags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_NOATIME;
    const opened = await openHeld(this.#volume, task.folder.opened.fd, task.name, flags);
    if (typeof opened === 'number') {
      noteError(line, opened);
      return;
    }
    const { names, error } = await readNames(this.#volume.calls, opened.fd);
    if (error < 0) noteError(line, error);
    if (names.length === 0) {
      await opened.close();
      return;
    }
    const folder: Folder = { opened, users: names.length };
    for (const name of names) add({ folder, name, path: joinPath(task.path, name) });
  }

  async #hash(task: Task, sizeBytes: number, line: Line): Promise<void> {
    const flags = abi.O_RDONLY | abi.O_NOFOLLOW | abi.O_NOATIME | abi.O_NONBLOCK;
    const opened = await openHeld(this.#volume, task.folder.opened.fd, task.name, flags);
    if (typeof opened === 'number') {
      noteError(line, opened);
      return;
    }
    try {
      const answer = await this.#hashOpen(opened, sizeBytes);
      if (typeof answer === 'number') noteError(line, answer);
      else line['sha256'] = answer;
    } finally {
      await opened.close();
    }
  }

  async #hashOpen(opened: OpenFd, sizeBytes: number): Promise<string | number> {
    const digest = createHash('sha256');
    let doneBytes = 0;
    const take = (bytes: Buffer): void => {
      digest.update(bytes);
      doneBytes += bytes.length;
      this.#wish.onProgress?.(0, bytes.length);
    };
    // A short count is the end, or a place that cannot be read: the next read there tells.
    for (;;) {
      const before = doneBytes;
      const answer = await readAhead(this.#volume.calls, opened.fd, doneBytes, sizeBytes, take);
      if (answer < 0) return answer;
      if (doneBytes === before || interruption.aborted) return digest.digest('hex');
    }
  }
}

/**
 * Reads from an offset on until a read comes back short, a few pieces ahead; `take` gets the bytes
 * in order. 0, or a negative errno.
 */
async function readAhead(
  calls: LinuxCalls,
  fd: Fd,
  offsetBytes: number,
  sizeBytes: number,
  take: (bytes: Buffer) => void,
): Promise<number> {
  const length = Math.min(Math.max(sizeBytes - offsetBytes, leastBytes), pieceBytes);
  const ahead: { buffer: Buffer; read: Promise<number> }[] = [];
  let nextBytes = offsetBytes;
  const start = (buffer: Buffer): void => {
    ahead.push({ buffer, read: calls.pread(fd, buffer, nextBytes) });
    nextBytes += length;
  };
  do start(Buffer.allocUnsafe(length));
  while (ahead.length < piecesAhead && nextBytes < sizeBytes);
  let answer: number | undefined;
  for (let piece = ahead.shift(); piece !== undefined; piece = ahead.shift()) {
    const got = await piece.read;
    // What was asked for ahead is still waited for: the buffers are the kernel's until then.
    if (answer !== undefined) continue;
    if (got > 0) take(piece.buffer.subarray(0, got));
    if (got < length || interruption.aborted) answer = Math.min(got, 0);
    else if (nextBytes < sizeBytes) start(piece.buffer);
  }
  return answer ?? 0;
}

/**
 * The lines of everything below a path, and of what is there itself, sorted by the bytes of their
 * full paths. Throws only where the directories that lead to the path cannot be opened, or where
 * there is nothing of that name.
 */
export async function readManifest(
  volume: Volume,
  path: Buffer,
  wish: ManifestWish,
): Promise<ManifestLine[]> {
  const place = await openPlace(volume, path);
  const found = await volume.calls.statx(place.fd, place.name, abi.AT_SYMLINK_NOFOLLOW);
  if (found === -errno.ENOENT) throw callError(found, place.path);
  const walk = new ManifestWalk(volume, wish);
  const folder: Folder = { opened: place, users: 1 };
  const first: Task = { folder, name: place.name, path: place.path };
  await workThrough([first], { width, signal: interruption }, (task, add) => walk.entry(task, add));
  return walk.lines.sort((a, b) => Buffer.compare(a.path, b.path));
}
