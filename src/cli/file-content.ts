/** The content of one file of a volume, from its beginning to its end. */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../errors.ts';
import { escapeName } from '../observe/display-names.ts';
import { check } from '../observe/messages.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { typeName } from './file-types.ts';
import { findPlace, openAt, typeAt } from './volume-path.ts';

const pieceBytes = 1024 * 1024;

/** Gets the pieces in order; may change or forget the bytes when it has resolved. */
export type ContentSink = (bytes: Uint8Array) => Promise<void>;

/**
 * Opens a file for reading, following symbolic links, and gives its content to the sink. Throws
 * where there is no file, or it has no content.
 */
export async function copyContent(
  calls: LinuxCalls,
  path: Buffer,
  sink: ContentSink,
): Promise<void> {
  const place = await findPlace(calls, path);
  const type = await typeAt(calls, place);
  // open(2) of a fifo would wait for a writer, and open(2) of a device would open one of this
  // kernel.
  if (type !== abi.S_IFREG && type !== abi.S_IFDIR) {
    const why = `it is a ${typeName(type)}, which has no content of its own`;
    const advice = '`fsbridge ls -l` shows what it is; `fsbridge get` copies it.';
    throw new FsBridgeError('EINVAL', escapeName(place.path), why, advice);
  }
  const fd = await openAt(calls, place, abi.O_RDONLY | abi.O_NOATIME);
  await copyOut(calls, fd, place.path, sink);
}

/** Reads one piece ahead of the one that the sink has. */
async function copyOut(calls: LinuxCalls, fd: Fd, path: Buffer, sink: ContentSink): Promise<void> {
  let [current, next] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
  let offsetBytes = 0;
  let reading = calls.pread(fd, current, offsetBytes);
  for (;;) {
    const got = check(await reading, path);
    if (got === 0) return;
    offsetBytes += got;
    reading = calls.pread(fd, next, offsetBytes);
    try {
      await sink(current.subarray(0, got));
    } catch (error) {
      await reading;
      throw error;
    }
    [current, next] = [next, current];
  }
}
