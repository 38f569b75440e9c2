/**
 * A mounted file system. `calls` is the data plane (negative errno, bytes); the methods here
 * concern the volume as a whole, and throw where they do not say that they answer an errno.
 * volumeFs (src/node-fs) gives a volume the shape of Node's fs/promises.
 */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import type { Fd, LinuxCalls } from './calls.ts';
import { type Errno, isErrno } from './errno.ts';
import type { Machine } from './machine.ts';
import type { Statfs } from './statx.ts';

interface VolumeParts {
  readonly kernel: Machine;
  readonly device: string;
  readonly type: string;
  readonly readOnly: boolean;
  readonly calls: LinuxCalls;
}

export class Volume implements AsyncDisposable {
  /** The kernel that has mounted it. */
  readonly kernel: Machine;
  /** The kernel's name of the device, such as "disk0p1". */
  readonly device: string;
  /** The file system's type, such as "ext4". */
  readonly type: string;
  readonly readOnly: boolean;
  /** Calls with this volume's root as "/". */
  readonly calls: LinuxCalls;
  readonly #unmount: () => Promise<void>;
  readonly #held = new Set<() => Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #rootFd: Promise<Fd> | undefined;

  constructor(parts: VolumeParts, unmount: () => Promise<void>) {
    this.kernel = parts.kernel;
    this.device = parts.device;
    this.type = parts.type;
    this.readOnly = parts.readOnly;
    this.calls = parts.calls;
    this.#unmount = unmount;
  }

  /** The root directory, as a handle (O_PATH). */
  get root(): Fd {
    return this.calls.root;
  }

  /** Registers a function that closes something before the unmount; answers how to forget it. */
  hold(close: () => Promise<unknown>): () => void {
    this.#held.add(close);
    return () => this.#held.delete(close);
  }

  async statfs(): Promise<Statfs> {
    return this.#check(await this.calls.fstatfs(this.root), 'statfs');
  }

  /** Writes out everything and waits for the disk. */
  async syncfs(): Promise<void> {
    this.#check(await this.calls.syncfs(this.root), 'syncfs');
  }

  /** Stops all changes until `thaw`, with the disk consistent meanwhile: FIFREEZE. */
  async freeze(): Promise<void> {
    const fd = this.#check(await this.rootFd(), 'freeze');
    this.#check(await this.calls.ioctlNumber(fd, abi.FIFREEZE, 0), 'freeze');
  }

  async thaw(): Promise<void> {
    const fd = this.#check(await this.rootFd(), 'thaw');
    this.#check(await this.calls.thaw(fd), 'thaw');
  }

  /** Discards the blocks that are free; answers how many bytes. */
  async trim(minimumBytes = 0): Promise<number> {
    const range = Buffer.alloc(abi['fstrim_range.size']);
    range.writeBigUInt64LE(0xffffffffffffffffn, abi['fstrim_range.len']);
    range.writeBigUInt64LE(BigInt(minimumBytes), abi['fstrim_range.minlen']);
    this.#check(await this.#rootIoctl(abi.FITRIM, range), 'trim');
    return Number(range.readBigUInt64LE(abi['fstrim_range.len']));
  }

  /** The volume's label, as the file system's driver gives it. */
  async label(): Promise<string> {
    return this.#check(await this.readLabel(), 'label');
  }

  async setLabel(text: string): Promise<void> {
    this.#check(await this.writeLabel(text), 'setLabel');
  }

  /** The label, or an errno: ENOTTY where the driver has no such ioctl. */
  async readLabel(): Promise<string | Errno> {
    const label = Buffer.alloc(abi.FSLABEL_MAX);
    const ret = await this.#rootIoctl(abi.FS_IOC_GETFSLABEL, label);
    if (isErrno(ret)) return ret;
    const end = label.indexOf(0);
    return label.toString('utf8', 0, end < 0 ? label.length : end);
  }

  /** Sets the label; answers 0 or an errno: EINVAL where it is longer than the driver's limit. */
  writeLabel(text: string): Promise<number> {
    const label = Buffer.alloc(abi.FSLABEL_MAX);
    label.write(text, 0, abi.FSLABEL_MAX - 1);
    return this.#rootIoctl(abi.FS_IOC_SETFSLABEL, label);
  }

  /**
   * The root directory, opened once for ioctls and syncs, which need more than a handle (O_PATH);
   * or a negative errno. It is closed with the volume.
   */
  async rootFd(): Promise<number> {
    this.#rootFd ??= this.calls.reopen(this.root, abi.O_RDONLY | abi.O_DIRECTORY);
    const fd = await this.#rootFd;
    if (isErrno(fd)) this.#rootFd = undefined;
    return fd;
  }

  async #rootIoctl(command: number, structure: Buffer): Promise<number> {
    const fd = await this.rootFd();
    return isErrno(fd) ? fd : this.calls.ioctl(fd, command, structure);
  }

  #check<T>(answer: T | Errno, what: string): T {
    return this.kernel.check(answer, `${this.device}: ${what}`);
  }

  /** Closes the open files and unmounts. All that was written is on the disk afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const close of this.#held) await close().catch(() => {});
    for (const fd of this.calls.opened) await this.calls.close(fd);
    await this.#unmount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
