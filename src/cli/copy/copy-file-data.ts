/**
 * Copies a file's data from one side to the other through memory. A few pieces are read ahead, and
 * all are written in order: a file that grows from its beginning is laid out best, and some file
 * systems know no other way.
 */
import { Buffer } from 'node:buffer';
import { interruption } from '../../host/interrupt.ts';
import { copyData, type DataExtent } from '../../vfs-linux/tree/copy-data.ts';
import { Semaphore } from '../semaphore.ts';
import type { SourceFile, TargetFile } from './sides.ts';

const pieceBytes = 1024 * 1024;
/** Of a file whose size is unknown, which is mostly a small one. */
const endlessPieceBytes = 65536;
const piecesAhead = 4;
/** Pieces of all files that are in memory at a time. */
const maxPieces = 24;
/** Where the source cannot tell its holes, a block of zeroes this large becomes one. */
const holeBytes = 4096;

const pieces: Semaphore = new Semaphore(maxPieces);
const spare: Buffer[] = [];
const zeroes: Buffer = Buffer.alloc(holeBytes);

interface Piece {
  readonly buffer: Buffer;
  readonly offsetBytes: number;
  readonly read: Promise<ReadPiece>;
}

/** What was read of a piece, and what ended it before its end, if anything. */
interface ReadPiece {
  readonly bytes: number;
  readonly error: unknown;
}

/** A place of the source that cannot be read. All before it was written to the target. */
export class SourceReadError extends Error {
  readonly atBytes: number;

  constructor(atBytes: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.atBytes = atBytes;
  }
}

export interface FileCopy {
  readonly source: SourceFile;
  readonly target: TargetFile;
  readonly sizeBytes: number;
  /** Whether fewer bytes are allocated than the size says, or the source does not know. */
  readonly mayHaveHoles: boolean;
  readonly onBytes: (bytes: number) => void;
}

/** Copies the data and sets the size. Throws SourceReadError, or what the target throws. */
export async function copyFileData(copy: FileCopy): Promise<void> {
  const { source, target, sizeBytes, mayHaveHoles } = copy;
  await copyData({
    sizeBytes,
    mayHaveHoles,
    nextData: (fromBytes) => source.nextData(fromBytes),
    copyRange: (extent, skipZeroes) => copyRange(copy, extent, skipZeroes),
    setSize: async (bytes) => {
      await target.setSize(bytes);
      return 0;
    },
  });
}

/** Copies a file whose size is unknown, from its beginning to its end. */
export async function copyToEnd(copy: Omit<FileCopy, 'sizeBytes' | 'mayHaveHoles'>): Promise<void> {
  const buffer = Buffer.allocUnsafe(endlessPieceBytes);
  for (let atBytes = 0; ; ) {
    const got = await copy.source.read(buffer, atBytes);
    if (interruption.aborted) throw interruption.reason;
    if (got === 0) return;
    await copy.target.write(buffer.subarray(0, got), atBytes);
    copy.onBytes(got);
    atBytes += got;
  }
}

/** Copies a stretch; answers how far there was something to read. */
async function copyRange(copy: FileCopy, extent: DataExtent, skipZeroes: boolean): Promise<number> {
  const { beginBytes } = extent;
  let { endBytes } = extent;
  const ahead: Piece[] = [];
  let nextBytes = beginBytes;
  let doneBytes = beginBytes;
  const start = async (): Promise<void> => {
    await pieces.acquire();
    const length = Math.min(pieceBytes, endBytes - nextBytes);
    const buffer = (spare.pop() ?? Buffer.allocUnsafe(pieceBytes)).subarray(0, length);
    const read = readFully(copy.source, buffer, nextBytes);
    ahead.push({ buffer, offsetBytes: nextBytes, read });
    nextBytes += length;
  };
  const finish = async (piece: Piece): Promise<void> => {
    try {
      const { bytes: got, error } = await piece.read;
      if (interruption.aborted) throw interruption.reason;
      await writePiece(copy.target, piece.buffer.subarray(0, got), piece.offsetBytes, skipZeroes);
      copy.onBytes(got);
      doneBytes = piece.offsetBytes + got;
      if (error !== undefined) throw new SourceReadError(doneBytes, error);
      if (got < piece.buffer.length) endBytes = doneBytes;
    } finally {
      giveBack(piece);
    }
  };
  try {
    while (doneBytes < endBytes) {
      // One piece always; more only where there is room for them at once.
      while (nextBytes < endBytes && ahead.length < piecesAhead) {
        if (ahead.length > 0 && pieces.isFull) break;
        await start();
      }
      const piece = ahead.shift();
      if (piece === undefined) break;
      await finish(piece);
    }
  } finally {
    for (const piece of ahead) {
      await piece.read;
      giveBack(piece);
    }
  }
  return doneBytes;
}

function giveBack(piece: Piece): void {
  spare.push(Buffer.from(piece.buffer.buffer, piece.buffer.byteOffset, pieceBytes));
  pieces.release();
}

/** Reads until the buffer is full, the file ends, or a read fails. Never throws. */
async function readFully(
  source: SourceFile,
  buffer: Buffer,
  offsetBytes: number,
): Promise<ReadPiece> {
  let done = 0;
  try {
    while (done < buffer.length) {
      const rest = done === 0 ? buffer : buffer.subarray(done);
      const got = await source.read(rest, offsetBytes + done);
      if (got === 0) break;
      done += got;
    }
    return { bytes: done, error: undefined };
  } catch (error) {
    return { bytes: done, error };
  }
}

function isZero(bytes: Buffer, begin: number, end: number): boolean {
  return bytes.compare(zeroes, 0, end - begin, begin, end) === 0;
}

async function writePiece(
  target: TargetFile,
  bytes: Buffer,
  offsetBytes: number,
  skipZeroes: boolean,
): Promise<void> {
  if (!skipZeroes) {
    if (bytes.length > 0) await target.write(bytes, offsetBytes);
    return;
  }
  for (let at = 0; at < bytes.length; ) {
    const zero = isZero(bytes, at, Math.min(at + holeBytes, bytes.length));
    let end = at;
    while (end < bytes.length) {
      const blockEnd = Math.min(end + holeBytes, bytes.length);
      if (isZero(bytes, end, blockEnd) !== zero) break;
      end = blockEnd;
    }
    if (!zero) await target.write(bytes.subarray(at, end), offsetBytes + at);
    at = end;
  }
}
