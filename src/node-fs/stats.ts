/**
 * The answers of stat and statfs, in the shape of Node's Stats, BigIntStats and StatFs, made from
 * Linux's statx(2) and statfs(2). Dates are made when they are read.
 *
 * Numbers are exact, except for inode numbers above 2^53 and for times below a millisecond; with
 * `bigint` these are exact too. If a file system keeps no time of birth, birthtime is 1970, as in
 * Node.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Statfs, Statx, Timespec } from '../vfs-linux/statx.ts';

const nsPerMs = 1_000_000n;
const nsPerSec = 1_000_000_000n;

/** st_dev as programs see it: gnu_dev_makedev(3). The kernel's majors have 12 bits, minors 20. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor & 0xfff00) * 0x1000;
}

function toMs({ sec, nsec }: Timespec): number {
  return sec * 1000 + nsec / 1e6;
}

function toNs({ sec, nsec }: Timespec): bigint {
  return BigInt(sec) * nsPerSec + BigInt(nsec);
}

/** The common part of Stats and BigIntStats: the type of the file, and times as objects. */
abstract class FileStats {
  readonly #statx: Statx;

  constructor(statx: Statx) {
    this.#statx = statx;
  }

  isFile(): boolean {
    return this.#statx.type === abi.S_IFREG;
  }
  isDirectory(): boolean {
    return this.#statx.type === abi.S_IFDIR;
  }
  isSymbolicLink(): boolean {
    return this.#statx.type === abi.S_IFLNK;
  }
  isFIFO(): boolean {
    return this.#statx.type === abi.S_IFIFO;
  }
  isSocket(): boolean {
    return this.#statx.type === abi.S_IFSOCK;
  }
  isCharacterDevice(): boolean {
    return this.#statx.type === abi.S_IFCHR;
  }
  isBlockDevice(): boolean {
    return this.#statx.type === abi.S_IFBLK;
  }

  // A Date has whole milliseconds; Node rounds to the nearest (lib/internal/fs/utils.js).
  get atime(): Date {
    return new Date(Math.round(toMs(this.#statx.atime)));
  }
  get mtime(): Date {
    return new Date(Math.round(toMs(this.#statx.mtime)));
  }
  get ctime(): Date {
    return new Date(Math.round(toMs(this.#statx.ctime)));
  }
  get birthtime(): Date {
    return new Date(Math.round(toMs(this.#statx.btime)));
  }

  get atimeInstant(): Temporal.Instant {
    return new Temporal.Instant(toNs(this.#statx.atime));
  }
  get mtimeInstant(): Temporal.Instant {
    return new Temporal.Instant(toNs(this.#statx.mtime));
  }
  get ctimeInstant(): Temporal.Instant {
    return new Temporal.Instant(toNs(this.#statx.ctime));
  }
  get birthtimeInstant(): Temporal.Instant {
    return new Temporal.Instant(toNs(this.#statx.btime));
  }
}

export class Stats extends FileStats {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  /** Of 512 bytes each. */
  readonly blocks: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;

  constructor(statx: Statx) {
    super(statx);
    this.dev = deviceNumber(statx.devMajor, statx.devMinor);
    this.ino = Number(statx.ino);
    this.mode = statx.mode;
    this.nlink = statx.nlink;
    this.uid = statx.uid;
    this.gid = statx.gid;
    this.rdev = deviceNumber(statx.rdevMajor, statx.rdevMinor);
    this.size = statx.size;
    this.blksize = statx.blksize;
    this.blocks = statx.blocks;
    this.atimeMs = toMs(statx.atime);
    this.mtimeMs = toMs(statx.mtime);
    this.ctimeMs = toMs(statx.ctime);
    this.birthtimeMs = toMs(statx.btime);
  }
}

export class BigIntStats extends FileStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly blksize: bigint;
  readonly blocks: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthtimeNs: bigint;
  readonly atimeMs: bigint;
  readonly mtimeMs: bigint;
  readonly ctimeMs: bigint;
  readonly birthtimeMs: bigint;

  constructor(statx: Statx) {
    super(statx);
    this.dev = BigInt(deviceNumber(statx.devMajor, statx.devMinor));
    this.ino = statx.ino;
    this.mode = BigInt(statx.mode);
    this.nlink = BigInt(statx.nlink);
    this.uid = BigInt(statx.uid);
    this.gid = BigInt(statx.gid);
    this.rdev = BigInt(deviceNumber(statx.rdevMajor, statx.rdevMinor));
    this.size = BigInt(statx.size);
    this.blksize = BigInt(statx.blksize);
    this.blocks = BigInt(statx.blocks);
    this.atimeNs = toNs(statx.atime);
    this.mtimeNs = toNs(statx.mtime);
    this.ctimeNs = toNs(statx.ctime);
    this.birthtimeNs = toNs(statx.btime);
    this.atimeMs = this.atimeNs / nsPerMs;
    this.mtimeMs = this.mtimeNs / nsPerMs;
    this.ctimeMs = this.ctimeNs / nsPerMs;
    this.birthtimeMs = this.birthtimeNs / nsPerMs;
  }
}

export interface StatOptions {
  readonly bigint?: boolean | undefined;
}

export function toStats(statx: Statx, options: StatOptions | undefined): Stats | BigIntStats {
  return options?.bigint === true ? new BigIntStats(statx) : new Stats(statx);
}

/** blocks, bfree and bavail count blocks of frsize bytes. */
export interface StatFs<T extends number | bigint = number> {
  readonly type: T;
  readonly bsize: T;
  readonly frsize: T;
  readonly blocks: T;
  readonly bfree: T;
  readonly bavail: T;
  readonly files: T;
  readonly ffree: T;
}

export function toStatFs(
  statfs: Statfs,
  options: StatOptions | undefined,
): StatFs<number | bigint> {
  const { type, bsize, frsize, blocks, bfree, bavail, files, ffree } = statfs;
  const fields = { type, bsize, frsize, blocks, bfree, bavail, files, ffree };
  if (options?.bigint !== true) return fields;
  const wide: Record<string, bigint> = {};
  for (const [name, value] of Object.entries(fields)) wide[name] = BigInt(value);
  return wide as unknown as StatFs<bigint>;
}
