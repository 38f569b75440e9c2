/**
 * Whole contents of open files: read and written in windows of the request ring, directly into and
 * out of the caller's memory.
 *
 * Invariant: when a function of this file has answered, no request on its buffers is under way.
 */
import { Buffer, constants as bufferLimits } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { windowBytes } from '../vfs-linux/limits.ts';
import { codedError, invalidType, throwIfAborted } from './argument-errors.ts';
import { toBuffer } from './arguments.ts';

/** With two, the disk works while the last window is copied; more would only switch threads. */
const windowsInFlight = 2;
/** Bytes that are read between two checks of an AbortSignal. */
const abortableBytes = 8 * windowBytes;
/** For files whose size is 0 before they are read, such as those of /proc. */
const unknownBytes = 65536;

/** Content to write: at once, or piece by piece. */
export type Content =
  | string
  | NodeJS.ArrayBufferView
  | Iterable<string | NodeJS.ArrayBufferView>
  | AsyncIterable<string | NodeJS.ArrayBufferView>;

/**
 * pread of any length, with several windows under way. Fills `target` up to the file's end or the
 * first error; answers the bytes, or the errno where there are none before it.
 */
export async function preadAcross(
  calls: LinuxCalls,
  fd: Fd,
  target: Buffer,
  offsetBytes: number,
): Promise<number> {
  if (target.length <= windowBytes) return calls.pread(fd, target, offsetBytes);
  const underWay: Promise<number>[] = [];
  let asked = 0;
  let done = 0;
  for (;;) {
    while (asked < target.length && underWay.length < windowsInFlight) {
      const part = target.subarray(asked, asked + windowBytes);
      underWay.push(calls.pread(fd, part, offsetBytes + asked));
      asked += part.length;
    }
    const first = underWay.shift();
    if (first === undefined) return done;
    const expected = Math.min(windowBytes, target.length - done);
    const moved = await first;
    if (moved === expected) {
      done += moved;
      continue;
    }
    await Promise.all(underWay);
    return moved < 0 && done === 0 ? moved : done + Math.max(moved, 0);
  }
}

/** From offsetBytes to the end: the content, or a negative errno. Throws ERR_FS_FILE_TOO_LARGE. */
export async function readToEnd(
  calls: LinuxCalls,
  fd: Fd,
  offsetBytes: number,
  signal?: AbortSignal,
): Promise<Buffer | Errno> {
  const statx = await calls.fstatx(fd);
  if (isErrno(statx)) return statx;
  const sizeBytes = statx.type === abi.S_IFREG ? Math.max(0, statx.size - offsetBytes) : 0;
  if (sizeBytes > bufferLimits.MAX_LENGTH) {
    const text = `File size (${sizeBytes}) is greater than ${bufferLimits.MAX_LENGTH} bytes`;
    throw codedError('ERR_FS_FILE_TOO_LARGE', text);
  }
  throwIfAborted(signal);
  if (sizeBytes === 0) return readUnknown(calls, fd, offsetBytes, signal);
  const content = Buffer.allocUnsafeSlow(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    // With a signal, only so much at a time that an abort ends it soon.
    const end = signal === undefined ? sizeBytes : done + abortableBytes;
    const part = content.subarray(done, Math.min(end, sizeBytes));
    const moved = await preadAcross(calls, fd, part, offsetBytes + done);
    throwIfAborted(signal);
    if (isErrno(moved)) return moved;
    if (moved === 0) break;
    done += moved;
  }
  return content.subarray(0, done);
}

async function readUnknown(
  calls: LinuxCalls,
  fd: Fd,
  offsetBytes: number,
  signal: AbortSignal | undefined,
): Promise<Buffer | Errno> {
  const parts: Buffer[] = [];
  for (let done = 0; ; ) {
    const part = Buffer.allocUnsafeSlow(unknownBytes);
    const moved = await calls.pread(fd, part, offsetBytes + done);
    throwIfAborted(signal);
    if (isErrno(moved)) return moved;
    if (moved === 0) return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    parts.push(part.subarray(0, moved));
    done += moved;
  }
}

/** The pieces of the content in their order, each as bytes. */
export async function* piecesOf(
  content: Content,
  encoding: BufferEncoding | null | undefined,
): AsyncGenerator<Buffer> {
  if (typeof content === 'string' || ArrayBuffer.isView(content)) {
    yield bytesOf(content, encoding);
    return;
  }
  for await (const piece of content) yield bytesOf(piece, encoding);
}

/** Whether `content` can be written; throws ERR_INVALID_ARG_TYPE. */
export function checkContent(content: unknown): asserts content is Content {
  if (typeof content === 'string' || ArrayBuffer.isView(content)) return;
  const parts = content as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterable = parts?.[Symbol.asyncIterator] ?? parts?.[Symbol.iterator];
  if (typeof iterable === 'function') return;
  const expected = 'of type string or an instance of Buffer, TypedArray, DataView or an iterable';
  throw invalidType('data', expected, content);
}

export function bytesOf(
  piece: string | NodeJS.ArrayBufferView,
  encoding: BufferEncoding | null | undefined,
): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece, encoding ?? 'utf8');
  if (ArrayBuffer.isView(piece)) return toBuffer(piece);
  throw invalidType(
    'data',
    'of type string or an instance of Buffer, TypedArray or DataView',
    piece,
  );
}

/** Merges small buffers into few, each of at most a window, so that they need few requests. */
export function gather(buffers: readonly Buffer[]): Buffer[] {
  const gathered: Buffer[] = [];
  let group: Buffer[] = [];
  let groupBytes = 0;
  const endGroup = (): void => {
    if (group.length > 0)
      gathered.push(group.length === 1 ? (group[0] as Buffer) : Buffer.concat(group));
    group = [];
    groupBytes = 0;
  };
  for (const buffer of buffers) {
    if (groupBytes + buffer.length > windowBytes) endGroup();
    group.push(buffer);
    groupBytes += buffer.length;
  }
  endGroup();
  return gathered;
}
