/**
 * A Readable of a file, like fs.ReadStream: the next chunk is read while the consumer has the last
 * one.
 *
 * Invariants:
 * 1. One request runs at a time, so chunks come in the file's order; at most one chunk is read
 *    ahead.
 * 2. The file is closed (unless autoClose is false) after the last request has ended.
 */
import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { windowBytes } from '../vfs-linux/limits.ts';
import { outOfRange } from './argument-errors.ts';
import { toInteger } from './arguments.ts';

/** The part of a FileHandle that the stream uses. */
export interface ReadableHandle {
  readonly fd: number;
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** An open file, or a function that opens one. */
export type ReadSource =
  | { readonly handle: ReadableHandle }
  | { readonly path: string | Uint8Array; readonly open: () => Promise<ReadableHandle> };

export interface ReadStreamOptions {
  readonly encoding?: BufferEncoding | undefined;
  readonly autoClose?: boolean | undefined;
  readonly emitClose?: boolean | undefined;
  /** The first byte; the file's position by default. */
  readonly start?: number | undefined;
  /** The last byte, inclusive. */
  readonly end?: number | undefined;
  /** The size of a chunk in bytes: 1 MiB by default. */
  readonly highWaterMark?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const nothing: Buffer = Buffer.alloc(0);

export class ReadStream extends Readable {
  readonly path: string | Uint8Array | undefined;
  bytesRead = 0;
  readonly #source: ReadSource;
  readonly #autoClose: boolean;
  readonly #chunkBytes: number;
  #handle: ReadableHandle | undefined;
  #positionBytes: number | null;
  #leftBytes: number;
  #ahead: Promise<Buffer> | undefined;

  constructor(source: ReadSource, options: ReadStreamOptions) {
    const { start, end } = options;
    if (start !== undefined) toInteger(start, 'start', 0);
    if (end !== undefined && end !== Number.POSITIVE_INFINITY) toInteger(end, 'end', 0);
    if (start !== undefined && end !== undefined && start > end) {
      throw outOfRange('start', `<= "end" (here: ${end})`, start);
    }
    super({
      highWaterMark: options.highWaterMark ?? windowBytes,
      autoDestroy: options.autoClose ?? true,
      emitClose: options.emitClose ?? true,
      ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    this.#source = source;
    this.path = 'path' in source ? source.path : undefined;
    this.#autoClose = options.autoClose ?? true;
    this.#chunkBytes = Math.max(1, options.highWaterMark ?? windowBytes);
    this.#positionBytes = start ?? null;
    this.#leftBytes = (end ?? Number.POSITIVE_INFINITY) - (start ?? 0) + 1;
    if ('handle' in source) this.#begin(source.handle);
  }

  get fd(): number | null {
    return this.#handle?.fd ?? null;
  }

  /** Whether the file is still to be opened. */
  get pending(): boolean {
    return this.#handle === undefined;
  }

  override _construct(callback: (error?: Error | null) => void): void {
    if ('handle' in this.#source) {
      callback();
      return;
    }
    this.#source.open().then((handle) => {
      this.#begin(handle);
      callback();
      this.emit('open', handle.fd);
      this.emit('ready');
    }, callback);
  }

  #begin(handle: ReadableHandle): void {
    this.#handle = handle;
    handle.once('close', this.#handleCloses);
  }

  readonly #handleCloses = (): void => {
    this.destroy();
  };

  /** The next chunk; an empty one at the end. */
  async #fetch(): Promise<Buffer> {
    const wanted = Math.min(this.#chunkBytes, this.#leftBytes);
    const handle = this.#handle;
    if (wanted <= 0 || handle === undefined) return nothing;
    const chunk = Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await handle.read(chunk, 0, wanted, this.#positionBytes);
    if (this.#positionBytes !== null) this.#positionBytes += bytesRead;
    this.#leftBytes -= bytesRead;
    if (bytesRead === wanted) return chunk;
    // A copy, so that a short chunk does not keep the memory of a long one.
    return Buffer.from(chunk.subarray(0, bytesRead));
  }

  override _read(): void {
    const current = this.#ahead ?? this.#fetch();
    this.#ahead = current;
    current.then(
      (chunk) => {
        if (this.destroyed) return;
        if (chunk.length === 0) {
          this.push(null);
          return;
        }
        this.bytesRead += chunk.length;
        this.#ahead = this.#fetch();
        // The next _read waits for it and reports its error.
        this.#ahead.catch(() => {});
        this.push(chunk);
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const end = async (): Promise<void> => {
      this.#handle?.off('close', this.#handleCloses);
      await this.#ahead?.catch(() => {});
      if (this.#autoClose) await this.#handle?.close();
    };
    end().then(
      () => callback(error),
      (closeError: Error) => callback(error ?? closeError),
    );
  }

  /** Stops reading and closes. */
  close(callback?: (error?: Error | null) => void): void {
    if (callback !== undefined) this.once('close', callback);
    this.destroy();
  }
}
