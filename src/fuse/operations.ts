/**
 * Every operation of the protocol, once: its code, its name for the statistics and the trace, the
 * least size of its body, and its handler. An operation that is not in the table is answered with
 * ENOSYS.
 *
 * Rows with `why` are answered with ENOSYS as well. The host remembers that for most of them, does
 * the work itself, and asks no more.
 */
import { errno } from '../vfs-linux/abi.gen.ts';
import { destroy, init, interrupt, statfs, syncfs } from './ops/connection.ts';
import { create, link, mkdir, mknod, symlink, tmpfile } from './ops/create.ts';
import {
  copyFileRange,
  copyFileRange64,
  fallocate,
  fsync,
  lseek,
  read,
  write,
} from './ops/data.ts';
import { fsyncdir, readdir, readdirplus } from './ops/directories.ts';
import { getattr, statx } from './ops/getattr.ts';
import { ioctl } from './ops/ioctl.ts';
import { batchForget, forget, lookup, readlink } from './ops/lookup.ts';
import { open, release } from './ops/open.ts';
import { rename, rename2, rmdir, unlink } from './ops/remove.ts';
import { setattr } from './ops/setattr.ts';
import { getxattr, listxattr, removexattr, setxattr } from './ops/xattr.ts';
import type { FuseRequest } from './request.ts';

export type Handler = (request: FuseRequest) => void;

export interface Operation {
  readonly opcode: number;
  readonly name: string;
  /** Bytes that the body has at least; a shorter one is EINVAL. */
  readonly bodyBytes: number;
  readonly handle: Handler;
  /** Makes something that will belong to the caller, whose identity is needed for that. */
  readonly creates?: true;
  /** Changes nothing, so that a caller that is interrupted need not wait for its end. */
  readonly onlyLooks?: true;
  /** The reason why it is not implemented. */
  readonly why?: string;
}

const notImplemented: Handler = (request) => request.fail(-errno.ENOSYS);

const hostLocks = 'the host keeps locks: every client of the volume is its client';
const noDevices = 'a disk has only files and directories to wait for, and they are always ready';

export const operations: readonly Operation[] = [
  { opcode: 0, name: 'UNKNOWN', bodyBytes: 0, handle: notImplemented },
  { opcode: 1, name: 'LOOKUP', bodyBytes: 2, handle: lookup, onlyLooks: true },
  { opcode: 2, name: 'FORGET', bodyBytes: 8, handle: forget },
  { opcode: 3, name: 'GETATTR', bodyBytes: 16, handle: getattr, onlyLooks: true },
  { opcode: 4, name: 'SETATTR', bodyBytes: 88, handle: setattr },
  { opcode: 5, name: 'READLINK', bodyBytes: 0, handle: readlink, onlyLooks: true },
  { opcode: 6, name: 'SYMLINK', bodyBytes: 4, handle: symlink, creates: true },
  { opcode: 8, name: 'MKNOD', bodyBytes: 18, handle: mknod, creates: true },
  { opcode: 9, name: 'MKDIR', bodyBytes: 10, handle: mkdir, creates: true },
  { opcode: 10, name: 'UNLINK', bodyBytes: 2, handle: unlink },
  { opcode: 11, name: 'RMDIR', bodyBytes: 2, handle: rmdir },
  { opcode: 12, name: 'RENAME', bodyBytes: 12, handle: rename },
  { opcode: 13, name: 'LINK', bodyBytes: 10, handle: link },
  { opcode: 14, name: 'OPEN', bodyBytes: 8, handle: open },
  { opcode: 15, name: 'READ', bodyBytes: 40, handle: read, onlyLooks: true },
  { opcode: 16, name: 'WRITE', bodyBytes: 40, handle: write },
  { opcode: 17, name: 'STATFS', bodyBytes: 0, handle: statfs, onlyLooks: true },
  { opcode: 18, name: 'RELEASE', bodyBytes: 24, handle: release },
  { opcode: 20, name: 'FSYNC', bodyBytes: 16, handle: fsync },
  { opcode: 21, name: 'SETXATTR', bodyBytes: 18, handle: setxattr },
  { opcode: 22, name: 'GETXATTR', bodyBytes: 10, handle: getxattr, onlyLooks: true },
  { opcode: 23, name: 'LISTXATTR', bodyBytes: 8, handle: listxattr, onlyLooks: true },
  { opcode: 24, name: 'REMOVEXATTR', bodyBytes: 2, handle: removexattr },
  ignored(25, 'FLUSH', 'a close has nothing to hand over: what was written is here already'),
  { opcode: 26, name: 'INIT', bodyBytes: 16, handle: init },
  ignored(27, 'OPENDIR', 'NO_OPENDIR_SUPPORT: the host lists a directory by its nodeid'),
  { opcode: 28, name: 'READDIR', bodyBytes: 40, handle: readdir, onlyLooks: true },
  ignored(29, 'RELEASEDIR', 'no directory is opened (OPENDIR)'),
  { opcode: 30, name: 'FSYNCDIR', bodyBytes: 16, handle: fsyncdir },
  ignored(31, 'GETLK', hostLocks),
  ignored(32, 'SETLK', hostLocks),
  ignored(33, 'SETLKW', hostLocks),
  ignored(34, 'ACCESS', 'the host checks permissions itself (default_permissions)'),
  { opcode: 35, name: 'CREATE', bodyBytes: 18, handle: create, creates: true },
  { opcode: 36, name: 'INTERRUPT', bodyBytes: 8, handle: interrupt },
  ignored(37, 'BMAP', 'the host has no block device that a block number would be of'),
  { opcode: 38, name: 'DESTROY', bodyBytes: 0, handle: destroy },
  { opcode: 39, name: 'IOCTL', bodyBytes: 32, handle: ioctl },
  ignored(40, 'POLL', noDevices),
  ignored(41, 'NOTIFY_REPLY', 'no notification asks for data (NOTIFY_RETRIEVE)'),
  { opcode: 42, name: 'BATCH_FORGET', bodyBytes: 8, handle: batchForget },
  { opcode: 43, name: 'FALLOCATE', bodyBytes: 32, handle: fallocate },
  { opcode: 44, name: 'READDIRPLUS', bodyBytes: 40, handle: readdirplus, onlyLooks: true },
  { opcode: 45, name: 'RENAME2', bodyBytes: 20, handle: rename2 },
  { opcode: 46, name: 'LSEEK', bodyBytes: 24, handle: lseek, onlyLooks: true },
  { opcode: 47, name: 'COPY_FILE_RANGE', bodyBytes: 56, handle: copyFileRange },
  ignored(48, 'SETUPMAPPING', 'DAX of virtiofs: there is no memory to map'),
  ignored(49, 'REMOVEMAPPING', 'DAX of virtiofs: there is no memory to map'),
  { opcode: 50, name: 'SYNCFS', bodyBytes: 0, handle: syncfs },
  { opcode: 51, name: 'TMPFILE', bodyBytes: 16, handle: tmpfile, creates: true },
  { opcode: 52, name: 'STATX', bodyBytes: 24, handle: statx, onlyLooks: true },
  { opcode: 53, name: 'COPY_FILE_RANGE_64', bodyBytes: 56, handle: copyFileRange64 },
];

function ignored(opcode: number, name: string, why: string): Operation {
  return { opcode, name, bodyBytes: 0, handle: notImplemented, why };
}

export const operationNames: readonly string[] = operations.map(({ name }) => name);

const places: readonly number[] = operations.reduce<number[]>((list, { opcode }, place) => {
  list[opcode] = place;
  return list;
}, []);

/** The place of an operation in the table; 0, which is not implemented, for an unknown one. */
export function placeOf(opcode: number): number {
  return places[opcode] ?? 0;
}
