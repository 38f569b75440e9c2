/**
 * Makes values of the results that a call has left in its slot. RequestRing.complete calls these
 * functions with the call's result; a negative errno is answered as it is.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import { type Dirent64, decodeDirents } from '../dirents.ts';
import { type Errno, isErrno } from '../errno.ts';
import type { Slot } from '../slot.ts';
import { decodeStatfs, type Statfs, Statx } from '../statx.ts';

/** The answer of a call that changes a file: the call's own result, and the file's new statx. */
export interface ChangedStatx {
  readonly ret: number;
  /** Undefined where the change was made but the statx failed. */
  readonly statx: Statx | undefined;
}

export function statxIn(ret: number, { memory, second }: Slot): Statx | Errno {
  return isErrno(ret) ? ret : new Statx(memory, second);
}

export function changedIn(ret: number, { memory, second }: Slot): ChangedStatx | Errno {
  if (isErrno(ret)) return ret;
  const statx = new Statx(memory, second);
  return { ret, statx: statx.mask === 0 ? undefined : statx };
}

export function statfsIn(ret: number, { memory, second }: Slot): Statfs | Errno {
  return isErrno(ret) ? ret : decodeStatfs(memory, second);
}

/** readlinkat's text. */
export function textIn(ret: number, { memory, second }: Slot): Buffer | Errno {
  if (isErrno(ret)) return ret;
  return Buffer.from(memory.bytes.subarray(second, second + ret));
}

/** A struct file_handle. */
export function handleIn(ret: number, { memory, second }: Slot): Buffer | Errno {
  if (isErrno(ret)) return ret;
  const handleBytes = memory.u32[second >>> 2] as number;
  const end = second + abi['file_handle.f_handle'] + handleBytes;
  return Buffer.from(memory.bytes.subarray(second, end));
}

export function direntsIn(ret: number, slot: Slot): Dirent64[] | Errno {
  return isErrno(ret) ? ret : decodeDirents(slot.memory, slot.data, ret);
}

/** Where preadPages found a file's bytes: views of the kernel's own pages. */
export function piecesIn({ memory, first }: Slot): Uint8Array[] {
  const { bytes, u32 } = memory;
  const pieces: Uint8Array[] = [];
  for (let word = first / 4; ; word += abi['bridge_piece.size'] / 4) {
    const length = u32[word + abi['bridge_piece.bytes'] / 4] as number;
    if (length === 0) return pieces;
    pieces.push(new Uint8Array(bytes.buffer, u32[word] as number, length));
  }
}
