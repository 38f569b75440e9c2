/**
 * A booted kernel: attach disks to it, mount what is on them, look at its log.
 *
 * Life: boot -> running -> closed, or -> failed at any time. A failed kernel answers everything with
 * EIO (ERR_KERNEL_FAILED where there are exceptions) and can still be closed; others in the same
 * process know nothing of it.
 *
 * What holds what: a Volume holds its mount and its open files; a Disk is held by the volumes on it;
 * the kernel holds all. Closing goes from the files down.
 */
import { setTimeout } from 'node:timers/promises';
import type { BlockDevice } from '../block/block-device.ts';
import { FsBridgeError } from '../errors.ts';
import { abi, errno } from './abi.gen.ts';
import { sync } from './calls/encode.ts';
import * as encode from './calls/encode-control.ts';
import { LinuxCalls } from './calls.ts';
import { ConsoleLog } from './console-log.ts';
import { Disk, readPartitions } from './disk.ts';
import { type DiskCounters, Disks } from './disks.ts';
import type { Errno } from './errno.ts';
import { errnoMeaning, errnoName, KernelFailedError } from './errors.ts';
import { Host } from './host.ts';
import type { Identity } from './identity.ts';
import { loadImage } from './image.ts';
import { disksMost, memoryDefaultBytes } from './limits.ts';
import type { ImageExports } from './memory.ts';
import { allocateMemory } from './memory-size.ts';
import { parseMountOptions } from './mount-options.ts';
import { kernelItself, RequestRing } from './request-ring.ts';
import { readWhole, writeWhole } from './small-files.ts';
import { Volume } from './volume.ts';

export interface BootOptions {
  /** The kernel's memory, page cache included: 48 MiB to 3.5 GiB, default 256 MiB. */
  readonly memoryBytes?: number;
  /** Another image than the package's. */
  readonly image?: string;
  /** Told every line that the kernel prints. */
  readonly onLog?: (line: string) => void;
  /** Added to the kernel's command line. */
  readonly commandLine?: string;
}

export interface MountRequest {
  /** A device of the kernel's: `disk.name`, `disk.partitions[0].name`, such as "disk0p1". */
  readonly device: string;
  /** The file system types to try, in this order. */
  readonly types: readonly string[];
  /** mount(8)'s options. */
  readonly options?: string;
  readonly readOnly?: boolean;
}

export type { Identity } from './identity.ts';

/**
 * More may be dirty than on a machine that runs other programs too, so that a burst of writes goes at
 * the speed of memory; and it is written out sooner, as this kernel dies with its process.
 * No boost of watermarks: it puts aside 32 MiB of 256 when kinds of pages mix (mm/page_alloc.c,
 * boost_watermark), and then a file system was refused a page although some thousands were free.
 */
const commandLine: string = [
  'loglevel=7',
  'sysctl.vm.dirty_ratio=50',
  'sysctl.vm.dirty_background_ratio=25',
  'sysctl.vm.dirty_expire_centisecs=500',
  'sysctl.vm.dirty_writeback_centisecs=100',
  'sysctl.vm.watermark_boost_factor=0',
].join(' ');
const keptLogLines = 200;
/** How often, and from which difference on, the kernel's time of day follows the host's. */
const clockCheckMs = 10_000;
const clockToleranceMs = 200;
const unmountAttempts = 20;
const unmountPauseMs = 50;

export class Kernel implements AsyncDisposable {
  readonly log: ConsoleLog;
  /** The kernel's own root: /proc, /sys, /dev. */
  readonly calls: LinuxCalls;
  readonly memoryBytes: number;
  #host: Host;
  #ring: RequestRing;
  #disks: Disks;
  #attached = new Set<Disk>();
  #volumes = new Set<Volume>();
  #mounts = 0;
  #failure: KernelFailedError | undefined;
  #closing: Promise<void> | undefined;
  /** Date.now() - performance.now(), as the kernel has it. */
  #clockOffsetMs: number = Date.now() - performance.now();
  #clockCheck: NodeJS.Timeout;

  private constructor(parts: {
    log: ConsoleLog;
    host: Host;
    ring: RequestRing;
    disks: Disks;
    memoryBytes: number;
  }) {
    this.log = parts.log;
    this.memoryBytes = parts.memoryBytes;
    this.#host = parts.host;
    this.#ring = parts.ring;
    this.#disks = parts.disks;
    this.calls = new LinuxCalls(parts.ring, kernelItself);
    this.#clockCheck = setInterval(() => void this.#followClock(), clockCheckMs);
    this.#clockCheck.unref();
  }

  /** The host slept, or somebody set its clock: the kernel's follows. */
  async #followClock(): Promise<void> {
    const offsetMs = Date.now() - performance.now();
    if (Math.abs(offsetMs - this.#clockOffsetMs) < clockToleranceMs) return;
    this.#clockOffsetMs = offsetMs;
    const nowMs = Date.now();
    await this.#ring.call(kernelItself, (slot) => encode.clockSettime(slot, nowMs));
  }

  /**
   * Boots a kernel. Throws ERR_MEMORY_SIZE for a size it cannot have, ERR_OUT_OF_MEMORY where the
   * host has not as much, ERR_NO_KERNEL_IMAGE, ERR_KERNEL_IMAGE, or ERR_KERNEL_FAILED.
   */
  static async boot(options: BootOptions = {}): Promise<Kernel> {
    const module = await loadImage(options.image);
    const memory = allocateMemory(options.memoryBytes ?? memoryDefaultBytes);
    const log = new ConsoleLog();
    log.onLine = options.onLog;
    let kernel: Kernel | undefined;
    let ring: RequestRing | undefined;
    let disks: Disks | undefined;
    const host = new Host(
      memory,
      `${commandLine} ${options.commandLine ?? ''}`,
      log,
      {
        copyIn: (to, window, bytes) => ring?.copyIn(to, window, bytes) ?? bytes,
        copyOut: (window, from, bytes) => ring?.copyOut(window, from, bytes) ?? bytes,
        complete: (slot) => ring?.complete(slot),
        submit: (disk, command) => disks?.submit(disk, command) ?? -errno.ENODEV,
        busy: () => (ring?.inFlight ?? 0) > 0,
      },
      (reason) => kernel?.fail(reason),
    );
    const imports = { env: { memory: memory.memory }, host: host.imports() };
    const instance = await WebAssembly.instantiate(module, imports);
    const exports = instance.exports as unknown as ImageExports;
    ring = new RequestRing(memory, exports);
    disks = new Disks(memory, exports);
    ring.raise = (irq) => host.raise(irq);
    disks.raise = (irq) => host.raise(irq);
    disks.onFault = (device, error) => log.write(`fsbridge: ${device.name}: ${error}\n`);
    kernel = new Kernel({ log, host, ring, disks, memoryBytes: memory.bytes.length });
    try {
      await host.boot(exports);
    } catch (reason) {
      host.stop();
      throw new KernelFailedError(reason, log.last(keptLogLines));
    }
    return kernel;
  }

  /** Why the kernel is dead, or undefined. */
  get failure(): KernelFailedError | undefined {
    return this.#failure;
  }

  get requestsInFlight(): number {
    return this.#ring.inFlight;
  }

  get diskCounters(): Readonly<DiskCounters> {
    return this.#disks.counters;
  }

  get volumes(): ReadonlySet<Volume> {
    return this.#volumes;
  }

  /**
   * Has `poll` asked for more to do whenever the kernel has nothing left, before it waits: requests
   * that it submits are served without a turn of the event loop in between. It must not throw, and
   * must let the loop have its turn when `turnIsDue`.
   */
  pollWhenIdle(poll: (() => void) | undefined): void {
    this.#host.onIdle = poll;
  }

  /** Whether the event loop has waited for its turn long enough. */
  turnIsDue(): boolean {
    return this.#host.turnIsDue();
  }

  /** To be told by a poll that the event loop itself called. */
  tookTurn(): void {
    this.#host.tookTurn();
  }

  /** The host found the kernel dead. */
  private fail(reason: unknown): void {
    this.#failure = new KernelFailedError(reason, this.log.last(keptLogLines));
    clearInterval(this.#clockCheck);
    this.#disks.die();
    this.#ring.die();
  }

  /** Throws for a negative errno: the kernel's death if it is dead, else `what` and the meaning. */
  check(ret: number, what: string): number {
    if (ret >= 0) return ret;
    if (this.#failure !== undefined) throw this.#failure;
    throw new FsBridgeError(errnoName(ret), what, errnoMeaning(ret));
  }

  /**
   * Gives the kernel a disk; it looks for partitions at once. The device is closed with the disk.
   * Throws ERR_TOO_MANY_DISKS, or the kernel's errno.
   */
  async attach(device: BlockDevice): Promise<Disk> {
    const number = this.#disks.add(device, disksMost);
    if (number === undefined) {
      const why = `${disksMost} disks are attached already`;
      throw new FsBridgeError('ERR_TOO_MANY_DISKS', device.name, why, 'Detach one first.');
    }
    let name = '';
    const index = await this.#ring.call<number>(
      kernelItself,
      (slot) => encode.diskAdd(slot, (address) => this.#disks.describe(device, number, address)),
      (ret, slot) => {
        if (ret >= 0) name = encode.diskNameIn(slot);
        return ret;
      },
    );
    if (index < 0) {
      this.#disks.remove(number);
      this.check(index, device.name);
    }
    const partitions = await readPartitions(this.calls, name);
    const disk = new Disk({ kernel: this, device, index, name, partitions }, async () => {
      this.#attached.delete(disk);
      if (this.#failure === undefined) {
        await this.#ring.callUrgently((slot) => encode.diskRemove(slot, index));
      }
      await this.#disks.idle();
      this.#disks.remove(number);
      await device.close();
    });
    this.#attached.add(disk);
    return disk;
  }

  /**
   * Mounts the first of the types that the kernel takes. Throws the kernel's errno (that of the first
   * type which did not say "not mine", EINVAL) with what the kernel's log said of it.
   */
  async mount(request: MountRequest): Promise<Volume> {
    const readOnly = request.readOnly ?? true;
    // nodev: a device node on a stranger's disk must not open the disks of this kernel.
    const { flags, data } = parseMountOptions(
      request.options ?? '',
      abi.MS_NODEV | (readOnly ? abi.MS_RDONLY : abi.MS_NOATIME),
    );
    const target = `/mnt/${++this.#mounts}`;
    this.check(await this.calls.mkdirat(abi.AT_FDCWD, target, 0o755), target);
    let refusal = -errno.ENODEV;
    const mark = this.log.mark();
    for (const type of request.types) {
      const source = `/dev/${request.device}`;
      const ret = await this.#mount({ source, target, type, flags, data });
      if (ret >= 0) return this.#opened(request, target, type, flags);
      if (refusal === -errno.ENODEV || refusal === -errno.EINVAL) refusal = ret;
    }
    await this.calls.unlinkat(abi.AT_FDCWD, target, abi.AT_REMOVEDIR);
    if (this.#failure !== undefined) throw this.#failure;
    const said = this.log.since(mark).slice(-5);
    throw new FsBridgeError(
      errnoName(refusal),
      request.device,
      `cannot be mounted as ${request.types.join(' or ')}: ${errnoMeaning(refusal)}`,
      said.length > 0 ? `The kernel said:\n  ${said.join('\n  ')}` : undefined,
    );
  }

  #mount(mount: encode.MountArguments): Promise<number> {
    if (!encode.mountFits(mount)) return Promise.resolve(-errno.EINVAL);
    return this.#ring.call(kernelItself, (slot) => encode.mount(slot, mount));
  }

  async #opened(
    { device }: MountRequest,
    target: string,
    type: string,
    flags: number,
  ): Promise<Volume> {
    const openFlags = abi.O_PATH | abi.O_DIRECTORY | abi.O_CLOEXEC;
    const root = await this.calls.openat2(abi.AT_FDCWD, target, openFlags);
    this.check(root, device);
    this.calls.opened.delete(root);
    const readOnly = (flags & abi.MS_RDONLY) !== 0;
    if (!readOnly) this.#host.keepAlive++;
    const calls = new LinuxCalls(this.#ring, { root, cred: 0, umask: 0 });
    const parts = { kernel: this, device, type, readOnly, calls };
    const volume = new Volume(parts, async () => {
      this.#volumes.delete(volume);
      if (!readOnly) this.#host.keepAlive--;
      await this.calls.close(root);
      const ret = await this.#unmount(target);
      // Whatever became of it, what was written is to be on the disk.
      if (ret < 0) await this.#ring.call(kernelItself, sync);
      await this.calls.unlinkat(abi.AT_FDCWD, target, abi.AT_REMOVEDIR);
      this.check(ret, device);
    });
    this.#volumes.add(volume);
    return volume;
  }

  /** Unmounts; waits a little for requests that are still under way on the volume. */
  async #unmount(target: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const ret = await this.#ring.call(kernelItself, (slot) => encode.umount2(slot, target, 0));
      if (ret !== -errno.EBUSY || attempt === unmountAttempts) return ret;
      await setTimeout(unmountPauseMs);
    }
  }

  /** A number for LinuxCalls.as; given back with forgetIdentity. */
  async identity(identity: Identity): Promise<number> {
    const groups = identity.groups ?? [];
    if (groups.length > encode.maxGroups) return this.check(-errno.EINVAL, 'groups');
    const number = await this.#ring.call(kernelItself, (slot) => encode.credAdd(slot, identity));
    return this.check(number, 'identity');
  }

  async forgetIdentity(number: number): Promise<void> {
    const ret = await this.#ring.call(kernelItself, (slot) => encode.credRemove(slot, number));
    this.check(ret, 'identity');
  }

  /** A file of the kernel's own, such as /proc/meminfo, as text. */
  async readOwn(path: string): Promise<string> {
    return this.#whole(await readWhole(this.calls, path), path).toString();
  }

  /** Writes into a file of the kernel's own, such as /proc/sys/vm/dirty_bytes. */
  async writeOwn(path: string, text: string): Promise<void> {
    this.check(await writeWhole(this.calls, path, text), path);
  }

  #whole(content: Buffer | Errno, path: string): Buffer {
    if (typeof content === 'number') {
      this.check(content, path);
      return Buffer.alloc(0);
    }
    return content;
  }

  /** Forgets what is cached and clean: pages, names, inodes. For measurements. */
  async dropCaches(): Promise<void> {
    await this.writeOwn('/proc/sys/vm/drop_caches', '3');
  }

  /** Kills the kernel as a bug of its own would: a test of what the rest does then. */
  async panic(): Promise<void> {
    await this.#ring.call(kernelItself, encode.panic);
  }

  /** Computes in the kernel for so long: a test of what else goes on meanwhile. */
  async spin(durationMs: number): Promise<void> {
    await this.#ring.call(kernelItself, (slot) => encode.spin(slot, durationMs));
  }

  /** Unmounts, detaches and stops. Throws the first error after having tried everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const errors: unknown[] = [];
    const attempt = async (what: Promise<void>): Promise<void> => {
      await what.catch((error: unknown) => errors.push(error));
    };
    for (const volume of this.#volumes) await attempt(volume.close());
    for (const disk of this.#attached) await attempt(disk.detach());
    clearInterval(this.#clockCheck);
    this.#host.stop();
    this.#ring.die();
    if (errors.length > 0 && this.#failure === undefined) throw errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
