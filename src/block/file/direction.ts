/**
 * The calls with which Node reads from an open file, and those with which it writes, in one shape.
 */
import fs from 'node:fs';
import { EIO, negativeErrno } from '../errno.ts';
import { SegmentCursor } from '../segments.ts';

export type Done = (error: NodeJS.ErrnoException | null, countBytes: number) => void;

/** Node's calls for reading or for writing; the plain one has less to do than the vectored. */
export interface Direction {
  readonly sync: (fd: number, segments: readonly Uint8Array[], offsetBytes: number) => number;
  readonly start: (
    fd: number,
    segments: readonly Uint8Array[],
    offsetBytes: number,
    done: Done,
  ) => void;
  /** The answer when a call moves no bytes and gives no reason. */
  readonly nothingMore: (
    segments: readonly Uint8Array[],
    doneBytes: number,
    lengthBytes: number,
  ) => number;
  /** The negative errno of a call that failed. */
  readonly failed: (error: unknown) => number;
}

export const reading: Direction = {
  sync: (fd, segments, offsetBytes) => {
    const [only] = segments;
    if (segments.length !== 1 || only === undefined) return fs.readvSync(fd, segments, offsetBytes);
    return fs.readSync(fd, only, 0, only.length, offsetBytes);
  },
  start: (fd, segments, offsetBytes, done) => {
    const [only] = segments;
    if (segments.length !== 1 || only === undefined) fs.readv(fd, segments, offsetBytes, done);
    else fs.read(fd, only, 0, only.length, offsetBytes, done);
  },
  nothingMore: zeroesFrom,
  failed: negativeErrno,
};

export const writing: Direction = {
  sync: (fd, segments, offsetBytes) => {
    const [only] = segments;
    if (segments.length !== 1 || only === undefined)
      return fs.writevSync(fd, segments, offsetBytes);
    return fs.writeSync(fd, only, 0, only.length, offsetBytes);
  },
  start: (fd, segments, offsetBytes, done) => {
    const [only] = segments;
    if (segments.length !== 1 || only === undefined) fs.writev(fd, segments, offsetBytes, done);
    else fs.write(fd, only, 0, only.length, offsetBytes, done);
  },
  // Asking again could go on for ever.
  nothingMore: () => -EIO,
  failed: negativeErrno,
};

function zeroesFrom(
  segments: readonly Uint8Array[],
  fromBytes: number,
  lengthBytes: number,
): number {
  const cursor = new SegmentCursor(segments);
  cursor.skip(fromBytes);
  cursor.fillZeroes(lengthBytes - fromBytes);
  return 0;
}
