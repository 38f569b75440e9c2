/** A mounted volume as a side of a copy. */
import type { Buffer } from 'node:buffer';
import { callError, check } from '../../observe/messages.ts';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../vfs-linux/calls.ts';
import { errnoName } from '../../vfs-linux/errors.ts';
import { listXattrs, readXattr } from '../../vfs-linux/tree/xattrs.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import { typeName } from '../describe.ts';
import { type OpenFd, openHeld, readNames } from '../volume-path.ts';
import {
  type Attributes,
  type EntryType,
  type Extent,
  isRefusal,
  type Loss,
  type SourceFile,
  type SourceSide,
  type TargetFile,
  type TargetSide,
  type Xattr,
} from './sides.ts';

const noFollow: number = abi.AT_SYMLINK_NOFOLLOW;
const nodeTypes = {
  char: abi.S_IFCHR,
  block: abi.S_IFBLK,
  fifo: abi.S_IFIFO,
  socket: abi.S_IFSOCK,
  file: abi.S_IFREG,
} as const;

export class VolumeSide implements SourceSide<OpenFd>, TargetSide<OpenFd> {
  readonly #volume: Volume;
  readonly #calls: LinuxCalls;

  constructor(volume: Volume) {
    this.#volume = volume;
    this.#calls = volume.calls;
  }

  async attributes(folder: OpenFd, name: Buffer): Promise<Attributes> {
    const found = check(await this.#calls.statx(folder.fd, name, noFollow), name);
    return {
      type: typeName(found.type) as EntryType,
      mode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
      sizeBytes: found.size,
      allocatedBytes: found.blocks * 512,
      nlink: found.nlink,
      // The device too: btrfs numbers the inodes of each subvolume anew.
      identity: `${found.devMajor}:${found.devMinor}:${found.ino}`,
      atime: found.atime,
      mtime: found.mtime,
      rdev: [found.rdevMajor, found.rdevMinor],
    };
  }

  async typeOf(folder: OpenFd, name: Buffer): Promise<EntryType | undefined> {
    const found = await this.#calls.statx(folder.fd, name, noFollow);
    if (found === -errno.ENOENT) return undefined;
    return typeName(check(found, name).type) as EntryType;
  }

  async openFolder(folder: OpenFd, name: Buffer): Promise<OpenFd> {
    const flags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_NOATIME;
    return check(await openHeld(this.#volume, folder.fd, name, flags), name);
  }

  closeFolder(folder: OpenFd): Promise<void> {
    return folder.close();
  }

  async names(folder: OpenFd): Promise<readonly Buffer[]> {
    const { names, error } = await readNames(this.#calls, folder.fd);
    if (error < 0) throw callError(error, 'reading a directory');
    return names;
  }

  async linkTarget(folder: OpenFd, name: Buffer): Promise<Buffer> {
    return check(await this.#calls.readlinkat(folder.fd, name), name);
  }

  async openFile(folder: OpenFd, name: Buffer): Promise<SourceFile> {
    const flags = abi.O_RDONLY | abi.O_NOFOLLOW | abi.O_NOATIME | abi.O_NONBLOCK;
    const opened = check(await openHeld(this.#volume, folder.fd, name, flags), name);
    const calls = this.#calls;
    return {
      read: async (buffer, offsetBytes) =>
        check(await calls.pread(opened.fd, buffer, offsetBytes), name),
      nextData: async (fromBytes) => nextExtent(calls, opened.fd, fromBytes, name),
      close: () => opened.close(),
    };
  }

  async xattrs(folder: OpenFd, name: Buffer): Promise<readonly Xattr[]> {
    const subject = { dirfd: folder.fd, name, atFlags: noFollow };
    const names = await listXattrs(this.#calls, subject);
    if (names === -errno.EOPNOTSUPP) return [];
    const found: Xattr[] = [];
    for (const attribute of check(names, name)) {
      const value = await readXattr(this.#calls, subject, attribute);
      found.push({ name: attribute, value: check(value, name) });
    }
    return found;
  }

  async remove(folder: OpenFd, name: Buffer): Promise<void> {
    check(await this.#calls.unlinkat(folder.fd, name), name);
  }

  async makeFolder(folder: OpenFd, name: Buffer): Promise<void> {
    check(await this.#calls.mkdirat(folder.fd, name, 0o700), name);
  }

  async createFile(folder: OpenFd, name: Buffer): Promise<TargetFile> {
    const flags = abi.O_WRONLY | abi.O_CREAT | abi.O_EXCL | abi.O_NOFOLLOW;
    const opened = check(await openHeld(this.#volume, folder.fd, name, flags, 0o600), name);
    return {
      write: async (bytes, offsetBytes) => {
        for (let done = 0; done < bytes.length; ) {
          const part = bytes.subarray(done);
          done += check(await this.#calls.pwrite(opened.fd, part, offsetBytes + done), name);
        }
      },
      setSize: async (sizeBytes) => {
        check(await this.#calls.ftruncate(opened.fd, sizeBytes), name);
      },
      close: () => opened.close(),
    };
  }

  async makeSymlink(target: Buffer, folder: OpenFd, name: Buffer): Promise<void> {
    check(await this.#calls.symlinkat(target, folder.fd, name), name);
  }

  async makeNode(folder: OpenFd, name: Buffer, attributes: Attributes): Promise<void> {
    const type = nodeTypes[attributes.type as keyof typeof nodeTypes];
    const [major, minor] = attributes.rdev;
    check(await this.#calls.mknodat(folder.fd, name, type | 0o600, major, minor), name);
  }

  async link(from: OpenFd, fromName: Buffer, folder: OpenFd, name: Buffer): Promise<void> {
    check(await this.#calls.linkat(from.fd, fromName, folder.fd, name), name);
  }

  /** The owner first, as a change of it takes setuid bits and capabilities away; the times last. */
  async setAttributes(
    folder: OpenFd,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<readonly Loss[]> {
    const { uid, gid, mode, type, atime, mtime } = attributes;
    const { fd } = folder;
    const losses: Loss[] = [];
    const attempt = (ret: number, what: string): void => {
      if (ret < 0 && isRefusal(errnoName(ret))) losses.push({ what, code: errnoName(ret) });
      else check(ret, name);
    };
    attempt(await this.#calls.fchownat(fd, name, uid, gid, noFollow), 'owner');
    for (const { name: attribute, value } of xattrs) {
      const ret = await this.#calls.setxattrat(fd, name, noFollow, attribute, value);
      attempt(ret, attribute.toString());
    }
    if (type !== 'symlink') {
      attempt(await this.#calls.fchmodat2(fd, name, mode, noFollow), 'mode');
    }
    attempt(await this.#calls.utimensat(fd, name, atime, mtime, noFollow), 'times');
    return losses;
  }

  /** What is open is the volume's to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function nextExtent(
  calls: LinuxCalls,
  fd: number,
  fromBytes: number,
  name: Buffer,
): Promise<Extent | 'unknown' | undefined> {
  const beginBytes = await calls.lseek(fd, fromBytes, abi.SEEK_DATA);
  // ENXIO: there is no data any more (lseek(2)).
  if (beginBytes === -errno.ENXIO) return undefined;
  if (beginBytes === -errno.EINVAL || beginBytes === -errno.EOPNOTSUPP) return 'unknown';
  const endBytes = await calls.lseek(fd, check(beginBytes, name), abi.SEEK_HOLE);
  return { beginBytes, endBytes: check(endBytes, name) };
}
