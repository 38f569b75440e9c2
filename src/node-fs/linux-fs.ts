/** Linux's operations on a path that fs/promises lacks: the base class of VolumeFs. */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { encodeDevice, type FileAt } from '../vfs-linux/calls.ts';
import {
  type AclEntry,
  type AclKind,
  aclAttribute,
  formatPosixAcl,
  parsePosixAcl,
} from '../vfs-linux/posix-acl.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { readXattr } from '../vfs-linux/tree/xattrs.ts';
import { checkAclEntries, checkAclKind } from './acl-arguments.ts';
import { type FsPath, type Mode, toInteger, toKernelPath, toMode } from './arguments.ts';
import type { FsContext } from './context.ts';
import { FileHandle } from './file-handle.ts';
import { type TimeNs, toTimeNs } from './times.ts';
import { type SetXattrOptions, writeXattr, xattrNames } from './xattr.ts';

/** The kinds of files that mknod makes. */
export type NodeKind = 'fifo' | 'socket' | 'character-device' | 'block-device' | 'file';

const kinds: Readonly<Record<NodeKind, number>> = {
  fifo: abi.S_IFIFO,
  socket: abi.S_IFSOCK,
  'character-device': abi.S_IFCHR,
  'block-device': abi.S_IFBLK,
  file: abi.S_IFREG,
};

export interface MknodOptions {
  /** 0o666 by default, less the umask. */
  readonly mode?: Mode | undefined;
  /** A device's numbers. */
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
}

export interface FollowOptions {
  /** Acts on a symbolic link itself, not on its target. */
  readonly noFollow?: boolean | undefined;
}

export class LinuxFs {
  readonly #context: FsContext;

  constructor(context: FsContext) {
    this.#context = context;
  }

  protected get context(): FsContext {
    return this.#context;
  }

  /**
   * Permission bits that new files and directories do not get; 0o022 at first, as for most users.
   */
  get umask(): number {
    return this.#context.umask;
  }
  set umask(bits: number) {
    this.#context.umask = toInteger(bits, 'umask', 0, 0o777);
  }

  /** Everything that statx(2) answers. */
  async statx(path: FsPath, options: FollowOptions = {}): Promise<Statx> {
    const name = toKernelPath(path);
    const flags = options.noFollow === true ? abi.AT_SYMLINK_NOFOLLOW : 0;
    const answer = await this.#context.calls.statx(abi.AT_FDCWD, name, flags);
    return this.#context.found(answer, 'statx', name);
  }

  /** utimes to the nanosecond, for every time that the file system can keep. */
  async utimesNs(
    path: FsPath,
    atime: TimeNs,
    mtime: TimeNs,
    options: FollowOptions = {},
  ): Promise<void> {
    const name = toKernelPath(path);
    const flags = options.noFollow === true ? abi.AT_SYMLINK_NOFOLLOW : 0;
    const access = toTimeNs(atime, 'atime');
    const change = toTimeNs(mtime, 'mtime');
    const ret = await this.#context.calls.utimensat(
      abi.AT_FDCWD,
      name,
      { atime: access, mtime: change },
      flags,
    );
    this.#context.check(ret, 'utime', name);
  }

  async mknod(path: FsPath, kind: NodeKind, options: MknodOptions = {}): Promise<void> {
    const name = toKernelPath(path);
    const mode = kinds[kind] | (toMode(options.mode, 0o666) & ~this.umask);
    const major = toInteger(options.major ?? 0, 'major', 0, 0xfff);
    const minor = toInteger(options.minor ?? 0, 'minor', 0, 0xfffff);
    const ret = await this.#context.calls.mknodat(
      abi.AT_FDCWD,
      name,
      mode,
      encodeDevice(major, minor),
    );
    this.#context.check(ret, 'mknod', name);
  }

  /** The attribute's value; undefined if the file has none of that name. */
  getxattr(path: FsPath, name: FsPath): Promise<Buffer | undefined> {
    return this.#getxattr(at(path, 0), name);
  }

  /** The same of a symbolic link itself. */
  lgetxattr(path: FsPath, name: FsPath): Promise<Buffer | undefined> {
    return this.#getxattr(at(path, abi.AT_SYMLINK_NOFOLLOW), name);
  }

  setxattr(
    path: FsPath,
    name: FsPath,
    value: Uint8Array | string,
    options: SetXattrOptions = {},
  ): Promise<void> {
    return this.#setxattr(at(path, 0), name, value, options);
  }

  lsetxattr(
    path: FsPath,
    name: FsPath,
    value: Uint8Array | string,
    options: SetXattrOptions = {},
  ): Promise<void> {
    return this.#setxattr(at(path, abi.AT_SYMLINK_NOFOLLOW), name, value, options);
  }

  listxattr(path: FsPath): Promise<string[]> {
    return this.#listxattr(at(path, 0));
  }

  llistxattr(path: FsPath): Promise<string[]> {
    return this.#listxattr(at(path, abi.AT_SYMLINK_NOFOLLOW));
  }

  removexattr(path: FsPath, name: FsPath): Promise<void> {
    return this.#removexattr(at(path, 0), name);
  }

  lremovexattr(path: FsPath, name: FsPath): Promise<void> {
    return this.#removexattr(at(path, abi.AT_SYMLINK_NOFOLLOW), name);
  }

  async #getxattr(where: FileAt, name: FsPath): Promise<Buffer | undefined> {
    const value = await readXattr(this.#context.calls, where, toKernelPath(name, 'name'));
    if (value === -errno.ENODATA) return undefined;
    return this.#context.found(value, 'getxattr', where.name);
  }

  async #setxattr(
    where: FileAt,
    name: FsPath,
    value: Uint8Array | string,
    options: SetXattrOptions,
  ): Promise<void> {
    const attribute = toKernelPath(name, 'name');
    const ret = await writeXattr(this.#context, where, attribute, value, options);
    this.#context.check(ret, 'setxattr', where.name);
  }

  async #listxattr(where: FileAt): Promise<string[]> {
    const names = await xattrNames(this.#context, where);
    return this.#context.found(names, 'listxattr', where.name);
  }

  async #removexattr(where: FileAt, name: FsPath): Promise<void> {
    const attribute = toKernelPath(name, 'name');
    const { calls } = this.#context;
    const ret = await calls.removexattrat(where, attribute);
    this.#context.check(ret, 'removexattr', where.name);
  }

  /** The access control list; undefined if the file has only permission bits. */
  async getAcl(path: FsPath, kind: AclKind = 'access'): Promise<AclEntry[] | undefined> {
    checkAclKind(kind);
    const value = await this.getxattr(path, aclAttribute(kind));
    if (value === undefined) return undefined;
    const entries = parsePosixAcl(value);
    if (entries === undefined)
      throw this.#context.error(-errno.EINVAL, 'getacl', toKernelPath(path));
    return entries;
  }

  /** Sets the list, or removes it (undefined). A list that is not valid as a whole is EINVAL. */
  async setAcl(
    path: FsPath,
    kind: AclKind,
    entries: readonly AclEntry[] | undefined,
  ): Promise<void> {
    checkAclKind(kind);
    const name = aclAttribute(kind);
    if (entries !== undefined) {
      checkAclEntries(entries);
      return this.setxattr(path, name, formatPosixAcl(entries));
    }
    if ((await this.getxattr(path, name)) !== undefined) await this.removexattr(path, name);
  }

  /** A handle that outlives renames and remounts: name_to_handle_at(2). */
  async nameToHandle(path: FsPath): Promise<Buffer> {
    const name = toKernelPath(path);
    const handle = await this.#context.calls.nameToHandleAt(abi.AT_FDCWD, name);
    return this.#context.found(handle, 'name_to_handle_at', name);
  }

  /** Opens the file of a handle from nameToHandle; ESTALE if the file is gone. */
  async openByHandle(handle: Buffer, flags: number = abi.O_RDONLY): Promise<FileHandle> {
    const bits = flags | abi.O_NONBLOCK | abi.O_CLOEXEC;
    const fd = await this.#context.calls.openByHandleAt(abi.AT_FDCWD, handle, bits);
    this.#context.check(fd, 'open_by_handle_at');
    return new FileHandle(this.#context, fd, flags);
  }
}

function at(path: FsPath, atFlags: number): FileAt {
  return { dirfd: abi.AT_FDCWD, name: toKernelPath(path), atFlags };
}
