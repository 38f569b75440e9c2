/**
 * Which inodes are open: makes, shares and closes Fcbs, and keeps some unused directories open, so
 * that the next path below them needs no walk.
 *
 * Invariant: a caller that got an Fcb from `take` calls `release` for it once. An Fcb that `closed`
 * is not in the table any more, and its descriptors are closed.
 */
import { join64 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { Fcb, type FcbKey, Lcb } from './fcb.ts';

/** Each costs a descriptor and some kilobytes of the kernel's memory. */
const maxIdleDirectories = 512;
const maxPaths = 4096;

export class FcbTable {
  #calls: LinuxCalls;
  #byKey = new Map<FcbKey, Fcb>();
  /** Least recently used first. */
  #idle = new Set<Fcb>();
  /** Directories by the path that led to them: right until a directory or a link moves or goes. */
  #byPath = new Map<string, Fcb>();
  #rootDevice = 0;
  #closing: Fd[] = [];

  constructor(calls: LinuxCalls) {
    this.#calls = calls;
  }

  /** The root's own Fcb; first of all. */
  openRoot(statx: Statx, handle: Fd): Fcb {
    this.#rootDevice = statx.devMinor;
    return this.take(statx, handle);
  }

  /** The Fcb of what `fd` stands for, which becomes its handle or is closed. */
  take(statx: Statx, fd: Fd): Fcb {
    const key = this.#keyOf(statx);
    let fcb = this.#byKey.get(key);
    if (fcb === undefined) {
      fcb = new Fcb(key, fd, statx.type);
      this.#byKey.set(key, fcb);
    } else {
      this.closeFd(fd);
      if (fcb.refs === 0) this.#idle.delete(fcb);
    }
    fcb.refs++;
    return fcb;
  }

  hold(fcb: Fcb): void {
    if (fcb.refs++ === 0) this.#idle.delete(fcb);
  }

  release(fcb: Fcb): void {
    if (--fcb.refs > 0) return;
    const name = fcb.lcb;
    if (fcb.type !== abi.S_IFDIR || name === undefined || name.removed) {
      this.#close(fcb);
      return;
    }
    this.#idle.add(fcb);
    if (this.#idle.size > maxIdleDirectories) {
      const [oldest] = this.#idle;
      if (oldest !== undefined) this.#close(oldest);
    }
  }

  /** The Lcb of a name that was found to lead to `fcb`; `leave` gives it back. */
  enter(parent: Fcb, name: string, linuxName: Uint8Array, fcb: Fcb): Lcb {
    const lcb = this.#link(parent, name, linuxName, fcb);
    lcb.holders++;
    return lcb;
  }

  #link(parent: Fcb, name: string, linuxName: Uint8Array, fcb: Fcb): Lcb {
    const known = parent.links.get(name);
    if (known !== undefined) {
      if (known.fcb === fcb) return known;
      // Something outside of this engine put another file there.
      this.remove(known);
    }
    const isDirectory = fcb.type === abi.S_IFDIR;
    if (isDirectory && fcb.lcb !== undefined && !fcb.lcb.removed) {
      this.move(fcb.lcb, parent, name, linuxName);
      return fcb.lcb;
    }
    const lcb = new Lcb(parent, name, linuxName, fcb);
    parent.links.set(name, lcb);
    this.hold(parent);
    if (isDirectory) fcb.lcb = lcb;
    return lcb;
  }

  /** Gives back an Lcb from `enter`. */
  leave(lcb: Lcb): void {
    if (--lcb.holders === 0 && lcb.fcb.lcb !== lcb && !lcb.removed) this.#drop(lcb);
  }

  /** The name is no more. */
  remove(lcb: Lcb): void {
    if (lcb.removed) return;
    if (lcb.fcb.type !== abi.S_IFREG) this.forgetPaths();
    this.#drop(lcb);
  }

  /** The name has another place now; one that had this place is removed. */
  move(lcb: Lcb, parent: Fcb, name: string, linuxName: Uint8Array): void {
    if (lcb.fcb.type !== abi.S_IFREG) this.forgetPaths();
    const replaced = parent.links.get(name);
    if (replaced !== undefined && replaced !== lcb) this.remove(replaced);
    const before = lcb.parent;
    this.hold(parent);
    if (before.links.get(lcb.name) === lcb) before.links.delete(lcb.name);
    lcb.parent = parent;
    lcb.name = name;
    lcb.linuxName = linuxName;
    parent.links.set(name, lcb);
    this.release(before);
  }

  #drop(lcb: Lcb): void {
    lcb.removed = true;
    if (lcb.parent.links.get(lcb.name) === lcb) lcb.parent.links.delete(lcb.name);
    this.release(lcb.parent);
    // An idle directory whose name has gone has nothing left to be kept for.
    if (lcb.fcb.lcb === lcb && lcb.fcb.refs === 0) this.#close(lcb.fcb);
  }

  /** A directory that this path led to, held; undefined where it must be walked. */
  atPath(path: string): Fcb | undefined {
    const fcb = this.#byPath.get(path);
    if (fcb === undefined) return undefined;
    if (fcb.closed) {
      this.#byPath.delete(path);
      return undefined;
    }
    this.hold(fcb);
    return fcb;
  }

  rememberPath(path: string, directory: Fcb): void {
    if (this.#byPath.size >= maxPaths) this.#byPath.clear();
    this.#byPath.set(path, directory);
  }

  /** A directory or a symbolic link has moved or gone. */
  forgetPaths(): void {
    this.#byPath.clear();
  }

  /** The inode behind the file has become another one: a file is a symbolic link now, or back. */
  rebind(fcb: Fcb, statx: Statx, handle: Fd): void {
    this.#byKey.delete(fcb.key);
    this.#closeFds(fcb);
    fcb.key = this.#keyOf(statx);
    fcb.handle = handle;
    fcb.type = statx.type;
    this.#byKey.set(fcb.key, fcb);
    this.forgetPaths();
  }

  #keyOf(statx: Statx): FcbKey {
    return statx.devMinor === this.#rootDevice && statx.inoHigh < 0x200000
      ? join64(statx.inoLow, statx.inoHigh)
      : `${statx.devMinor}:${statx.ino}`;
  }

  #close(fcb: Fcb): void {
    this.#idle.delete(fcb);
    this.#byKey.delete(fcb.key);
    fcb.closed = true;
    this.#closeFds(fcb);
    const name = fcb.lcb;
    if (name !== undefined && !name.removed) this.#drop(name);
  }

  #closeFds(fcb: Fcb): void {
    const { handle, readFd, writeFd } = fcb;
    fcb.readFd = undefined;
    fcb.writeFd = undefined;
    this.closeFd(handle);
    if (readFd !== undefined && readFd !== handle) void this.#closeLater(readFd);
    if (writeFd !== undefined && writeFd !== handle && writeFd !== readFd) {
      void this.#closeLater(writeFd);
    }
  }

  async #closeLater(fd: Fd | Promise<number>): Promise<void> {
    const opened = await fd;
    if (opened >= 0) this.closeFd(opened);
  }

  /**
   * Does not wait: fsync has reported errors before. The descriptors of one turn of the event loop
   * are closed in one request.
   */
  closeFd(fd: Fd): void {
    if (this.#closing.push(fd) === 1) setImmediate(() => void this.#closeSome());
  }

  async #closeSome(): Promise<void> {
    if (this.#closing.length === 0) return;
    await this.#calls.closeAll(this.#closing.splice(0));
  }

  /** Closes everything, whether it is in use or not. */
  async closeAll(): Promise<void> {
    for (const fcb of this.#byKey.values()) {
      fcb.closed = true;
      this.#closeFds(fcb);
    }
    this.#byKey.clear();
    this.#idle.clear();
    this.#byPath.clear();
    await this.#closeSome();
  }
}
