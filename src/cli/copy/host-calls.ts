/**
 * System calls of a Linux host that Node's fs does not have: times to the nanosecond, devices,
 * extended attributes, holes. They go through koffi, which is loaded when something is copied.
 * Where koffi cannot be loaded, or the host is no Linux, `hostCalls` answers undefined and the
 * copier uses what Node's fs has.
 *
 * Invariant: every call answers 0 or a count, or a negative errno of the host, which is a Linux.
 */
import { Buffer } from 'node:buffer';
import { type Ffi, loadFfiSync } from '../../host/ffi.ts';
import type { Timespec } from '../../vfs-linux/statx.ts';

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

function load(): HostCalls | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    return bindTo(loadFfiSync());
  } catch {
    return undefined; // a host that koffi has no build for
  }
}

function bindTo(ffi: Ffi): HostCalls {
  const bind = ffi.open(null);
  const utimensat = bind('utimensat', 'int', ['int', 'void *', 'void *', 'int']);
  const mknod = bind('mknod', 'int', ['void *', 'uint32', 'uint64']);
  const xattr = ['void *', 'void *', 'void *', 'size_t'];
  const lsetxattr = bind('lsetxattr', 'int', [...xattr, 'int']);
  const lgetxattr = bind('lgetxattr', 'int64', xattr);
  const llistxattr = bind('llistxattr', 'int64', ['void *', 'void *', 'size_t']);
  const lseek = bind('lseek', 'int64', ['int', 'int64', 'int']);
  const done = (answer: number): number => ffi.orErrno(answer);
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

/** The calls, or undefined where this host is no Linux, or koffi has no build for it. */
export function hostCalls(): HostCalls | undefined {
  bound ??= { calls: load() };
  return bound.calls;
}
