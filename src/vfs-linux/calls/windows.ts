/** Reads and writes of more than a request's window: one window after the other. */
import type { Buffer } from 'node:buffer';
import { windowBytes } from '../limits.ts';
import type { Wide } from '../slot.ts';

export function plus(offsetBytes: Wide, bytes: number): Wide {
  return typeof offsetBytes === 'bigint' ? offsetBytes + BigInt(bytes) : offsetBytes + bytes;
}

/**
 * Moves a buffer a window at a time. Stops at a short count; an error is the answer only where
 * nothing was moved before it.
 */
export async function inWindows(
  buffer: Buffer,
  move: (part: Buffer, at: number) => Promise<number>,
): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const part = buffer.subarray(done, done + windowBytes);
    const moved = await move(part, done);
    if (moved < 0) return done > 0 ? done : moved;
    done += moved;
    if (moved < part.length) break;
  }
  return done;
}
