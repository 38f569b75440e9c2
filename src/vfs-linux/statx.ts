/** What statx(2), statfs(2) and getdents64(2) answer, decoded from the kernel's memory. */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import type { KernelMemory } from './memory.ts';

/** A point in time: whole seconds since 1970, rounded down, and nanoseconds from there on. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** statx(2)'s answer. `ino` and `attributes` have 64 bits, the rest is exact as a number. */
export class Statx {
  readonly mask: number;
  readonly blksize: number;
  readonly attributes: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Type and permissions: S_IFMT and the low 12 bits. */
  readonly mode: number;
  readonly ino: bigint;
  readonly size: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly atime: Timespec;
  readonly btime: Timespec;
  readonly ctime: Timespec;
  readonly mtime: Timespec;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly devMajor: number;
  readonly devMinor: number;

  constructor(memory: KernelMemory, address: number) {
    const { u32, bytes } = memory;
    const word = (field: number): number => u32[(address + field) >>> 2] as number;
    this.mask = word(abi['statx.stx_mask']);
    this.blksize = word(abi['statx.stx_blksize']);
    this.attributes = word(abi['statx.stx_attributes']);
    this.nlink = word(abi['statx.stx_nlink']);
    this.uid = word(abi['statx.stx_uid']);
    this.gid = word(abi['statx.stx_gid']);
    this.mode = bytes.readUInt16LE(address + abi['statx.stx_mode']);
    this.ino = memory.readU64(address + abi['statx.stx_ino']);
    this.size = memory.readU53(address + abi['statx.stx_size']);
    this.blocks = memory.readU53(address + abi['statx.stx_blocks']);
    this.atime = timespec(memory, address + abi['statx.stx_atime']);
    this.btime = timespec(memory, address + abi['statx.stx_btime']);
    this.ctime = timespec(memory, address + abi['statx.stx_ctime']);
    this.mtime = timespec(memory, address + abi['statx.stx_mtime']);
    this.rdevMajor = word(abi['statx.stx_rdev_major']);
    this.rdevMinor = word(abi['statx.stx_rdev_minor']);
    this.devMajor = word(abi['statx.stx_dev_major']);
    this.devMinor = word(abi['statx.stx_dev_minor']);
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

function timespec(memory: KernelMemory, address: number): Timespec {
  const sec = memory.readS53(address + abi['statx_timestamp.tv_sec']);
  const nsec = memory.u32[(address + abi['statx_timestamp.tv_nsec']) >>> 2] as number;
  return { sec, nsec };
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

/** One entry of a directory. */
export interface Dirent64 {
  readonly name: Buffer;
  readonly ino: bigint;
  /** DT_REG, DT_DIR, …; DT_UNKNOWN where the file system does not say. */
  readonly type: number;
}

/** The entries of one getdents64(2) answer, "." and ".." left out. */
export function decodeDirents(memory: KernelMemory, address: number, bytes: number): Dirent64[] {
  const entries: Dirent64[] = [];
  // One copy for all names: each is a slice of it.
  const block = Buffer.from(memory.bytes.subarray(address, address + bytes));
  let at = 0;
  while (at < bytes) {
    const recordBytes = block.readUInt16LE(at + abi['linux_dirent64.d_reclen']);
    const start = at + abi['linux_dirent64.d_name'];
    const end = block.indexOf(0, start);
    const dots =
      block[start] === 0x2e &&
      (end - start === 1 || (end - start === 2 && block[start + 1] === 0x2e));
    if (!dots) {
      entries.push({
        name: block.subarray(start, end),
        ino: block.readBigUInt64LE(at + abi['linux_dirent64.d_ino']),
        type: block[at + abi['linux_dirent64.d_type']] as number,
      });
    }
    at += recordBytes;
  }
  return entries;
}
