/**
 * Dir, as fs.opendir answers it: a directory's entries one after the other, in the file system's
 * order, without keeping all of them in memory.
 *
 * Invariants:
 * 1. Reads and the close run one after the other.
 * 2. An open Dir is registered with the volume, which closes it before it is unmounted.
 */
import { Buffer } from 'node:buffer';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import type { EntryPath } from '../vfs-linux/tree/place.ts';
import { readTyped } from '../vfs-linux/tree/read-directory.ts';
import { walk } from '../vfs-linux/tree/walk.ts';
import { codedError } from './argument-errors.ts';
import { type FsPath, type NameEncoding, nameAs } from './arguments.ts';
import type { FsContext } from './context.ts';
import { Dirent } from './dirent.ts';
import { decodeName } from './escaped-names.ts';
import { parentPathOf, pathBelow } from './readdir.ts';

export interface OpendirOptions {
  readonly encoding?: NameEncoding | null | undefined;
  /** Accepted as in Node, without effect: the kernel gives as many entries as fit in its buffer. */
  readonly bufferSize?: number | undefined;
  /** The whole tree; symbolic links are not followed. */
  readonly recursive?: boolean | undefined;
}

interface DirParts {
  readonly context: FsContext;
  readonly fd: Fd;
  readonly path: FsPath;
  readonly kernelPath: PathLike;
  readonly options: OpendirOptions;
}

/** Some entries of a directory; `path` is undefined for the one that was opened. */
interface EntryBatch {
  readonly path: EntryPath | undefined;
  readonly entries: readonly Dirent64[];
}

export class Dir implements AsyncDisposable {
  readonly #parts: DirParts;
  readonly #encoding: NameEncoding;
  readonly #batches: AsyncGenerator<EntryBatch>;
  readonly #forget: () => void;
  #batch: EntryBatch | undefined;
  #next = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: DirParts) {
    this.#parts = parts;
    this.#encoding = parts.options.encoding ?? 'utf8';
    this.#batches = parts.options.recursive === true ? this.#tree() : this.#alone();
    this.#forget = parts.context.hold(() => this.#end());
  }

  /** The path that opendir was given. */
  get path(): string {
    const { path } = this.#parts;
    return typeof path === 'string' ? path : decodeName(Buffer.from(path));
  }

  /** The next entry; null at the end. Throws ERR_DIR_CLOSED after close. */
  read(): Promise<Dirent<string | Buffer> | null> {
    return this.#inTurn(async () => {
      this.#assertOpen();
      while (this.#batch === undefined || this.#next >= this.#batch.entries.length) {
        const { value, done } = await this.#batches.next();
        if (done === true) return null;
        this.#batch = value as EntryBatch;
        this.#next = 0;
      }
      const { path, entries } = this.#batch;
      const { name, type } = entries[this.#next++] as (typeof entries)[number];
      const parent = parentPathOf(this.#parts.path, path, this.#encoding);
      return new Dirent(nameAs(name, this.#encoding), parent, type);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => {
      this.#assertOpen();
      return this.#close();
    });
  }

  /** Closes it unless it is closed already. */
  #end(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#closed) await this.#close();
    });
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#batches.return(undefined);
    const { context, fd, kernelPath } = this.#parts;
    const ret = await context.calls.close(fd);
    this.#forget();
    context.check(ret, 'closedir', kernelPath);
  }

  #assertOpen(): void {
    if (this.#closed) throw codedError('ERR_DIR_CLOSED', 'Directory handle was closed');
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }

  async *#tree(): AsyncGenerator<EntryBatch> {
    const { context, fd, kernelPath } = this.#parts;
    for await (const { path, entries } of walk(context.calls, fd)) {
      if (isErrno(entries)) throw context.error(entries, 'scandir', pathBelow(kernelPath, path));
      yield { path, entries };
    }
  }

  async *#alone(): AsyncGenerator<EntryBatch> {
    const { context, fd, kernelPath } = this.#parts;
    for (;;) {
      const entries = context.found(await readTyped(context.calls, fd), 'scandir', kernelPath);
      if (entries.length === 0) return;
      yield { path: undefined, entries };
    }
  }

  /** All remaining entries; closes it at the end. */
  async *entries(): AsyncGenerator<Dirent<string | Buffer>, void, undefined> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
    } finally {
      await this.#end();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Dirent<string | Buffer>, void, undefined> {
    return this.entries();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
