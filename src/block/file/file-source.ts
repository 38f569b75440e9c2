/**
 * A raw image file of the host as a BlockDevice.
 *
 * Invariants:
 * 1. Opened for reading, nothing of the file changes: no byte, no size, no time of modification,
 *    and where the host lets us (Linux, our own file: O_NOATIME) no time of access either.
 * 2. The device is the file's whole blocks of 512 bytes. A rest of less than a block at the end
 *    does not belong to it: the rest is neither read nor written. (No disk has such a rest; it
 *    comes from a copy that broke off, or from a checksum appended.)
 * 3. The file never grows or shrinks through the device; one that becomes shorter all the same is
 *    answered with EIO where it is missing (source-end.ts).
 */
import fs from 'node:fs';
import { FsBridgeError } from '../../errors.ts';
import type { BlockDevice } from '../block-device.ts';
import { hostRefusal, sourceError } from '../source-error.ts';
import { FdDevice } from './fd-device.ts';
import { FdIo } from './fd-io.ts';
import { guardEnd, type OnWarning, SourceEnd } from './source-end.ts';

const blockBytes = 512;
/** The unit of the host's page cache; a smaller write makes it read first. */
const pageBytes = 4096;

/** The bytes at a file's end that are too few for a block. */
export function trailingBytes(fileBytes: number): number {
  return fileBytes % blockBytes;
}

/**
 * Opens an image file; its size is what it is now, rounded down to whole blocks.
 *
 * Throws FsBridgeError: the host's code (ENOENT, EACCES, EISDIR, …), ERR_SOURCE_UNSUPPORTED where
 * it is no regular file, ERR_SOURCE_EMPTY where it has less than one block.
 */
export async function openFileSource(
  path: string,
  options: { write: boolean; onWarning?: OnWarning },
): Promise<BlockDevice> {
  let io: FdIo | undefined;
  try {
    io = options.write ? await FdIo.open(path, fs.constants.O_RDWR) : await openToRead(path);
    const stat = await io.stat();
    if (stat.isDirectory()) throw hostRefusal('EISDIR', path, options.write);
    if (!stat.isFile()) throw notAFile(path);
    const fileBytes = Number(stat.size);
    const sizeBytes = fileBytes - trailingBytes(fileBytes);
    if (sizeBytes === 0) throw tooSmall(path, fileBytes);
    const opened = io;
    const end = new SourceEnd({
      name: path,
      sizeBytes,
      hadBytes: fileBytes,
      measure: () => opened.fileBytes(),
      onWarning: options.onWarning,
    });
    guardEnd(io, end, 'file');
    return new FdDevice(io, {
      name: path,
      sizeBytes,
      logicalBlockBytes: blockBytes,
      physicalBlockBytes: pageBytes,
      readOnly: !options.write,
    });
  } catch (error) {
    await io?.close();
    throw sourceError(error, path, options.write);
  }
}

/** O_NONBLOCK: a named pipe must not keep us waiting for its other end (open(2)). */
async function openToRead(path: string): Promise<FdIo> {
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
  const { O_NOATIME } = fs.constants;
  if (O_NOATIME === undefined) return FdIo.open(path, flags);
  try {
    return await FdIo.open(path, flags | O_NOATIME);
  } catch {
    // EPERM where the file is not ours (open(2), O_NOATIME); any other reason comes up again.
    return FdIo.open(path, flags);
  }
}

function notAFile(path: string): FsBridgeError {
  return new FsBridgeError(
    'ERR_SOURCE_UNSUPPORTED',
    path,
    'it is neither a file nor a disk',
    'Name an image file or a disk of this computer.',
  );
}

function tooSmall(path: string, fileBytes: number): FsBridgeError {
  const why =
    fileBytes === 0
      ? 'the file is empty'
      : `the file has ${fileBytes} bytes, less than one block of ${blockBytes}`;
  return new FsBridgeError(
    'ERR_SOURCE_EMPTY',
    path,
    why,
    'Look whether it was copied to its end, and whether it is the right file.',
  );
}
