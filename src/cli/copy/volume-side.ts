/** A mounted volume as a side of a copy. A folder is a descriptor of the volume's kernel. */
import type { Buffer } from 'node:buffer';
import { FsBridgeError } from '../../errors.ts';
import { escapeName } from '../../observe/display-names.ts';
import { callError, check } from '../../observe/messages.ts';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { at, encodeDevice, type Fd, type LinuxCalls } from '../../vfs-linux/calls.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { errnoName } from '../../vfs-linux/errors.ts';
import type { FileSystemTraits } from '../../vfs-linux/file-system-traits.ts';
import type { Statx } from '../../vfs-linux/statx.ts';
import { nextData } from '../../vfs-linux/tree/copy-data.ts';
import { readNames } from '../../vfs-linux/tree/read-directory.ts';
import { listXattrs, readXattr } from '../../vfs-linux/tree/xattrs.ts';
import { quietDirectoryFlags } from '../volume-path.ts';
import {
  type Attributes,
  isLinkRefusal,
  isRefusal,
  type Loss,
  type PresentEntry,
  type SourceFile,
  type SourceSide,
  type TargetFile,
  type TargetSide,
  type Xattr,
} from './sides.ts';

const noFollow: number = abi.AT_SYMLINK_NOFOLLOW;

/** The device too: btrfs numbers the inodes of each subvolume anew. */
function identityOf(found: Statx): string {
  return `${found.devMajor}:${found.devMinor}:${found.ino}`;
}

export class VolumeSide implements SourceSide<Fd>, TargetSide<Fd> {
  readonly #calls: LinuxCalls;
  readonly #traits: FileSystemTraits;

  constructor(calls: LinuxCalls, traits: FileSystemTraits) {
    this.#calls = calls;
    this.#traits = traits;
  }

  async attributes(folder: Fd, name: Buffer): Promise<Attributes> {
    const found = check(await this.#calls.statx(folder, name, noFollow), name);
    return {
      type: found.type,
      mode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
      sizeBytes: found.size,
      allocatedBytes: found.blocks * 512,
      nlink: found.nlink,
      identity: identityOf(found),
      atime: found.atime,
      mtime: found.mtime,
      rdev: [found.rdevMajor, found.rdevMinor],
    };
  }

  async presentAt(folder: Fd, name: Buffer): Promise<PresentEntry | undefined> {
    const found = await this.#calls.statx(folder, name, noFollow);
    if (found === -errno.ENOENT) return undefined;
    const present = check(found, name);
    return { type: present.type, identity: identityOf(present) };
  }

  async openFolder(folder: Fd, name: Buffer): Promise<Fd> {
    return check(await this.#calls.openat2(folder, name, quietDirectoryFlags), name);
  }

  async closeFolder(folder: Fd): Promise<void> {
    await this.#calls.close(folder);
  }

  async names(folder: Fd): Promise<Buffer[]> {
    const { names, error } = await readNames(this.#calls, folder);
    if (error !== undefined) throw callError(error, 'reading a directory');
    return names;
  }

  async linkTarget(folder: Fd, name: Buffer): Promise<Buffer> {
    return check(await this.#calls.readlinkat(folder, name), name);
  }

  async openFile(folder: Fd, name: Buffer): Promise<SourceFile> {
    const calls = this.#calls;
    const flags = abi.O_RDONLY | abi.O_NOFOLLOW | abi.O_NOATIME | abi.O_NONBLOCK | abi.O_CLOEXEC;
    const fd = check(await calls.openat2(folder, name, flags), name);
    return {
      read: async (buffer, offsetBytes) => check(await calls.pread(fd, buffer, offsetBytes), name),
      nextData: async (fromBytes) => {
        const found = await nextData(calls, fd, fromBytes);
        if (isErrno(found)) throw callError(found, name);
        return found;
      },
      close: async () => void (await calls.close(fd)),
    };
  }

  async xattrs(folder: Fd, name: Buffer): Promise<readonly Xattr[]> {
    const subject = { dirfd: folder, name, atFlags: noFollow };
    const names = await listXattrs(this.#calls, subject);
    if (names === -errno.EOPNOTSUPP) return [];
    const found: Xattr[] = [];
    for (const attribute of check(names, name)) {
      const value = await readXattr(this.#calls, subject, attribute);
      found.push({ name: attribute, value: check(value, name) });
    }
    return found;
  }

  async remove(folder: Fd, name: Buffer): Promise<void> {
    check(await this.#calls.unlinkat(folder, name), name);
  }

  async makeFolder(folder: Fd, name: Buffer): Promise<void> {
    check(await this.#calls.mkdirat(folder, name, 0o700), name);
  }

  async createFile(folder: Fd, name: Buffer): Promise<TargetFile> {
    const calls = this.#calls;
    const flags = abi.O_WRONLY | abi.O_CREAT | abi.O_EXCL | abi.O_NOFOLLOW | abi.O_CLOEXEC;
    const fd = check(await calls.openat2(folder, name, flags, 0o600), name);
    return {
      write: async (bytes, offsetBytes) => {
        for (let done = 0; done < bytes.length; ) {
          const part = bytes.subarray(done);
          done += check(await calls.pwrite(fd, part, offsetBytes + done), name);
        }
      },
      setSize: async (sizeBytes) => {
        check(await calls.ftruncate(fd, sizeBytes), name);
      },
      close: async () => void (await calls.close(fd)),
    };
  }

  async makeSymlink(target: Buffer, folder: Fd, name: Buffer): Promise<void> {
    if (!this.#traits.symlinks) {
      const why = 'the file system of the volume has no symbolic links';
      throw new FsBridgeError('EPERM', escapeName(name), why, 'It is left out.');
    }
    check(await this.#calls.symlinkat(target, folder, name), name);
  }

  async makeNode(folder: Fd, name: Buffer, attributes: Attributes): Promise<void> {
    const [major, minor] = attributes.rdev;
    const mode = attributes.type | 0o600;
    check(await this.#calls.mknodat(folder, name, mode, encodeDevice(major, minor)), name);
  }

  async link(from: Fd, fromName: Buffer, folder: Fd, name: Buffer): Promise<Loss | undefined> {
    // EPERM is what link(2) answers on a file system without hard links.
    if (!this.#traits.hardLinks) return { what: 'hard link', code: 'EPERM' };
    const ret = await this.#calls.linkat(at(from, fromName), at(folder, name));
    if (!isErrno(ret)) return undefined;
    if (!isLinkRefusal(ret)) throw callError(ret, name);
    return { what: 'hard link', code: errnoName(ret) };
  }

  /** The owner first, as a change of it takes setuid bits and capabilities away; the times last. */
  async setAttributes(
    folder: Fd,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<readonly Loss[]> {
    const { uid, gid, mode, type, atime, mtime } = attributes;
    const losses: Loss[] = [];
    const note = (ret: number, what: string): void => {
      if (!isErrno(ret)) return;
      if (!isRefusal(ret)) throw callError(ret, name);
      losses.push({ what, code: errnoName(ret) });
    };
    note(await this.#calls.fchownat(folder, name, { uid, gid }, noFollow), 'owner');
    for (const { name: attribute, value } of xattrs) {
      const ret = await this.#calls.setxattrat(at(folder, name, noFollow), attribute, value);
      note(ret, attribute.toString());
    }
    if (type !== abi.S_IFLNK) {
      note(await this.#calls.fchmodat2(folder, name, mode, noFollow), 'mode');
    }
    note(await this.#calls.utimensat(folder, name, { atime, mtime }, noFollow), 'times');
    return losses;
  }

  /** The unmount closes every descriptor that is still open. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
