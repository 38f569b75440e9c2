/**
 * Linux's own system calls, blocking, for programs that test a mount: Node's fs has no fallocate,
 * mmap, renameat2 or locks, and turns names into UTF-8.
 *
 * Invariants:
 * 1. A call returns what the kernel returns: a number from 0 up, or a negative errno.
 * 2. A path is bytes or text, and reaches the kernel as it is: nothing is joined or normalised.
 * 3. `actAs` changes the calling thread alone, by system calls that glibc would make for all
 *    threads: Node's own threads stay root.
 */
import { constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import koffi from 'koffi';

const lib = koffi.load('libc.so.6');

type Argument = number | bigint | string | Uint8Array | null;

/** A function of libc that answers -1 and sets errno. */
function bind(prototype: string): (...args: readonly Argument[]) => number {
  const call = lib.func(prototype) as (...args: readonly Argument[]) => number | bigint;
  return (...args) => {
    const answer = Number(call(...args));
    return answer === -1 ? -koffi.errno() : answer;
  };
}

const c = {
  openat: bind('int openat(int, const void *, int, ...)'),
  close: bind('int close(int)'),
  pread: bind('intptr_t pread64(int, void *, size_t, int64_t)'),
  pwrite: bind('intptr_t pwrite64(int, const void *, size_t, int64_t)'),
  read: bind('intptr_t read(int, void *, size_t)'),
  write: bind('intptr_t write(int, const void *, size_t)'),
  lseek: bind('int64_t lseek64(int, int64_t, int)'),
  ftruncate: bind('int ftruncate64(int, int64_t)'),
  truncate: bind('int truncate64(const void *, int64_t)'),
  fsync: bind('int fsync(int)'),
  fdatasync: bind('int fdatasync(int)'),
  fallocate: bind('int fallocate64(int, int, int64_t, int64_t)'),
  fadvise: bind('int posix_fadvise64(int, int64_t, int64_t, int)'),
  copyFileRange: bind('intptr_t copy_file_range(int, void *, int, void *, size_t, unsigned int)'),
  mkdirat: bind('int mkdirat(int, const void *, unsigned int)'),
  mknodat: bind('int mknodat(int, const void *, unsigned int, uint64_t)'),
  unlinkat: bind('int unlinkat(int, const void *, int)'),
  linkat: bind('int linkat(int, const void *, int, const void *, int)'),
  symlinkat: bind('int symlinkat(const void *, int, const void *)'),
  readlinkat: bind('intptr_t readlinkat(int, const void *, void *, size_t)'),
  renameat2: bind('int renameat2(int, const void *, int, const void *, unsigned int)'),
  fchmodat: bind('int fchmodat(int, const void *, unsigned int, int)'),
  fchmod: bind('int fchmod(int, unsigned int)'),
  fchownat: bind('int fchownat(int, const void *, unsigned int, unsigned int, int)'),
  fchown: bind('int fchown(int, unsigned int, unsigned int)'),
  utimensat: bind('int utimensat(int, const void *, const void *, int)'),
  statx: bind('int statx(int, const void *, int, unsigned int, void *)'),
  setxattr: bind('int lsetxattr(const void *, const void *, const void *, size_t, int)'),
  getxattr: bind('intptr_t lgetxattr(const void *, const void *, void *, size_t)'),
  listxattr: bind('intptr_t llistxattr(const void *, void *, size_t)'),
  removexattr: bind('int lremovexattr(const void *, const void *)'),
  flock: bind('int flock(int, int)'),
  fcntl: bind('int fcntl64(int, int, ...)'),
  nameToHandle: bind('int name_to_handle_at(int, const void *, void *, void *, int)'),
  openByHandle: bind('int open_by_handle_at(int, const void *, int)'),
  umask: bind('unsigned int umask(unsigned int)'),
  msync: bind('int msync(void *, size_t, int)'),
  munmap: bind('int munmap(void *, size_t)'),
  inotifyInit: bind('int inotify_init1(int)'),
  inotifyAddWatch: bind('int inotify_add_watch(int, const void *, unsigned int)'),
  syscall: bind('long syscall(long, ...)'),
};

const mmap = lib.func('void *mmap64(void *, size_t, int, int, int, int64_t)') as (
  ...args: readonly Argument[]
) => bigint;

export const AT_FDCWD: number = -100;
/** From include/uapi/linux/fcntl.h, falloc.h, fs.h and stat.h, the same on every architecture. */
export const flags = {
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_REMOVEDIR: 0x200,
  AT_SYMLINK_FOLLOW: 0x400,
  AT_EMPTY_PATH: 0x1000,
  FALLOC_KEEP_SIZE: 0x01,
  FALLOC_PUNCH_HOLE: 0x02,
  FALLOC_COLLAPSE_RANGE: 0x08,
  FALLOC_ZERO_RANGE: 0x10,
  FALLOC_INSERT_RANGE: 0x20,
  RENAME_NOREPLACE: 1,
  RENAME_EXCHANGE: 2,
  RENAME_WHITEOUT: 4,
  SEEK_SET: 0,
  SEEK_CUR: 1,
  SEEK_END: 2,
  SEEK_DATA: 3,
  SEEK_HOLE: 4,
  LOCK_SH: 1,
  LOCK_EX: 2,
  LOCK_NB: 4,
  LOCK_UN: 8,
  XATTR_CREATE: 1,
  XATTR_REPLACE: 2,
  O_PATH: 0o10000000,
  O_TMPFILE: (0o20000000 | constants.O_DIRECTORY) as number,
  UTIME_NOW: 0x3fffffff,
  UTIME_OMIT: 0x3ffffffe,
} as const;

export type Path = string | Uint8Array;

/** Bytes with the NUL that ends a C string. */
function text(value: Path): Uint8Array {
  return Buffer.concat([typeof value === 'string' ? Buffer.from(value) : value, Buffer.of(0)]);
}

export interface StatxTimes {
  readonly atimeNs: bigint;
  readonly btimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mtimeNs: bigint;
}

export interface Statx extends StatxTimes {
  readonly mask: number;
  readonly attributes: bigint;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Type and permissions. */
  readonly mode: number;
  readonly ino: bigint;
  readonly sizeBytes: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly rdev: readonly [number, number];
}

/** Decodes struct statx (include/uapi/linux/stat.h). */
function decodeStatx(raw: Buffer): Statx {
  const time = (at: number): bigint =>
    raw.readBigInt64LE(at) * 1_000_000_000n + BigInt(raw.readUInt32LE(at + 8));
  return {
    mask: raw.readUInt32LE(0),
    attributes: raw.readBigUInt64LE(8),
    nlink: raw.readUInt32LE(16),
    uid: raw.readUInt32LE(20),
    gid: raw.readUInt32LE(24),
    mode: raw.readUInt16LE(28),
    ino: raw.readBigUInt64LE(32),
    sizeBytes: Number(raw.readBigUInt64LE(40)),
    blocks: Number(raw.readBigUInt64LE(48)),
    atimeNs: time(64),
    btimeNs: time(80),
    ctimeNs: time(96),
    mtimeNs: time(112),
    rdev: [raw.readUInt32LE(128), raw.readUInt32LE(132)],
  };
}

const STATX_ALL = 0xfff;

/** A time for utimensat: nanoseconds since 1970, or one of UTIME_NOW and UTIME_OMIT. */
export type TimeToSet = bigint | 'now' | 'omit';

function encodeTimes(times: readonly [TimeToSet, TimeToSet]): Buffer {
  const raw = Buffer.alloc(32);
  times.forEach((time, index) => {
    if (typeof time === 'bigint') {
      const fraction = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
      raw.writeBigInt64LE((time - fraction) / 1_000_000_000n, index * 16);
      raw.writeBigInt64LE(fraction, index * 16 + 8);
    } else {
      const special = time === 'now' ? flags.UTIME_NOW : flags.UTIME_OMIT;
      raw.writeBigInt64LE(BigInt(special), index * 16 + 8);
    }
  });
  return raw;
}

/** Calls with a number for every architecture (x64, arm64): setgroups, setresgid, setresuid. */
const credentialCalls: Readonly<Record<string, readonly [number, number, number]>> = {
  x64: [116, 119, 117],
  arm64: [159, 149, 147],
};

function credentialCall(index: 0 | 1 | 2, ...args: readonly Argument[]): void {
  const number = credentialCalls[process.arch]?.[index];
  if (number === undefined) throw new Error(`the calls of ${process.arch} are not known`);
  const answer = c.syscall(number, ...args);
  if (answer < 0) throw new Error(`changing the caller: ${errnoName(answer)}`);
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(osConstants.errno)
    // Where a number has two names, Linux's own.
    .filter(([name]) => !['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP'].includes(name))
    .map(([name, value]) => [value, name]),
);

/** 'ENOENT' for -2. */
export function errnoName(answer: number): string {
  return names.get(-answer) ?? `errno ${-answer}`;
}

/** Returns a call's answer; throws where the call failed. */
export function must(answer: number, what: string): number {
  if (answer < 0) throw new Error(`${what}: ${errnoName(answer)}`);
  return answer;
}

/** The calls. Paths that are not absolute start at `dirfd`, by default the working directory. */
export const linux = {
  open: (path: Path, openFlags: number, mode = 0, dirfd: number = AT_FDCWD): number =>
    c.openat(dirfd, text(path), openFlags, 'int', mode),
  close: (fd: number): number => c.close(fd),
  pread: (fd: number, into: Uint8Array, at: number): number => c.pread(fd, into, into.length, at),
  pwrite: (fd: number, from: Uint8Array, at: number): number => c.pwrite(fd, from, from.length, at),
  read: (fd: number, into: Uint8Array): number => c.read(fd, into, into.length),
  write: (fd: number, from: Uint8Array): number => c.write(fd, from, from.length),
  lseek: (fd: number, at: number, whence: number): number => c.lseek(fd, at, whence),
  ftruncate: (fd: number, lengthBytes: number): number => c.ftruncate(fd, lengthBytes),
  truncate: (path: Path, lengthBytes: number): number => c.truncate(text(path), lengthBytes),
  fsync: (fd: number): number => c.fsync(fd),
  fdatasync: (fd: number): number => c.fdatasync(fd),
  fallocate: (fd: number, mode: number, at: number, lengthBytes: number): number =>
    c.fallocate(fd, mode, at, lengthBytes),
  /** POSIX_FADV_DONTNEED: lets the host forget the clean pages of a file. */
  forgetPages: (fd: number): number => -c.fadvise(fd, 0, 0, 4),
  copyFileRange(from: number, at: number, to: number, toAt: number, lengthBytes: number): number {
    const offset = (value: number): Buffer => {
      const raw = Buffer.alloc(8);
      raw.writeBigInt64LE(BigInt(value));
      return raw;
    };
    return c.copyFileRange(from, offset(at), to, offset(toAt), lengthBytes, 0);
  },
  mkdir: (path: Path, mode: number): number => c.mkdirat(AT_FDCWD, text(path), mode),
  mknod: (path: Path, mode: number, device = 0): number =>
    c.mknodat(AT_FDCWD, text(path), mode, device),
  unlink: (path: Path): number => c.unlinkat(AT_FDCWD, text(path), 0),
  rmdir: (path: Path): number => c.unlinkat(AT_FDCWD, text(path), flags.AT_REMOVEDIR),
  link: (from: Path, to: Path, atFlags = 0): number =>
    c.linkat(AT_FDCWD, text(from), AT_FDCWD, text(to), atFlags),
  /** Gives the file behind a descriptor a name, O_TMPFILE's among them, as open(2) shows it. */
  linkOpen: (fd: number, to: Path): number =>
    c.linkat(AT_FDCWD, text(`/proc/self/fd/${fd}`), AT_FDCWD, text(to), flags.AT_SYMLINK_FOLLOW),
  symlink: (target: Path, path: Path): number => c.symlinkat(text(target), AT_FDCWD, text(path)),
  readlink(path: Path): number | string {
    const raw = Buffer.alloc(4097);
    const length = c.readlinkat(AT_FDCWD, text(path), raw, raw.length);
    return length < 0 ? length : raw.toString('latin1', 0, length);
  },
  rename: (from: Path, to: Path, renameFlags = 0): number =>
    c.renameat2(AT_FDCWD, text(from), AT_FDCWD, text(to), renameFlags),
  chmod: (path: Path, mode: number): number => c.fchmodat(AT_FDCWD, text(path), mode, 0),
  fchmod: (fd: number, mode: number): number => c.fchmod(fd, mode),
  chown: (path: Path, uid: number, gid: number): number =>
    c.fchownat(AT_FDCWD, text(path), uid >>> 0, gid >>> 0, 0),
  lchown: (path: Path, uid: number, gid: number): number =>
    c.fchownat(AT_FDCWD, text(path), uid >>> 0, gid >>> 0, flags.AT_SYMLINK_NOFOLLOW),
  fchown: (fd: number, uid: number, gid: number): number => c.fchown(fd, uid >>> 0, gid >>> 0),
  utimensat: (path: Path, times: readonly [TimeToSet, TimeToSet] | null, atFlags = 0): number =>
    c.utimensat(AT_FDCWD, text(path), times === null ? null : encodeTimes(times), atFlags),
  statx(path: Path, atFlags: number = flags.AT_SYMLINK_NOFOLLOW): Statx | number {
    const raw = Buffer.alloc(256);
    const answer = c.statx(AT_FDCWD, text(path), atFlags, STATX_ALL, raw);
    return answer < 0 ? answer : decodeStatx(raw);
  },
  fstatx(fd: number): Statx | number {
    const raw = Buffer.alloc(256);
    const answer = c.statx(fd, text(''), flags.AT_EMPTY_PATH, STATX_ALL, raw);
    return answer < 0 ? answer : decodeStatx(raw);
  },
  setxattr: (path: Path, name: string, value: Uint8Array, how = 0): number =>
    c.setxattr(text(path), text(name), value, value.length, how),
  getxattr(path: Path, name: string): number | Buffer {
    const raw = Buffer.alloc(65536);
    const length = c.getxattr(text(path), text(name), raw, raw.length);
    return length < 0 ? length : raw.subarray(0, length);
  },
  /** The value's length, or ERANGE where the value is longer than the buffer. */
  getxattrInto: (path: Path, name: string, roomBytes: number): number =>
    c.getxattr(text(path), text(name), Buffer.alloc(Math.max(roomBytes, 1)), roomBytes),
  listxattr(path: Path): number | string[] {
    const raw = Buffer.alloc(65536);
    const length = c.listxattr(text(path), raw, raw.length);
    if (length < 0) return length;
    return raw.toString('latin1', 0, length).split('\0').slice(0, -1).sort();
  },
  removexattr: (path: Path, name: string): number => c.removexattr(text(path), text(name)),
  flock: (fd: number, operation: number): number => c.flock(fd, operation),
  fcntl: (fd: number, command: number, value = 0): number => c.fcntl(fd, command, 'int', value),
  /** fcntl's locks: the structure is filled in by F_GETLK. */
  fcntlLock: (fd: number, command: number, lock: Uint8Array): number =>
    c.fcntl(fd, command, 'void *', lock as unknown as number),
  umask: (mask: number): number => c.umask(mask),
  inotifyInit: (openFlags: number): number => c.inotifyInit(openFlags),
  inotifyAddWatch: (fd: number, path: Path, mask: number): number =>
    c.inotifyAddWatch(fd, text(path), mask),
  /** A struct file_handle, or an errno. */
  nameToHandle: (path: Path): Buffer | number => {
    const handle = Buffer.alloc(8 + 128);
    handle.writeUInt32LE(128, 0);
    const answer = c.nameToHandle(AT_FDCWD, text(path), handle, Buffer.alloc(4), 0);
    return answer < 0 ? answer : handle;
  },
  /** `mount` is any descriptor of the file system. */
  openByHandle: (mount: number, handle: Uint8Array, openFlags: number): number =>
    c.openByHandle(mount, handle, openFlags),
} as const;

/** Makes this thread act as another user, until `actAs` is called again. */
export function actAs(uid: number, gid: number = uid, groups: readonly number[] = []): void {
  const list = Buffer.alloc(4 * Math.max(groups.length, 1));
  groups.forEach((group, index) => {
    list.writeUInt32LE(group, index * 4);
  });
  // Back to root first, as only root may change groups; the saved user ID stays root's.
  credentialCall(2, 'int', 0, 'int', 0, 'int', 0);
  credentialCall(0, 'size_t', groups.length, 'void *', list);
  credentialCall(1, 'int', gid, 'int', gid, 'int', 0);
  credentialCall(2, 'int', uid, 'int', uid, 'int', 0);
}

export interface Mapping {
  /** The mapped pages themselves. Touching what lies beyond the file's last page is SIGBUS. */
  readonly bytes: Buffer;
  /** msync(MS_SYNC) of the whole mapping. */
  sync(): number;
  unmap(): void;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MS_SYNC = 4;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/**
 * Maps `lengthBytes` of a file from its byte `at` (a multiple of a page); a negative errno else.
 */
export function mapFile(
  fd: number,
  at: number,
  lengthBytes: number,
  how: { readonly write?: boolean; readonly private?: boolean } = {},
): Mapping | number {
  const protection = PROT_READ | (how.write === true ? PROT_WRITE : 0);
  const sharing = how.private === true ? MAP_PRIVATE : MAP_SHARED;
  const address = mmap(null, lengthBytes, protection, sharing, fd, at);
  if (address === MAP_FAILED || address === -1n) return -koffi.errno();
  return {
    bytes: Buffer.from(koffi.view(address, lengthBytes)),
    sync: () => c.msync(address, lengthBytes, MS_SYNC),
    unmap() {
      c.munmap(address, lengthBytes);
    },
  };
}
