/**
 * Guards a source that becomes shorter while it is open: a file that another program cuts off or
 * writes anew, a disk whose size changes or that is pulled out.
 *
 * Invariants:
 * 1. A read that the source can no longer answer is -EIO, never zeroes. Nothing is asked of the
 *    host for it: the host's call moves no bytes there.
 * 2. A write to what a file no longer has is -EIO, and the file does not grow. A write asks for the
 *    file's size first, because the host would let the file grow (pwrite(2)); a disk refuses such a
 *    write itself with ENOSPC (block/fops.c, blkdev_write_iter). A file that is cut off between the
 *    two can still grow.
 * 3. What was once found missing stays missing until the source is opened again, even where the
 *    source is longer again: its new bytes are not those that the kernel knows.
 * 4. It is reported once.
 */
import fs from 'node:fs';
import { totalBytes } from '../block-device.ts';
import { EIO, ENOSPC } from '../errno.ts';
import { type Direction, reading, writing } from './direction.ts';
import type { FdIo } from './fd-io.ts';

/** Takes a whole sentence for a person. */
export type OnWarning = (sentence: string) => void;

export interface SourceEndOptions {
  readonly name: string;
  /** The bytes of the device; `hadBytes` may be a rest of less than a block more. */
  readonly sizeBytes: number;
  /** The source's size at open. */
  readonly hadBytes: number;
  /** Asks the host for the size, in bytes; 0 where the source is gone. */
  readonly measure: () => number;
  readonly onWarning: OnWarning | undefined;
}

/** The error of a write to what the source no longer has. */
const missingError: NodeJS.ErrnoException = Object.assign(
  new Error('the source no longer has these bytes'),
  { code: 'EIO' },
);

export class SourceEnd {
  readonly #options: SourceEndOptions;
  /** How much of the device was never found missing. */
  #presentBytes: number;
  #isReported = false;

  constructor(options: SourceEndOptions) {
    this.#options = options;
    this.#presentBytes = options.sizeBytes;
  }

  /** Whether the source has everything before endBytes, as far as is known. */
  has(endBytes: number): boolean {
    return endBytes <= this.#presentBytes;
  }

  /** Notes the size of the source. */
  measured(bytes: number): void {
    const { name, sizeBytes, hadBytes, onWarning } = this.#options;
    if (bytes >= sizeBytes) return;
    this.#presentBytes = Math.min(this.#presentBytes, bytes);
    if (this.#isReported) return;
    this.#isReported = true;
    onWarning?.(
      `${name}: the source became shorter: it had ${hadBytes} bytes and has ${bytes}; what it no ` +
        'longer has cannot be read or written (EIO). Restore the source, and open it again.',
    );
  }

  /** Measures the source; whether some of it is missing. */
  isShorter(): boolean {
    try {
      this.measured(this.#options.measure());
    } catch {
      // A source that does not tell its size is answered by the error of the call on it.
    }
    return this.#presentBytes < this.#options.sizeBytes;
  }
}

/** Lets the reads and writes of that open file or disk keep to the end. */
export function guardEnd(io: FdIo, end: SourceEnd, kind: 'file' | 'disk'): void {
  io.use({
    reading: guardedReading(end),
    writing: kind === 'file' ? guardedFileWriting(end) : guardedDiskWriting(end),
  });
}

function guardedReading(end: SourceEnd): Direction {
  const nothingMore = (): number => {
    end.isShorter();
    return -EIO;
  };
  return {
    sync: (fd, segments, offsetBytes) =>
      end.has(offsetBytes + totalBytes(segments)) ? reading.sync(fd, segments, offsetBytes) : 0,
    start: (fd, segments, offsetBytes, done) => {
      if (end.has(offsetBytes + totalBytes(segments))) {
        reading.start(fd, segments, offsetBytes, done);
      } else {
        done(null, 0);
      }
    },
    nothingMore,
    failed: reading.failed,
  };
}

function guardedFileWriting(end: SourceEnd): Direction {
  // The kernel writes in bursts: one question is enough for the writes of one run of JavaScript.
  let isMeasured = false;
  const forget = (): void => {
    isMeasured = false;
  };
  return {
    sync: (fd, segments, offsetBytes) => {
      if (!isMeasured) {
        end.measured(fs.fstatSync(fd).size);
        isMeasured = true;
        queueMicrotask(forget);
      }
      if (!end.has(offsetBytes + totalBytes(segments))) throw missingError;
      return writing.sync(fd, segments, offsetBytes);
    },
    start: (fd, segments, offsetBytes, done) => {
      fs.fstat(fd, (error, stats) => {
        if (error !== null) return done(error, 0);
        end.measured(stats.size);
        if (!end.has(offsetBytes + totalBytes(segments))) return done(missingError, 0);
        writing.start(fd, segments, offsetBytes, done);
      });
    },
    nothingMore: writing.nothingMore,
    failed: writing.failed,
  };
}

function guardedDiskWriting(end: SourceEnd): Direction {
  return {
    ...writing,
    sync: (fd, segments, offsetBytes) => {
      if (!end.has(offsetBytes + totalBytes(segments))) throw missingError;
      return writing.sync(fd, segments, offsetBytes);
    },
    start: (fd, segments, offsetBytes, done) => {
      if (!end.has(offsetBytes + totalBytes(segments))) return done(missingError, 0);
      writing.start(fd, segments, offsetBytes, done);
    },
    failed: (error) => {
      const errno = writing.failed(error);
      return errno === -ENOSPC && end.isShorter() ? -EIO : errno;
    },
  };
}
