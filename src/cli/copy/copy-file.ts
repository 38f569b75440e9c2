/**
 * A file's data from one side to the other: read a few pieces ahead, written in order (a file that
 * grows from its beginning on is laid out best, and some file systems know no other way). Holes
 * stay holes.
 */
import { Buffer } from 'node:buffer';
import { interruption } from '../../host/interrupt.ts';
import { Gate } from '../gate.ts';
import type { SourceFile, TargetFile } from './sides.ts';

const pieceBytes = 1024 * 1024;
const piecesAhead = 4;
/** Pieces in memory at a time, over all files. */
const piecesMost = 24;
/** Where the source cannot tell its holes, a block of zeroes this large becomes one. */
const holeBytes = 4096;

const pieces: Gate = new Gate(piecesMost);
const spare: Buffer[] = [];
const zeroes: Buffer = Buffer.alloc(holeBytes);

interface Piece {
  readonly buffer: Buffer;
  readonly offsetBytes: number;
  readonly read: Promise<number>;
}

export interface FileCopy {
  readonly source: SourceFile;
  readonly target: TargetFile;
  readonly sizeBytes: number;
  /** Whether fewer bytes are allocated than the size says, or nobody knows. */
  readonly mayHaveHoles: boolean;
  readonly onBytes: (bytes: number) => void;
}

/** Copies the data and sets the size. Throws what the sides throw. */
export async function copyData(copy: FileCopy): Promise<void> {
  const { source, target, sizeBytes } = copy;
  let endBytes = sizeBytes;
  let writtenBytes = 0;
  for (let atBytes = 0; atBytes < sizeBytes; ) {
    const extent = await source.nextData(atBytes, sizeBytes);
    if (extent === undefined) break;
    const skipZeroes = extent === 'unknown' && copy.mayHaveHoles;
    const begin = extent === 'unknown' ? atBytes : extent.beginBytes;
    const end = Math.min(extent === 'unknown' ? sizeBytes : extent.endBytes, sizeBytes);
    if (begin >= sizeBytes) break;
    const reached = await copyRange(copy, begin, end, skipZeroes);
    if (reached < end) {
      endBytes = reached; // the file has become shorter meanwhile
      break;
    }
    atBytes = end;
    if (!skipZeroes) writtenBytes = end;
  }
  if (writtenBytes !== endBytes) await target.setSize(endBytes);
}

/** Copies [beginBytes, endBytes); answers how far there was something to read. */
async function copyRange(
  copy: FileCopy,
  beginBytes: number,
  endBytes: number,
  skipZeroes: boolean,
): Promise<number> {
  const ahead: Piece[] = [];
  let nextBytes = beginBytes;
  let doneBytes = beginBytes;
  const start = async (): Promise<void> => {
    await pieces.enter();
    const length = Math.min(pieceBytes, endBytes - nextBytes);
    const buffer = (spare.pop() ?? Buffer.allocUnsafe(pieceBytes)).subarray(0, length);
    const read = readFully(copy.source, buffer, nextBytes);
    read.catch(() => {}); // looked at below, in its turn
    ahead.push({ buffer, offsetBytes: nextBytes, read });
    nextBytes += length;
  };
  const finish = async (piece: Piece): Promise<void> => {
    try {
      const got = await piece.read;
      if (interruption.aborted) throw interruption.reason;
      await writePiece(copy.target, piece.buffer.subarray(0, got), piece.offsetBytes, skipZeroes);
      copy.onBytes(got);
      doneBytes = piece.offsetBytes + got;
      if (got < piece.buffer.length) endBytes = doneBytes;
    } finally {
      giveBack(piece);
    }
  };
  try {
    while (doneBytes < endBytes) {
      // One piece always; more only where they need not be waited for.
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
      await piece.read.catch(() => {});
      giveBack(piece);
    }
  }
  return doneBytes;
}

function giveBack(piece: Piece): void {
  spare.push(Buffer.from(piece.buffer.buffer, piece.buffer.byteOffset, pieceBytes));
  pieces.leave();
}

/** Reads until the buffer is full or the file ends; answers the bytes read. */
async function readFully(source: SourceFile, buffer: Buffer, offsetBytes: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const got = await source.read(done === 0 ? buffer : buffer.subarray(done), offsetBytes + done);
    if (got === 0) break;
    done += got;
  }
  return done;
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
