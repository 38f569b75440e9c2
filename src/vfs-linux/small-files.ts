/**
 * Reads and writes small files of the kernel's own (/proc, /sys), whose size is not known before.
 */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import type { LinuxCalls } from './calls.ts';
import { type Errno, isErrno } from './errno.ts';

const stepBytes = 65536;

/** The file's content, or a negative errno. */
export async function readWhole(calls: LinuxCalls, path: string): Promise<Buffer | Errno> {
  const fd = await calls.openat2(abi.AT_FDCWD, path, abi.O_RDONLY);
  if (isErrno(fd)) return fd;
  const parts: Buffer[] = [];
  let offsetBytes = 0;
  for (;;) {
    const part = Buffer.alloc(stepBytes);
    const count = await calls.pread(fd, part, offsetBytes);
    if (count <= 0) {
      await calls.close(fd);
      return isErrno(count) ? count : Buffer.concat(parts);
    }
    parts.push(part.subarray(0, count));
    offsetBytes += count;
  }
}

/** Writes the text in one go; 0 or a negative errno. */
export async function writeWhole(calls: LinuxCalls, path: string, text: string): Promise<number> {
  const fd = await calls.openat2(abi.AT_FDCWD, path, abi.O_WRONLY);
  if (fd < 0) return fd;
  const count = await calls.pwrite(fd, Buffer.from(text), 0);
  await calls.close(fd);
  return Math.min(count, 0);
}
