/**
 * Reads and writes whole scatter lists at a position of an open file, synchronously or in libuv's
 * thread pool (sync-io-policy.ts and serial-read-detector.ts say which, and why).
 *
 * Invariants:
 * 1. One system call a request (pread, preadv, pwrite, pwritev), unless the host cuts it short;
 *    then the rest is asked for again.
 * 2. Bytes beyond the file's end read as zeroes, and writing there makes the file grow, unless
 *    `use` was given other calls (source-end.ts).
 * 3. After `close` every call is answered -ENODEV. The number of a closed file descriptor may
 *    belong to another file a moment later, which must not be written.
 * 4. A failed sync is remembered for good. Linux reports lost pages once and then takes them for
 *    clean (fsync(2), EIO; Documentation/filesystems/vfs.rst, "Handling errors during writeback"):
 *    a later fdatasync would answer 0 although the bytes are gone.
 */
import fs from 'node:fs';
import type { MaybePromise } from '../block-device.ts';
import { ENODEV, negativeErrno } from '../errno.ts';
import { dropBytes } from '../segments.ts';
import { type Direction, type Done, reading, writing } from './direction.ts';
import { SerialReadDetector } from './serial-read-detector.ts';
import { maxSyncBytes, SyncIoPolicy } from './sync-io-policy.ts';
import { threadPoolQuota } from './thread-pool-quota.ts';

export class FdIo {
  #fd: number;
  #lostErrno = 0;
  #reading = reading;
  #writing = writing;
  readonly #readPolicy = new SyncIoPolicy();
  readonly #writePolicy = new SyncIoPolicy();
  readonly #serialReads = new SerialReadDetector();

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens a file with open(2)'s flags. Rejects with Node's error. */
  static open(path: string, flags: number, mode = 0o600): Promise<FdIo> {
    return new Promise((resolve, reject) => {
      fs.open(path, flags, mode, (error, fd) => {
        if (error !== null) reject(error);
        else resolve(new FdIo(fd));
      });
    });
  }

  /** Makes other calls than Node's plain ones. */
  use(directions: { reading: Direction; writing: Direction }): void {
    this.#reading = directions.reading;
    this.#writing = directions.writing;
  }

  /** The opened file, whatever its path leads to by now. Rejects with Node's error. */
  stat(): Promise<fs.BigIntStats> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, { bigint: true }, (error, stats) => {
        if (error !== null) reject(error);
        else resolve(stats);
      });
    });
  }

  /** The opened file's size at this moment, in bytes; throws Node's error. */
  fileBytes(): number {
    return fs.fstatSync(this.#fd).size;
  }

  /** Fills the segments, lengthBytes in all, from that position on. 0 or a negative errno. */
  read(
    segments: readonly Uint8Array[],
    lengthBytes: number,
    offsetBytes: number,
  ): MaybePromise<number> {
    if (this.#fd < 0) return -ENODEV;
    if (lengthBytes === 0) return 0;
    if (lengthBytes > maxSyncBytes) {
      return threadPoolQuota.run(lengthBytes, () =>
        this.#fd < 0
          ? Promise.resolve(-ENODEV)
          : inPool(this.#reading, this.#fd, segments, lengthBytes, offsetBytes),
      );
    }
    const isFast = this.#readPolicy.admits(lengthBytes);
    if (!isFast && !this.#serialReads.admits()) {
      return this.#readSmallInPool(segments, lengthBytes, offsetBytes);
    }
    const startMs = this.#readPolicy.nowMs();
    const errno = synchronously(this.#reading, this.#fd, segments, lengthBytes, offsetBytes);
    if (isFast) this.#readPolicy.ended(startMs, lengthBytes);
    else this.#serialReads.ended(this.#readPolicy.nowMs() - startMs);
    return errno;
  }

  async #readSmallInPool(
    segments: readonly Uint8Array[],
    lengthBytes: number,
    offsetBytes: number,
  ): Promise<number> {
    const startMs = this.#readPolicy.nowMs();
    this.#serialReads.poolBegins();
    const errno = await inPool(this.#reading, this.#fd, segments, lengthBytes, offsetBytes);
    this.#serialReads.poolEnded(this.#readPolicy.nowMs() - startMs);
    return errno;
  }

  /** Writes the segments, lengthBytes in all, from that position on. 0 or a negative errno. */
  write(
    segments: readonly Uint8Array[],
    lengthBytes: number,
    offsetBytes: number,
  ): MaybePromise<number> {
    if (this.#fd < 0) return -ENODEV;
    if (lengthBytes === 0) return 0;
    if (!this.#writePolicy.admits(lengthBytes)) {
      return threadPoolQuota.run(lengthBytes, () =>
        this.#fd < 0
          ? Promise.resolve(-ENODEV)
          : inPool(this.#writing, this.#fd, segments, lengthBytes, offsetBytes),
      );
    }
    const startMs = this.#writePolicy.nowMs();
    const errno = synchronously(this.#writing, this.#fd, segments, lengthBytes, offsetBytes);
    this.#writePolicy.ended(startMs, lengthBytes);
    return errno;
  }

  /** Makes all written bytes durable; always in the pool, for it waits for the disk. */
  sync(): MaybePromise<number> {
    if (this.#fd < 0) return -ENODEV;
    if (this.#lostErrno !== 0) return this.#lostErrno;
    return new Promise((resolve) => {
      fs.fdatasync(this.#fd, (error) => {
        if (error !== null && this.#lostErrno === 0) this.#lostErrno = negativeErrno(error);
        resolve(this.#lostErrno);
      });
    });
  }

  /** Closes the file; a second call does nothing. */
  close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      fs.close(fd, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }
}

function synchronously(
  { sync, nothingMore, failed }: Direction,
  fd: number,
  segments: readonly Uint8Array[],
  lengthBytes: number,
  offsetBytes: number,
): number {
  let rest = segments;
  let doneBytes = 0;
  try {
    for (;;) {
      const countBytes = sync(fd, rest, offsetBytes + doneBytes);
      doneBytes += countBytes;
      if (doneBytes === lengthBytes) return 0;
      if (countBytes === 0) return nothingMore(segments, doneBytes, lengthBytes);
      rest = dropBytes(segments, doneBytes);
    }
  } catch (error) {
    return failed(error);
  }
}

function inPool(
  { start, nothingMore, failed }: Direction,
  fd: number,
  segments: readonly Uint8Array[],
  lengthBytes: number,
  offsetBytes: number,
): Promise<number> {
  return new Promise((resolve) => {
    let doneBytes = 0;
    const done: Done = (error, countBytes) => {
      if (error) return resolve(failed(error));
      doneBytes += countBytes;
      if (doneBytes === lengthBytes) return resolve(0);
      if (countBytes === 0) return resolve(nothingMore(segments, doneBytes, lengthBytes));
      start(fd, dropBytes(segments, doneBytes), offsetBytes + doneBytes, done);
    };
    start(fd, segments, offsetBytes, done);
  });
}
