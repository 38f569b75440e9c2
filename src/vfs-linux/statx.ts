/** The answers of statx(2) and statfs(2), decoded from the kernel's memory. */
import { join64 } from '../int64.ts';
import { abi } from './abi.gen.ts';
import type { KernelMemory } from './memory.ts';

/** A point in time: whole seconds since 1970, rounded down, and nanoseconds from there on. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

const ino = abi['statx.stx_ino'] / 4;
const mode = abi['statx.stx_mode'] / 4;
const tvNsec = abi['statx_timestamp.tv_nsec'] / 4;

/** The memory where a structure lies: the kernel's, or a copy of a piece of it. */
export type Words = Pick<KernelMemory, 'u32' | 'i32'>;

/** A 64-bit field as a number, exact between -2^53 and 2^53. */
function s53(memory: Words, word: number): number {
  return join64(memory.u32[word] as number, memory.i32[word + 1] as number);
}

/**
 * statx(2)'s answer. `ino` has 64 bits, the rest is exact as a number. Every look-up decodes one,
 * so it keeps plain numbers and makes objects (ino, atime, …) only when they are read.
 */
export class Statx {
  readonly mask: number;
  readonly blksize: number;
  readonly attributes: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Type and permissions: S_IFMT and the low 12 bits. */
  readonly mode: number;
  readonly size: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly devMajor: number;
  readonly devMinor: number;
  /** The two words of `ino`, both unsigned: a bigint costs more. */
  readonly inoLow: number;
  readonly inoHigh: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly btimeSec: number;
  readonly btimeNsec: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;

  constructor(memory: Words, address: number) {
    const { u32 } = memory;
    const word = address >>> 2;
    this.mask = u32[word + abi['statx.stx_mask'] / 4] as number;
    this.blksize = u32[word + abi['statx.stx_blksize'] / 4] as number;
    this.attributes = u32[word + abi['statx.stx_attributes'] / 4] as number;
    this.nlink = u32[word + abi['statx.stx_nlink'] / 4] as number;
    this.uid = u32[word + abi['statx.stx_uid'] / 4] as number;
    this.gid = u32[word + abi['statx.stx_gid'] / 4] as number;
    this.mode = (u32[word + mode] as number) & 0xffff;
    this.size = s53(memory, word + abi['statx.stx_size'] / 4);
    this.blocks = s53(memory, word + abi['statx.stx_blocks'] / 4);
    this.rdevMajor = u32[word + abi['statx.stx_rdev_major'] / 4] as number;
    this.rdevMinor = u32[word + abi['statx.stx_rdev_minor'] / 4] as number;
    this.devMajor = u32[word + abi['statx.stx_dev_major'] / 4] as number;
    this.devMinor = u32[word + abi['statx.stx_dev_minor'] / 4] as number;
    this.inoLow = u32[word + ino] as number;
    this.inoHigh = u32[word + ino + 1] as number;
    this.atimeSec = s53(memory, word + abi['statx.stx_atime'] / 4);
    this.atimeNsec = u32[word + abi['statx.stx_atime'] / 4 + tvNsec] as number;
    this.btimeSec = s53(memory, word + abi['statx.stx_btime'] / 4);
    this.btimeNsec = u32[word + abi['statx.stx_btime'] / 4 + tvNsec] as number;
    this.ctimeSec = s53(memory, word + abi['statx.stx_ctime'] / 4);
    this.ctimeNsec = u32[word + abi['statx.stx_ctime'] / 4 + tvNsec] as number;
    this.mtimeSec = s53(memory, word + abi['statx.stx_mtime'] / 4);
    this.mtimeNsec = u32[word + abi['statx.stx_mtime'] / 4 + tvNsec] as number;
  }

  get ino(): bigint {
    return (BigInt(this.inoHigh) << 32n) | BigInt(this.inoLow);
  }

  get atime(): Timespec {
    return { sec: this.atimeSec, nsec: this.atimeNsec };
  }

  /** The time of birth; 1970 where the file system keeps none (hasBtime). */
  get btime(): Timespec {
    return { sec: this.btimeSec, nsec: this.btimeNsec };
  }

  get ctime(): Timespec {
    return { sec: this.ctimeSec, nsec: this.ctimeNsec };
  }

  get mtime(): Timespec {
    return { sec: this.mtimeSec, nsec: this.mtimeNsec };
  }

  /** Whether the file system keeps the time of birth (creation). */
  get hasBtime(): boolean {
    return (this.mask & abi.STATX_BTIME) !== 0;
  }

  /** S_IFREG, S_IFDIR, … */
  get type(): number {
    return this.mode & abi.S_IFMT;
  }
}

/** statfs(2)'s answer: blocks are of `frsize` bytes. */
export interface Statfs {
  /** The file system's magic number. */
  readonly type: number;
  readonly bsize: number;
  readonly frsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namelen: number;
  readonly flags: number;
}

export function decodeStatfs(memory: KernelMemory, address: number): Statfs {
  const word = (field: number): number => memory.u32[(address + field) >>> 2] as number;
  const bsize = word(abi['statfs64.f_bsize']);
  return {
    type: word(abi['statfs64.f_type']),
    bsize,
    frsize: word(abi['statfs64.f_frsize']) || bsize,
    blocks: memory.readU53(address + abi['statfs64.f_blocks']),
    bfree: memory.readU53(address + abi['statfs64.f_bfree']),
    bavail: memory.readU53(address + abi['statfs64.f_bavail']),
    files: memory.readU53(address + abi['statfs64.f_files']),
    ffree: memory.readU53(address + abi['statfs64.f_ffree']),
    namelen: word(abi['statfs64.f_namelen']),
    flags: word(abi['statfs64.f_flags']),
  };
}
