/**
 * A mounted file system. `calls` is the data plane (negative errno, bytes); the rest is what concerns
 * the volume as a whole. volumeFs (src/node-fs) gives a volume the shape of Node's fs/promises.
 */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import type { Fd, LinuxCalls } from './calls.ts';
import type { Kernel } from './kernel.ts';
import type { Statfs } from './statx.ts';

interface VolumeParts {
  kernel: Kernel;
  device: string;
  type: string;
  readOnly: boolean;
  calls: LinuxCalls;
}

export class Volume implements AsyncDisposable {
  readonly kernel: Kernel;
  /** The kernel's name of the device, such as "disk0p1". */
  readonly device: string;
  /** The file system's type, such as "ext4". */
  readonly type: string;
  readonly readOnly: boolean;
  /** Calls with this volume's root as "/". */
  readonly calls: LinuxCalls;
  #unmount: () => Promise<void>;
  #closing: Promise<void> | undefined;
  #held = new Set<() => Promise<unknown>>();

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

  /** Registers something open that must be closed before the unmount; answers how to forget it. */
  hold(close: () => Promise<unknown>): () => void {
    this.#held.add(close);
    return () => this.#held.delete(close);
  }

  async statfs(): Promise<Statfs> {
    const answer = await this.calls.fstatfs(this.root);
    if (typeof answer === 'number') throw new Error(String(this.#check(answer, 'statfs')));
    return answer;
  }

  /** Writes out everything and waits for the disk. */
  async syncfs(): Promise<void> {
    this.#check(await this.calls.syncfs(this.root), 'syncfs');
  }

  /** Stops all changes until `thaw`, with the disk consistent meanwhile: FIFREEZE. */
  async freeze(): Promise<void> {
    await this.#withRoot((fd) => this.calls.ioctlNumber(fd, abi.FIFREEZE, 0), 'freeze');
  }

  async thaw(): Promise<void> {
    this.#check(await this.calls.thaw(await this.#openRoot()), 'thaw');
  }

  /** Tells the disk which blocks are free; answers how many bytes. */
  async trim(minimumBytes = 0): Promise<number> {
    const range = Buffer.alloc(abi['fstrim_range.size']);
    range.writeBigUInt64LE(0xffffffffffffffffn, abi['fstrim_range.len']);
    range.writeBigUInt64LE(BigInt(minimumBytes), abi['fstrim_range.minlen']);
    await this.#withRoot((fd) => this.calls.ioctl(fd, abi.FITRIM, range), 'trim');
    return Number(range.readBigUInt64LE(abi['fstrim_range.len']));
  }

  /** The volume's label, as the file system's driver says it. */
  async label(): Promise<string> {
    const label = Buffer.alloc(abi.FSLABEL_MAX);
    await this.#withRoot((fd) => this.calls.ioctl(fd, abi.FS_IOC_GETFSLABEL, label), 'label');
    return label.toString('utf8', 0, label.indexOf(0));
  }

  async setLabel(text: string): Promise<void> {
    const label = Buffer.alloc(abi.FSLABEL_MAX);
    label.write(text, 0, abi.FSLABEL_MAX - 1);
    await this.#withRoot((fd) => this.calls.ioctl(fd, abi.FS_IOC_SETFSLABEL, label), 'setLabel');
  }

  #check(ret: number, what: string): number {
    return this.kernel.check(ret, `${this.device}: ${what}`);
  }

  #rootFd: Promise<Fd> | undefined;

  /** The root directory, open for ioctls: a handle does not do for them. */
  #openRoot(): Promise<Fd> {
    this.#rootFd ??= this.calls.reopen(this.root, abi.O_RDONLY | abi.O_DIRECTORY);
    return this.#rootFd;
  }

  async #withRoot(use: (fd: Fd) => Promise<number>, what: string): Promise<number> {
    const fd = await this.#openRoot();
    this.#check(fd, what);
    return this.#check(await use(fd), what);
  }

  /** Closes what is open on it and unmounts. All that was written is on the disk afterwards. */
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
