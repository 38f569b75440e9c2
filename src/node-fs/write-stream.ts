/**
 * A Writable of a file, like fs.WriteStream. Waiting chunks are written together, so that many
 * small chunks need few requests.
 *
 * Invariant: 'finish' comes when the kernel has all the data, and 'close' when the file is closed
 * (and, with `flush`, on the disk).
 */
import type { Buffer } from 'node:buffer';
import { Writable } from 'node:stream';
import { windowBytes } from '../vfs-linux/limits.ts';
import { toInteger } from './arguments.ts';

/** The part of a FileHandle that the stream uses. */
export interface WritableHandle {
  readonly fd: number;
  writev(buffers: readonly Buffer[], position: number | null): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** An open file, or a function that opens one. */
export type WriteTarget =
  | { readonly handle: WritableHandle }
  | { readonly path: string | Uint8Array; readonly open: () => Promise<WritableHandle> };

export interface WriteStreamOptions {
  readonly encoding?: BufferEncoding | undefined;
  readonly autoClose?: boolean | undefined;
  readonly emitClose?: boolean | undefined;
  /** The first byte; the file's position by default. */
  readonly start?: number | undefined;
  /** How many bytes may wait before write() answers false: 1 MiB by default. */
  readonly highWaterMark?: number | undefined;
  /** Calls fsync(2) before the file is closed. */
  readonly flush?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class WriteStream extends Writable {
  readonly path: string | Uint8Array | undefined;
  bytesWritten = 0;
  readonly #target: WriteTarget;
  readonly #autoClose: boolean;
  readonly #flush: boolean;
  #handle: WritableHandle | undefined;
  #positionBytes: number | null;
  #writing: Promise<void> | undefined;

  constructor(target: WriteTarget, options: WriteStreamOptions) {
    if (options.start !== undefined) toInteger(options.start, 'start', 0);
    super({
      highWaterMark: options.highWaterMark ?? windowBytes,
      autoDestroy: options.autoClose ?? true,
      emitClose: options.emitClose ?? true,
      decodeStrings: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    this.#target = target;
    this.path = 'path' in target ? target.path : undefined;
    this.#autoClose = options.autoClose ?? true;
    this.#flush = options.flush ?? false;
    this.#positionBytes = options.start ?? null;
    if ('handle' in target) this.#begin(target.handle);
    if (options.encoding !== undefined) this.setDefaultEncoding(options.encoding);
  }

  get fd(): number | null {
    return this.#handle?.fd ?? null;
  }

  /** Whether the file is still to be opened. */
  get pending(): boolean {
    return this.#handle === undefined;
  }

  override _construct(callback: (error?: Error | null) => void): void {
    if ('handle' in this.#target) {
      callback();
      return;
    }
    this.#target.open().then((handle) => {
      this.#begin(handle);
      callback();
      this.emit('open', handle.fd);
      this.emit('ready');
    }, callback);
  }

  #begin(handle: WritableHandle): void {
    this.#handle = handle;
    handle.once('close', this.#handleCloses);
  }

  readonly #handleCloses = (): void => {
    this.destroy();
  };

  /**
   * Writes all of it. The rest of a short write is written again, which then fails with the reason.
   */
  async #writeAll(buffers: readonly Buffer[]): Promise<void> {
    let rest = buffers;
    while (rest.length > 0) {
      const handle = this.#handle as WritableHandle;
      const { bytesWritten } = await handle.writev(rest, this.#positionBytes);
      this.bytesWritten += bytesWritten;
      if (this.#positionBytes !== null) this.#positionBytes += bytesWritten;
      rest = withoutFirst(rest, bytesWritten);
    }
  }

  #start(buffers: readonly Buffer[], callback: (error?: Error | null) => void): void {
    this.#writing = this.#writeAll(buffers);
    this.#writing.then(() => callback(), callback);
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#start([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#start(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const end = async (): Promise<void> => {
      this.#handle?.off('close', this.#handleCloses);
      await this.#writing?.catch(() => {});
      try {
        if (this.#flush && error === null) await this.#handle?.sync();
      } finally {
        if (this.#autoClose) await this.#handle?.close();
      }
    };
    end().then(
      () => callback(error),
      (endError: Error) => callback(error ?? endError),
    );
  }

  /** Writes the waiting chunks, and closes. */
  close(callback?: (error?: Error | null) => void): void {
    if (callback !== undefined) {
      if (this.closed) {
        process.nextTick(callback);
        return;
      }
      this.once('close', callback);
    }
    if (!this.#autoClose) this.once('finish', () => this.destroy());
    this.end();
  }
}

/** The buffers without their first bytes, and without empty ones. */
function withoutFirst(buffers: readonly Buffer[], bytes: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = bytes;
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}
