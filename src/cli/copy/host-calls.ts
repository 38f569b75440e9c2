/**
 * System calls of a Linux host that Node's fs does not have: times to the nanosecond, devices,
 * extended attributes, holes. They go through node:ffi (experimental in Node 26): where it is
 * missing, or the host is no Linux, `hostCalls` is undefined and the copier makes do with fs.
 *
 * Invariant: every call answers 0 or a count, or a negative errno of the host, which is a Linux.
 */
import { Buffer } from 'node:buffer';
import type { Timespec } from '../../vfs-linux/statx.ts';

const atFdCwd = -100;
const atSymlinkNoFollow = 0x100;
const timespecBytes = 16;
const seekData = 3;
const seekHole = 4;

export interface HostCalls {
  utimens(path: Buffer, atime: Timespec, mtime: Timespec): number;
  /** mode with the type in it. */
  mknod(path: Buffer, mode: number, major: number, minor: number): number;
  lsetxattr(path: Buffer, name: Buffer, value: Buffer): number;
  lgetxattr(path: Buffer, name: Buffer, value: Buffer): number;
  llistxattr(path: Buffer, list: Buffer): number;
  seekData(fd: number, offsetBytes: number): number;
  seekHole(fd: number, offsetBytes: number): number;
}

const definitions = {
  utimensat: { return: 'int32', arguments: ['int32', 'buffer', 'buffer', 'int32'] },
  mknod: { return: 'int32', arguments: ['buffer', 'uint32', 'uint64'] },
  lsetxattr: { return: 'int32', arguments: ['buffer', 'buffer', 'buffer', 'uint64', 'int32'] },
  lgetxattr: { return: 'int64', arguments: ['buffer', 'buffer', 'buffer', 'uint64'] },
  llistxattr: { return: 'int64', arguments: ['buffer', 'buffer', 'uint64'] },
  lseek: { return: 'int64', arguments: ['int32', 'int64', 'int32'] },
  __errno_location: { return: 'pointer', arguments: [] },
} as const;

/** node:ffi warns that it is experimental; that is for us to know, not for who copies a file. */
function loadFfi(): typeof import('node:ffi') | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:ffi');
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function cString(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

function timespecs(...times: readonly Timespec[]): Buffer {
  const bytes = Buffer.alloc(times.length * timespecBytes);
  times.forEach(({ sec, nsec }, index) => {
    bytes.writeBigInt64LE(BigInt(sec), index * timespecBytes);
    bytes.writeBigInt64LE(BigInt(nsec), index * timespecBytes + 8);
  });
  return bytes;
}

/** makedev(3): glibc's bits/sysmacros.h, gnu_dev_makedev. */
function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) |
    ((high & 0xfffn) << 8n) |
    ((low & 0xffffff00n) << 12n) |
    (low & 0xffn)
  );
}

function bind(): HostCalls | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  const ffi = loadFfi();
  if (ffi === undefined) return undefined;
  let c: ReturnType<typeof ffi.dlopen<typeof definitions>>['functions'];
  try {
    c = ffi.dlopen(null, definitions).functions;
  } catch {
    return undefined; // a libc that calls its errno otherwise: musl is one
  }
  const done = (answer: number | bigint): number =>
    Number(answer) < 0 ? -ffi.getInt32(c.__errno_location(), 0) : Number(answer);
  const room = (bytes: Buffer): Buffer => (bytes.length === 0 ? Buffer.alloc(1) : bytes);
  return {
    utimens: (path, atime, mtime) =>
      done(c.utimensat(atFdCwd, cString(path), timespecs(atime, mtime), atSymlinkNoFollow)),
    mknod: (path, mode, major, minor) =>
      done(c.mknod(cString(path), mode, makeDevice(major, minor))),
    lsetxattr: (path, name, value) =>
      done(c.lsetxattr(cString(path), cString(name), room(value), BigInt(value.length), 0)),
    lgetxattr: (path, name, value) =>
      done(c.lgetxattr(cString(path), cString(name), value, BigInt(value.length))),
    llistxattr: (path, list) => done(c.llistxattr(cString(path), list, BigInt(list.length))),
    seekData: (fd, offsetBytes) => done(c.lseek(fd, BigInt(offsetBytes), seekData)),
    seekHole: (fd, offsetBytes) => done(c.lseek(fd, BigInt(offsetBytes), seekHole)),
  };
}

let bound: { readonly calls: HostCalls | undefined } | undefined;

/** The calls, or undefined where this host or this Node does not give them. */
export function hostCalls(): HostCalls | undefined {
  bound ??= { calls: bind() };
  return bound.calls;
}
