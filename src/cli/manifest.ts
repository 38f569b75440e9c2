/**
 * Every entry below a directory as a line of JSON, for comparing trees: what `fsbridge manifest`
 * prints. test/support/native/native-manifest.py prints the same of a native mount.
 *
 * A line: path (path64), type, mode, uid, gid, nlink, mtime, size, rdev, target (target64), xattrs,
 * sha256, error. `error` is the first errno met, in the order statx, readlink, attributes, data or
 * directory; where statx fails there is nothing but path and error. An error never ends the walk.
 */
import { Buffer } from 'node:buffer';
import PQueue from 'p-queue';
import { interruption } from '../host/interrupt.ts';
import { putName } from '../observe/display-names.ts';
import { callError } from '../observe/messages.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { joinPath } from '../vfs-linux/tree/place.ts';
import { readNames } from '../vfs-linux/tree/read-directory.ts';
import { type TreeVisitor, visitTree } from '../vfs-linux/tree/visit.ts';
import { type Line, noteError, putStatx, putTarget, putXattrs } from './describe.ts';
import { hashFile } from './hash-file.ts';
import { findPlace, quietDirectoryFlags } from './volume-path.ts';

const width = 32;
/** Files hashed at a time. */
const hashWidth = 8;

export interface ManifestOptions {
  /** Whether regular files get a sha256. */
  readonly hash: boolean;
  /** Gets the count of entries and of bytes that were read, for a progress bar. */
  readonly onProgress?: (entries: number, bytes: number) => void;
}

export interface ManifestLine {
  readonly path: Buffer;
  readonly text: string;
}

/** An open directory whose entries are described. */
interface Folder {
  readonly fd: Fd;
  /** Of an entry in it: the path of the directory, or of the one entry where the walk begins. */
  readonly pathOf: (name: Buffer) => Buffer;
  /** The names in it that are still to be described. */
  readonly names: Buffer[];
}

class ManifestWalk implements TreeVisitor<Folder, Buffer> {
  readonly #calls: LinuxCalls;
  readonly #options: ManifestOptions;
  readonly #hashing = new PQueue({ concurrency: hashWidth });
  readonly lines: ManifestLine[] = [];

  constructor(calls: LinuxCalls, options: ManifestOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  async visit(folder: Folder, name: Buffer): Promise<Folder | undefined> {
    const path = folder.pathOf(name);
    const line: Line = {};
    putName(line, 'path', path);
    const inside = await this.#describe(folder, name, line);
    this.lines.push({ path, text: JSON.stringify(line) });
    this.#options.onProgress?.(1, name.length);
    return inside;
  }

  async next(folder: Folder): Promise<readonly Buffer[]> {
    const names = folder.names.splice(0);
    if (names.length === 0) await this.#calls.close(folder.fd);
    return names;
  }

  /** Fills in the line. Answers the directory that the entry is, open. */
  async #describe(folder: Folder, name: Buffer, line: Line): Promise<Folder | undefined> {
    const calls = this.#calls;
    const found = await calls.statx(folder.fd, name, abi.AT_SYMLINK_NOFOLLOW);
    if (isErrno(found)) {
      noteError(line, found);
      return undefined;
    }
    putStatx(line, found);
    if (found.type === abi.S_IFLNK) await putTarget(calls, folder.fd, name, line);
    await putXattrs(calls, folder.fd, name, line);
    if (found.type === abi.S_IFREG && this.#options.hash) {
      await this.#hashing.add(() => this.#putHash(folder.fd, name, found.size, line));
    }
    return found.type === abi.S_IFDIR ? this.#enter(folder, name, line) : undefined;
  }

  async #enter(folder: Folder, name: Buffer, line: Line): Promise<Folder | undefined> {
    const fd = await this.#calls.openat2(folder.fd, name, quietDirectoryFlags);
    if (isErrno(fd)) {
      noteError(line, fd);
      return undefined;
    }
    const { names, error } = await readNames(this.#calls, fd);
    if (error !== undefined) noteError(line, error);
    const path = folder.pathOf(name);
    return { fd, pathOf: (inside) => joinPath(path, inside), names };
  }

  async #putHash(dirfd: Fd, name: Buffer, sizeBytes: number, line: Line): Promise<void> {
    const flags = abi.O_RDONLY | abi.O_NOFOLLOW | abi.O_NOATIME | abi.O_NONBLOCK;
    const fd = await this.#calls.openat2(dirfd, name, flags | abi.O_CLOEXEC);
    if (isErrno(fd)) {
      noteError(line, fd);
      return;
    }
    try {
      const onBytes = (bytes: number): void => this.#options.onProgress?.(0, bytes);
      const answer = await hashFile(this.#calls, fd, sizeBytes, onBytes);
      if (isErrno(answer)) noteError(line, answer);
      else line['sha256'] = answer;
    } finally {
      await this.#calls.close(fd);
    }
  }
}

/**
 * The lines of everything below a path, and of what is there itself, sorted by the bytes of their
 * full paths. Throws only where the directories that lead to the path cannot be opened, or where
 * there is nothing of that name.
 */
export async function readManifest(
  calls: LinuxCalls,
  path: Buffer,
  options: ManifestOptions,
): Promise<ManifestLine[]> {
  const place = await findPlace(calls, path);
  const found = await calls.statx(place.dirfd, place.name, abi.AT_SYMLINK_NOFOLLOW);
  if (found === -errno.ENOENT) throw callError(found, place.path);
  const walk = new ManifestWalk(calls, options);
  const top: Folder = { fd: place.dirfd, pathOf: () => place.path, names: [] };
  await visitTree(walk, top, place.name, { width, signal: interruption });
  return walk.lines.sort((a, b) => Buffer.compare(a.path, b.path));
}
