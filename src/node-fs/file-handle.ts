/**
 * FileHandle of node:fs/promises, for a file of a volume. It has LinuxFile's methods too.
 *
 * `fd` is a descriptor of the volume's kernel: node:fs does not know it.
 */
import { Buffer } from 'node:buffer';
import { createInterface, type Interface } from 'node:readline/promises';
import { abi } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { windowBytes } from '../vfs-linux/limits.ts';
import { invalidType, outOfRange, throwIfAborted } from './argument-errors.ts';
import {
  type Mode,
  optionsOf,
  toBuffer,
  toInteger,
  toMode,
  toOwner,
  toPosition,
} from './arguments.ts';
import {
  bytesOf,
  type Content,
  checkContent,
  gather,
  piecesOf,
  preadAcross,
  readToEnd,
} from './content.ts';
import { LinuxFile } from './linux-file.ts';
import { ReadStream, type ReadStreamOptions } from './read-stream.ts';
import { type BigIntStats, type StatOptions, type Stats, toStats } from './stats.ts';
import { type TimeLike, toTime } from './times.ts';
import { WriteStream, type WriteStreamOptions } from './write-stream.ts';

type View = NodeJS.ArrayBufferView;
type Position = number | bigint | null | undefined;

export interface ReadOptions<T extends View = Buffer> {
  readonly buffer?: T | undefined;
  readonly offset?: number | null | undefined;
  readonly length?: number | null | undefined;
  readonly position?: Position;
}

export interface WriteOptions {
  readonly offset?: number | undefined;
  readonly length?: number | undefined;
  readonly position?: number | null | undefined;
}

export interface ReadFileOptions {
  readonly encoding?: BufferEncoding | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteFileOptions extends ReadFileOptions {
  /** Calls fsync(2) at the end. */
  readonly flush?: boolean | undefined;
}

const readDefaultBytes = 16384;

/** The arguments of FileHandle.read, evaluated. */
interface ReadRange {
  target: Buffer;
  position: number | undefined;
}

function readRange(view: View, options: ReadOptions<View>): ReadRange {
  const offset = toInteger(options.offset ?? 0, 'offset', 0);
  const length = toInteger(options.length ?? view.byteLength - offset, 'length');
  const position = toPosition(options.position);
  if (length < 0) throw outOfRange('length', '>= 0', length);
  if (offset + length > view.byteLength) {
    throw outOfRange('length', `<= ${view.byteLength - offset}`, length);
  }
  return { target: toBuffer(view).subarray(offset, offset + length), position };
}

export class FileHandle extends LinuxFile {
  /** Answers fewer bytes than asked for at the file's end, and 0 only there. */
  read<T extends View>(
    buffer: T,
    offset?: number | null,
    length?: number | null,
    position?: Position,
  ): Promise<{ bytesRead: number; buffer: T }>;
  read<T extends View>(
    buffer: T,
    options?: Omit<ReadOptions<T>, 'buffer'>,
  ): Promise<{ bytesRead: number; buffer: T }>;
  read<T extends View = Buffer>(
    options?: ReadOptions<T>,
  ): Promise<{ bytesRead: number; buffer: T }>;
  async read(
    first?: View | ReadOptions<View> | null,
    second?: number | ReadOptions<View> | null,
    length?: number | null,
    position?: Position,
  ): Promise<{ bytesRead: number; buffer: View }> {
    let options: ReadOptions<View>;
    if (!ArrayBuffer.isView(first)) options = first ?? {};
    else if (typeof second === 'object' && second !== null) options = { ...second, buffer: first };
    else options = { buffer: first, offset: second, length, position };
    const buffer = options.buffer ?? Buffer.alloc(readDefaultBytes);
    if (!ArrayBuffer.isView(buffer)) throw invalidType('buffer', 'a Buffer or a view', buffer);
    const { target, position: at } = readRange(buffer, options);
    if (target.length === 0) return { bytesRead: 0, buffer };
    const bytesRead = await this.checked('read', (fd, calls) =>
      this.atPosition(at, (offset) => preadAcross(calls, fd, target, offset)),
    );
    return { bytesRead, buffer };
  }

  async readv<T extends readonly View[]>(
    buffers: T,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffers: T }> {
    const targets = toBuffers(buffers);
    const total = targets.reduce((sum, target) => sum + target.length, 0);
    if (total === 0) return { bytesRead: 0, buffers };
    const bytesRead = await this.checked('read', (fd, calls) =>
      this.atPosition(toPosition(position), async (offset) => {
        const content = Buffer.allocUnsafe(total);
        const moved = await preadAcross(calls, fd, content, offset);
        let done = 0;
        for (const target of targets) done += content.copy(target, 0, done, Math.max(done, moved));
        return moved;
      }),
    );
    return { bytesRead, buffers };
  }

  /** Like write(2) it may write fewer bytes than given, as on a full disk. */
  write<T extends View>(
    buffer: T,
    offset?: number | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: T }>;
  write<T extends View>(
    buffer: T,
    options?: WriteOptions,
  ): Promise<{ bytesWritten: number; buffer: T }>;
  write(
    text: string,
    position?: number | null,
    encoding?: BufferEncoding | null,
  ): Promise<{ bytesWritten: number; buffer: string }>;
  async write(
    data: View | string,
    second?: number | WriteOptions | null,
    third?: number | BufferEncoding | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: View | string }> {
    if (typeof data === 'string') {
      const encoding = typeof third === 'string' ? third : 'utf8';
      const at = typeof second === 'number' ? second : undefined;
      return { bytesWritten: await this.#write(Buffer.from(data, encoding), at), buffer: data };
    }
    if (!ArrayBuffer.isView(data)) throw invalidType('buffer', 'a string, Buffer or view', data);
    if (data.byteLength === 0) return { bytesWritten: 0, buffer: data };
    const options =
      typeof second === 'object' && second !== null
        ? second
        : { offset: second, length: typeof third === 'number' ? third : undefined, position };
    const { target } = readRange(data, { offset: options.offset, length: options.length });
    const at = typeof options.position === 'number' ? options.position : undefined;
    return { bytesWritten: await this.#write(target, at), buffer: data };
  }

  #write(source: Buffer, position: number | undefined): Promise<number> {
    if (source.length === 0) return Promise.resolve(0);
    const at = toPosition(position);
    return this.checked('write', async (fd, calls) => {
      const moved = await this.atPosition(at, (offset) => calls.pwrite(fd, source, offset));
      if (at === undefined) await this.positionAfterAppend(fd);
      return moved;
    });
  }

  async writev<T extends readonly View[]>(
    buffers: T,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffers: T }> {
    let at = toPosition(typeof position === 'number' ? position : undefined);
    let bytesWritten = 0;
    for (const part of gather(toBuffers(buffers))) {
      const moved = await this.#write(part, at);
      bytesWritten += moved;
      if (at !== undefined) at += moved;
      if (moved < part.length) break;
    }
    return { bytesWritten, buffers };
  }

  /** Reads from the current position to the end. */
  readFile(options?: (ReadFileOptions & { encoding?: null | undefined }) | null): Promise<Buffer>;
  readFile(
    options: (ReadFileOptions & { encoding: BufferEncoding }) | BufferEncoding,
  ): Promise<string>;
  readFile(options?: ReadFileOptions | BufferEncoding | null): Promise<string | Buffer>;
  async readFile(options?: ReadFileOptions | BufferEncoding | null): Promise<string | Buffer> {
    const { encoding, signal } = optionsOf<ReadFileOptions>(options);
    throwIfAborted(signal);
    let content: Buffer | undefined;
    await this.checked('read', (fd, calls) =>
      this.atPosition(undefined, async (offset) => {
        const answer = await readToEnd(calls, fd, offset, signal);
        if (isErrno(answer)) return answer;
        content = answer;
        return answer.length;
      }),
    );
    const read = content as Buffer;
    return encoding ? read.toString(encoding) : read;
  }

  /** Writes all of it at the current position, without cutting the file first. */
  async writeFile(
    data: Content,
    options?: WriteFileOptions | BufferEncoding | null,
  ): Promise<void> {
    const { encoding, signal, flush } = optionsOf<WriteFileOptions>(options);
    checkContent(data);
    throwIfAborted(signal);
    if (typeof data === 'string' || ArrayBuffer.isView(data)) {
      await this.#writeAll(bytesOf(data, encoding), signal);
    } else {
      for await (const piece of piecesOf(data, encoding)) await this.#writeAll(piece, signal);
    }
    if (flush === true) await this.sync();
  }

  appendFile(data: Content, options?: WriteFileOptions | BufferEncoding | null): Promise<void> {
    return this.writeFile(data, options);
  }

  async #writeAll(source: Buffer, signal: AbortSignal | undefined): Promise<void> {
    for (let done = 0; done < source.length; ) {
      throwIfAborted(signal);
      done += await this.#write(source.subarray(done, done + windowBytes), undefined);
    }
    throwIfAborted(signal);
  }

  stat(options?: StatOptions & { bigint?: false | undefined }): Promise<Stats>;
  stat(options: StatOptions & { bigint: true }): Promise<BigIntStats>;
  stat(options?: StatOptions): Promise<Stats | BigIntStats>;
  async stat(options?: StatOptions): Promise<Stats | BigIntStats> {
    const answer = await this.using('fstat', (fd, calls) => calls.fstatx(fd));
    return toStats(this.context.found(answer, 'fstat'), options);
  }

  async chmod(mode: Mode): Promise<void> {
    const bits = toMode(mode, 0);
    await this.checked('fchmod', (fd, calls) => calls.fchmodat2(fd, '', bits, abi.AT_EMPTY_PATH));
  }

  async chown(uid: number, gid: number): Promise<void> {
    const owner = toOwner(uid, 'uid');
    const group = toOwner(gid, 'gid');
    await this.checked('fchown', (fd, calls) =>
      calls.fchownat(fd, '', { uid: owner, gid: group }, abi.AT_EMPTY_PATH),
    );
  }

  async utimes(atime: TimeLike, mtime: TimeLike): Promise<void> {
    const access = toTime(atime, 'atime');
    const change = toTime(mtime, 'mtime');
    await this.checked('futime', (fd, calls) =>
      calls.utimensat(fd, '', { atime: access, mtime: change }, abi.AT_EMPTY_PATH),
    );
  }

  /** Cuts the file, or fills it up with zeroes. A length below 0 counts as 0, as in Node. */
  async truncate(lengthBytes = 0): Promise<void> {
    const length = Math.max(0, toInteger(lengthBytes, 'len'));
    await this.checked('ftruncate', (fd, calls) => calls.ftruncate(fd, length));
  }

  async sync(): Promise<void> {
    await this.checked('fsync', (fd, calls) => calls.fsync(fd));
  }

  async datasync(): Promise<void> {
    await this.checked('fdatasync', (fd, calls) => calls.fdatasync(fd));
  }

  createReadStream(options: ReadStreamOptions = {}): ReadStream {
    this.assertOpen();
    return new ReadStream({ handle: this }, options);
  }

  createWriteStream(options: WriteStreamOptions = {}): WriteStream {
    this.assertOpen();
    return new WriteStream({ handle: this }, options);
  }

  readLines(options: ReadStreamOptions = {}): Interface {
    return createInterface({
      input: this.createReadStream(options),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
  }
}

function toBuffers(views: readonly View[]): Buffer[] {
  if (!Array.isArray(views)) throw invalidType('buffers', 'an array of Buffers or views', views);
  return views.map((view: unknown) => {
    if (ArrayBuffer.isView(view)) return toBuffer(view as View);
    throw invalidType('buffers', 'an array of Buffers or views', views);
  });
}
