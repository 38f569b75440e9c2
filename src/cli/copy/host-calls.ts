/**
 * System calls of a Linux host that Node's fs does not have: times to the nanosecond, devices,
 * extended attributes, holes. They go through koffi, loaded when something is copied: where it cannot
 * be, or the host is no Linux, `hostCalls` is undefined and the copier makes do with fs.
 *
 * Invariant: every call answers 0 or a count, or a negative errno of the host, which is a Linux.
 */
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import type { Timespec } from '../../vfs-linux/statx.ts';

type Koffi = typeof import('koffi').default;

const atFdCwd = -100;
const atSymlinkNoFollow = 0x100;
const timespecBytes = 16;
const seekDataWhence = 3;
const seekHoleWhence = 4;

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

type Call = (...args: readonly unknown[]) => number;

function bind(): HostCalls | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    return bindTo(createRequire(import.meta.url)('koffi') as Koffi);
  } catch {
    return undefined; // a host that koffi has no build for
  }
}

function bindTo(koffi: Koffi): HostCalls {
  const c = koffi.load(null);
  const utimensat = c.func('utimensat', 'int', ['int', 'void *', 'void *', 'int']) as Call;
  const mknod = c.func('mknod', 'int', ['void *', 'uint32', 'uint64']) as Call;
  const xattr = ['void *', 'void *', 'void *', 'size_t'];
  const lsetxattr = c.func('lsetxattr', 'int', [...xattr, 'int']) as Call;
  const lgetxattr = c.func('lgetxattr', 'int64', xattr) as Call;
  const llistxattr = c.func('llistxattr', 'int64', ['void *', 'void *', 'size_t']) as Call;
  const lseek = c.func('lseek', 'int64', ['int', 'int64', 'int']) as Call;
  const done = (answer: number): number => (answer < 0 ? -koffi.errno() : answer);
  return {
    utimens: (path, atime, mtime) =>
      done(utimensat(atFdCwd, cString(path), timespecs(atime, mtime), atSymlinkNoFollow)),
    mknod: (path, mode, major, minor) => done(mknod(cString(path), mode, makeDevice(major, minor))),
    lsetxattr: (path, name, value) =>
      done(lsetxattr(cString(path), cString(name), value, value.length, 0)),
    lgetxattr: (path, name, value) =>
      done(lgetxattr(cString(path), cString(name), value, value.length)),
    llistxattr: (path, list) => done(llistxattr(cString(path), list, list.length)),
    seekData: (fd, offsetBytes) => done(lseek(fd, offsetBytes, seekDataWhence)),
    seekHole: (fd, offsetBytes) => done(lseek(fd, offsetBytes, seekHoleWhence)),
  };
}

let bound: { readonly calls: HostCalls | undefined } | undefined;

/** The calls, or undefined where this host or this Node does not give them. */
export function hostCalls(): HostCalls | undefined {
  bound ??= { calls: bind() };
  return bound.calls;
}
