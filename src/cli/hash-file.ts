/** The SHA-256 of an open file of a volume, read a few pieces ahead. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { interruption } from '../host/interrupt.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';

const piecesAhead = 3;
const pieceBytes = 1024 * 1024;
const minPieceBytes = 4096;

/** The hash in hexadecimal, or an errno. `onBytes` gets the count of each piece that was read. */
export async function hashFile(
  calls: LinuxCalls,
  fd: Fd,
  sizeBytes: number,
  onBytes: (bytes: number) => void,
): Promise<string | Errno> {
  const digest = createHash('sha256');
  let doneBytes = 0;
  const take = (bytes: Buffer): void => {
    digest.update(bytes);
    doneBytes += bytes.length;
    onBytes(bytes.length);
  };
  // A short count means the end, or a place that cannot be read. The next read there shows which.
  for (;;) {
    const before = doneBytes;
    const error = await readAhead({ calls, fd, offsetBytes: doneBytes, sizeBytes, take });
    if (error !== undefined) return error;
    if (doneBytes === before || interruption.aborted) return digest.digest('hex');
  }
}

interface ReadingAhead {
  readonly calls: LinuxCalls;
  readonly fd: Fd;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Gets the bytes in order; they are overwritten after it. */
  readonly take: (bytes: Buffer) => void;
}

/** Reads from an offset on until a read comes back short. The errno of the read that failed. */
async function readAhead(reading: ReadingAhead): Promise<Errno | undefined> {
  const { calls, fd, offsetBytes, sizeBytes, take } = reading;
  const length = Math.min(Math.max(sizeBytes - offsetBytes, minPieceBytes), pieceBytes);
  const ahead: { buffer: Buffer; read: Promise<number> }[] = [];
  let nextBytes = offsetBytes;
  const start = (buffer: Buffer): void => {
    ahead.push({ buffer, read: calls.pread(fd, buffer, nextBytes) });
    nextBytes += length;
  };
  do start(Buffer.allocUnsafe(length));
  while (ahead.length < piecesAhead && nextBytes < sizeBytes);
  let error: Errno | undefined;
  let isOver = false;
  for (let piece = ahead.shift(); piece !== undefined; piece = ahead.shift()) {
    const got = await piece.read;
    // The reads that were begun end before this function does: their buffers are the kernel's.
    if (isOver) continue;
    if (isErrno(got)) error = got;
    else if (got > 0) take(piece.buffer.subarray(0, got));
    isOver = got < length || interruption.aborted;
    if (!isOver && nextBytes < sizeBytes) start(piece.buffer);
  }
  return error;
}
