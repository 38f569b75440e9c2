/**
 * A folder of the host as a side of a copy.
 *
 * On Linux a folder is an open descriptor, and its entries are reached through /proc/self/fd. So no
 * path gets too long, and no symbolic link can be moved into the middle of one. Elsewhere a folder
 * is a path.
 *
 * host-calls.ts has the system calls of Linux that Node's fs lacks. On a host without them times
 * are as exact as a double (some 200 ns today), extended attributes are left out, devices, fifos
 * and sockets cannot be made, and a block of zeroes becomes a hole.
 *
 * Calls on names and attributes are synchronous, as the way through libuv's thread pool costs ten
 * times as much as such a call. Large reads and writes go through the pool.
 */
import { Buffer } from 'node:buffer';
import fs, { type BigIntStats, constants } from 'node:fs';
import { promisify } from 'node:util';
import { FsBridgeError } from '../../errors.ts';
import { deviceNumbers } from '../../host/device-number.ts';
import { hostCode } from '../../host/host-error.ts';
import { callError, check } from '../../observe/messages.ts';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { errnoName } from '../../vfs-linux/errors.ts';
import type { Timespec } from '../../vfs-linux/statx.ts';
import type { NextData } from '../../vfs-linux/tree/copy-data.ts';
import { splitXattrNames } from '../../vfs-linux/tree/xattrs.ts';
import { typeName } from '../file-types.ts';
import { hostCalls } from './host-calls.ts';
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

const throughProc: boolean = process.platform === 'linux' && fs.existsSync('/proc/self/fd');
/** Undefined on Windows, whose files have no owner in the sense of Linux. */
const ownUid: number | undefined = process.geteuid?.();
const setIdBits = 0o6000;
/** Reads and writes of fewer bytes are synchronous. */
const smallBytes = 65536;

const readLater = promisify(fs.read);
const writeLater = promisify(fs.write);

export interface HostFolder {
  readonly path: Buffer;
  /** Undefined on hosts where a folder is a path. */
  readonly fd: number | undefined;
}

function timespec(nanoseconds: bigint): Timespec {
  const nsec = Number(((nanoseconds % 1000000000n) + 1000000000n) % 1000000000n);
  return { sec: Number((nanoseconds - BigInt(nsec)) / 1000000000n), nsec };
}

/** As text, because Node's fs takes a number below zero for the present. */
function seconds(time: Timespec): string {
  return String(time.sec + time.nsec / 1e9);
}

function attributesOf(stats: BigIntStats): Attributes {
  const windows = process.platform === 'win32';
  return {
    type: Number(stats.mode) & abi.S_IFMT,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: Number(stats.size),
    allocatedBytes: windows ? undefined : Number(stats.blocks) * 512,
    nlink: Number(stats.nlink),
    identity: `${stats.dev}:${stats.ino}`,
    atime: timespec(stats.atimeNs),
    mtime: timespec(stats.mtimeNs),
    rdev: deviceNumbers(stats.rdev),
  };
}

export class HostSide implements SourceSide<HostFolder>, TargetSide<HostFolder> {
  readonly #open: Set<number> = new Set();

  /** The folder at a path of the host; follows symbolic links. */
  async openPath(path: Buffer): Promise<HostFolder> {
    return this.#openFolderAt(path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  #openFolderAt(path: Buffer, flags: number): HostFolder {
    if (!throughProc) return { path, fd: undefined };
    const fd = this.#openFd(path, flags);
    return { path: Buffer.from(`/proc/self/fd/${fd}`), fd };
  }

  #openFd(path: Buffer, flags: number): number {
    const fd = fs.openSync(path, flags, 0o600);
    this.#open.add(fd);
    return fd;
  }

  #closeFd(fd: number): void {
    if (this.#open.delete(fd)) fs.closeSync(fd);
  }

  #at(folder: HostFolder, name: Buffer): Buffer {
    return Buffer.concat([folder.path, Buffer.from('/'), name]);
  }

  async attributes(folder: HostFolder, name: Buffer): Promise<Attributes> {
    return attributesOf(fs.lstatSync(this.#at(folder, name), { bigint: true }));
  }

  async presentAt(folder: HostFolder, name: Buffer): Promise<PresentEntry | undefined> {
    const options = { bigint: true, throwIfNoEntry: false } as const;
    const stats = fs.lstatSync(this.#at(folder, name), options);
    return stats === undefined ? undefined : attributesOf(stats);
  }

  async openFolder(folder: HostFolder, name: Buffer): Promise<HostFolder> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return this.#openFolderAt(this.#at(folder, name), flags);
  }

  async closeFolder(folder: HostFolder): Promise<void> {
    if (folder.fd !== undefined) this.#closeFd(folder.fd);
  }

  async names(folder: HostFolder): Promise<Buffer[]> {
    return fs.readdirSync(folder.path, { encoding: 'buffer' });
  }

  async linkTarget(folder: HostFolder, name: Buffer): Promise<Buffer> {
    return fs.readlinkSync(this.#at(folder, name), { encoding: 'buffer' });
  }

  async openFile(folder: HostFolder, name: Buffer): Promise<SourceFile> {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
    const fd = this.#openFd(this.#at(folder, name), flags);
    return {
      read: async (buffer, offsetBytes) => {
        const { length } = buffer;
        if (length < smallBytes) return fs.readSync(fd, buffer, 0, length, offsetBytes);
        return (await readLater(fd, buffer, 0, length, offsetBytes)).bytesRead;
      },
      nextData: async (fromBytes) => nextData(fd, fromBytes, name),
      live: {
        changedSince: ({ sizeBytes, mtime }) => {
          const now = attributesOf(fs.fstatSync(fd, { bigint: true }));
          const { sec, nsec } = now.mtime;
          return now.sizeBytes !== sizeBytes || sec !== mtime.sec || nsec !== mtime.nsec;
        },
      },
      close: async () => this.#closeFd(fd),
    };
  }

  async xattrs(folder: HostFolder, name: Buffer): Promise<readonly Xattr[]> {
    const calls = hostCalls();
    if (calls === undefined) return [];
    const path = this.#at(folder, name);
    const list = Buffer.allocUnsafe(abi.XATTR_LIST_MAX);
    const length = calls.llistxattr(path, list);
    if (length === -errno.EOPNOTSUPP) return [];
    const found: Xattr[] = [];
    for (const attribute of splitXattrNames(list.subarray(0, check(length, name)))) {
      const value = Buffer.allocUnsafe(abi.XATTR_SIZE_MAX);
      const got = check(calls.lgetxattr(path, attribute, value), name);
      found.push({ name: attribute, value: Buffer.from(value.subarray(0, got)) });
    }
    return found;
  }

  async remove(folder: HostFolder, name: Buffer): Promise<void> {
    fs.unlinkSync(this.#at(folder, name));
  }

  async makeFolder(folder: HostFolder, name: Buffer): Promise<void> {
    fs.mkdirSync(this.#at(folder, name), 0o700);
  }

  async createFile(folder: HostFolder, name: Buffer): Promise<TargetFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const fd = this.#openFd(this.#at(folder, name), flags);
    return {
      write: async (bytes, offsetBytes) => {
        for (let done = 0; done < bytes.length; ) {
          const [left, at] = [bytes.length - done, offsetBytes + done];
          if (left < smallBytes) done += fs.writeSync(fd, bytes, done, left, at);
          else done += (await writeLater(fd, bytes, done, left, at)).bytesWritten;
        }
      },
      setSize: async (sizeBytes) => fs.ftruncateSync(fd, sizeBytes),
      close: async () => this.#closeFd(fd),
    };
  }

  async makeSymlink(target: Buffer, folder: HostFolder, name: Buffer): Promise<void> {
    fs.symlinkSync(target, this.#at(folder, name));
  }

  async makeNode(folder: HostFolder, name: Buffer, attributes: Attributes): Promise<void> {
    const calls = hostCalls();
    if (calls === undefined) {
      const why = `it is a ${typeName(attributes.type)}, and this computer has no such files`;
      const advice = 'It is left out. A Linux host (x64 or arm64) can have it.';
      throw new FsBridgeError('EOPNOTSUPP', name.toString(), why, advice);
    }
    const mode = attributes.type | 0o600;
    check(calls.mknod(this.#at(folder, name), mode, ...attributes.rdev), name);
  }

  async link(
    from: HostFolder,
    fromName: Buffer,
    folder: HostFolder,
    name: Buffer,
  ): Promise<Loss | undefined> {
    try {
      fs.linkSync(this.#at(from, fromName), this.#at(folder, name));
      return undefined;
    } catch (error) {
      const code = hostCode(error);
      if (!isLinkRefusal(code)) throw error;
      return { what: 'hard link', code };
    }
  }

  /**
   * Only root can set owners. What another user copies belongs to that user, and gets the setuid
   * and setgid bits only if it belonged to that user before.
   */
  async setAttributes(
    folder: HostFolder,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<readonly Loss[]> {
    const { uid, gid, type, atime, mtime } = attributes;
    const path = this.#at(folder, name);
    const losses: Loss[] = [];
    const attempt = (what: string, step: () => void): void => {
      try {
        step();
      } catch (error) {
        const code = hostCode(error);
        if (!isRefusal(code)) throw error;
        losses.push({ what, code });
      }
    };
    const note = (what: string, ret: number): void => {
      if (!isErrno(ret)) return;
      if (!isRefusal(ret)) throw callError(ret, name);
      losses.push({ what, code: errnoName(ret) });
    };
    if (ownUid === 0) attempt('owner', () => fs.lchownSync(path, uid, gid));
    const calls = hostCalls();
    for (const { name: attribute, value } of calls === undefined ? [] : xattrs) {
      note(attribute.toString(), calls?.lsetxattr(path, attribute, value) ?? 0);
    }
    const mine = ownUid === 0 || ownUid === uid;
    const mode = mine ? attributes.mode : attributes.mode & ~setIdBits;
    if (type !== abi.S_IFLNK) attempt('mode', () => fs.chmodSync(path, mode));
    if (calls !== undefined) note('times', calls.utimens(path, atime, mtime));
    else attempt('times', () => fs.lutimesSync(path, seconds(atime), seconds(mtime)));
    return losses;
  }

  async close(): Promise<void> {
    for (const fd of this.#open) fs.closeSync(fd);
    this.#open.clear();
  }
}

function nextData(fd: number, fromBytes: number, name: Buffer): NextData {
  const calls = hostCalls();
  if (calls === undefined) return 'unknown';
  const beginBytes = calls.seekData(fd, fromBytes);
  if (beginBytes === -errno.ENXIO) return undefined;
  if (beginBytes < 0) return 'unknown';
  return { beginBytes, endBytes: check(calls.seekHole(fd, beginBytes), name) };
}
