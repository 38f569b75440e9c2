/**
 * Copies the data of a file stretch by stretch, so that holes stay holes. The caller copies a
 * stretch: through its own memory between a volume and the host, or inside the kernel (copyRange).
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { Fd, LinuxCalls } from '../calls.ts';
import { type Errno, isErrno } from '../errno.ts';
import { windowBytes } from '../limits.ts';

/** A stretch of a file that has data in it. */
export interface DataExtent {
  readonly beginBytes: number;
  readonly endBytes: number;
}

/** The next stretch with data; undefined if there is none, 'unknown' if the source cannot tell. */
export type NextData = DataExtent | 'unknown' | undefined;

export interface DataCopy {
  readonly sizeBytes: number;
  /** Whether zeroes may become holes where the source cannot tell which parts have data. */
  readonly mayHaveHoles: boolean;
  /** The next stretch at or after a place; or an errno. */
  readonly nextData: (fromBytes: number) => Promise<NextData | Errno>;
  /**
   * Copies a stretch; answers the offset at which the data ended, or an errno. With `skipZeroes` it
   * may leave zeroes out.
   */
  readonly copyRange: (extent: DataExtent, skipZeroes: boolean) => Promise<number>;
  /** Sets the target's length; what was never written reads as zeroes. */
  readonly setSize: (sizeBytes: number) => Promise<number>;
}

/** Copies a file's data into an empty target and sets its length. 0, or an errno. */
export async function copyData(copy: DataCopy): Promise<number> {
  const { sizeBytes } = copy;
  let endBytes = sizeBytes;
  let writtenBytes = 0;
  for (let atBytes = 0; atBytes < sizeBytes; ) {
    const found = await copy.nextData(atBytes);
    if (isErrno(found)) return found;
    if (found === undefined) break;
    const isUnknown = found === 'unknown';
    const beginBytes = isUnknown ? atBytes : found.beginBytes;
    const stretchEndBytes = isUnknown ? sizeBytes : Math.min(found.endBytes, sizeBytes);
    if (beginBytes >= sizeBytes) break;
    const extent = { beginBytes, endBytes: stretchEndBytes };
    const skipZeroes = isUnknown && copy.mayHaveHoles;
    const reachedBytes = await copy.copyRange(extent, skipZeroes);
    if (reachedBytes < 0) return reachedBytes;
    if (reachedBytes < stretchEndBytes) {
      endBytes = reachedBytes; // the file has become shorter meanwhile
      break;
    }
    atBytes = stretchEndBytes;
    // With zeroes left out, the end may not have been written.
    if (!skipZeroes) writtenBytes = stretchEndBytes;
  }
  return writtenBytes === endBytes ? 0 : copy.setSize(endBytes);
}

/** Where the next data of an open file of the kernel's is; an errno where that fails. */
export async function nextData(
  calls: LinuxCalls,
  fd: Fd,
  fromBytes: number,
): Promise<NextData | Errno> {
  const beginBytes = await calls.lseek(fd, fromBytes, abi.SEEK_DATA);
  // ENXIO: there is no data any more (lseek(2)).
  if (beginBytes === -errno.ENXIO) return undefined;
  if (beginBytes === -errno.EINVAL || beginBytes === -errno.EOPNOTSUPP) return 'unknown';
  if (isErrno(beginBytes)) return beginBytes;
  const endBytes = await calls.lseek(fd, beginBytes, abi.SEEK_HOLE);
  return isErrno(endBytes) ? endBytes : { beginBytes, endBytes };
}

/**
 * Copies a stretch inside the kernel, to the same place in another file. Answers the offset at
 * which the data ended, or an errno.
 */
export async function copyRange(
  calls: LinuxCalls,
  source: Fd,
  target: Fd,
  { beginBytes, endBytes }: DataExtent,
): Promise<number> {
  for (let at = beginBytes; at < endBytes; ) {
    const ret = await calls.copyFileRange(
      { fd: source, offsetBytes: at },
      { fd: target, offsetBytes: at },
      endBytes - at,
    );
    // HFS and a few others have no splice_write, which copy_file_range needs (fs/splice.c).
    if (ret === -errno.EINVAL || ret === -errno.EOPNOTSUPP) {
      return copyByHand(calls, source, target, { beginBytes: at, endBytes });
    }
    if (ret < 0) return ret;
    if (ret === 0) return at;
    at += ret;
  }
  return endBytes;
}

async function copyByHand(
  calls: LinuxCalls,
  source: Fd,
  target: Fd,
  { beginBytes, endBytes }: DataExtent,
): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(windowBytes);
  for (let at = beginBytes; at < endBytes; ) {
    const part = buffer.subarray(0, Math.min(windowBytes, endBytes - at));
    const read = await calls.pread(source, part, at);
    if (read < 0) return read;
    if (read === 0) return at;
    const written = await calls.pwrite(target, part.subarray(0, read), at);
    if (written < 0) return written;
    at += written;
  }
  return endBytes;
}
