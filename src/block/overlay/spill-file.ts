/**
 * A temporary file for bytes that do not fit into memory. It needs no cleaning up.
 *
 * Invariant: nothing remains of it after the process ends, however it ends. POSIX hosts take its
 * name away at once, and the space goes with the last file descriptor (unlink(2)); Windows deletes
 * it with its last handle (FILE_FLAG_DELETE_ON_CLOSE, which libuv sets for UV_FS_O_TEMPORARY).
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MaybePromise } from '../block-device.ts';
import { FdIo } from '../file/fd-io.ts';

/**
 * libuv's include/uv/win.h: UV_FS_O_TEMPORARY is Microsoft's _O_TEMPORARY; fs.constants lacks it.
 */
const windowsTemporaryFlag = 0x40;

/** Bytes at positions; what was never written reads as zeroes. */
export interface SpillStore {
  read(
    segments: readonly Uint8Array[],
    lengthBytes: number,
    offsetBytes: number,
  ): MaybePromise<number>;
  write(
    segments: readonly Uint8Array[],
    lengthBytes: number,
    offsetBytes: number,
  ): MaybePromise<number>;
  close(): Promise<void>;
}

/** Makes the file in that folder; by default in the host's temporary one. */
export async function openSpillFile(folder: string = tmpdir()): Promise<SpillStore> {
  const path = join(folder, `fsbridge-overlay-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
  const flags = O_RDWR | O_CREAT | O_EXCL;
  if (process.platform === 'win32') return FdIo.open(path, flags | windowsTemporaryFlag);
  const io = await FdIo.open(path, flags);
  try {
    await unlink(path);
  } catch (error) {
    await io.close();
    throw error;
  }
  return io;
}
