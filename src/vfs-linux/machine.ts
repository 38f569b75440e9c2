/**
 * A running Linux kernel, without disks or volumes: it boots, keeps its log and its clock, and
 * answers requests. kernel.ts adds what is attached and mounted.
 *
 * Life: boot -> running -> stopped, or -> failed at any time. A failed kernel answers every request
 * with EIO, and `check` throws ERR_KERNEL_FAILED. Other kernels in the same process are not
 * affected.
 */
import type { BlockDevice } from '../block/block-device.ts';
import { FsBridgeError } from '../errors.ts';
import { errno } from './abi.gen.ts';
import * as encode from './calls/encode-control.ts';
import { LinuxCalls } from './calls.ts';
import { ConsoleLog } from './console-log.ts';
import { DiskCommands, type DiskCounters } from './disk-commands.ts';
import { type Errno, isErrno, negative } from './errno.ts';
import { errnoMeaning, errnoName, KernelFailedError } from './errors.ts';
import { Host } from './host.ts';
import type { Identity } from './identity.ts';
import { loadImage } from './image.ts';
import { defaultMemoryBytes } from './limits.ts';
import type { ImageExports, KernelMemory } from './memory.ts';
import { allocateMemory } from './memory-size.ts';
import { kernelItself, RequestRing } from './request-ring.ts';
import { readWhole, writeWhole } from './small-files.ts';

export interface BootOptions {
  /** The kernel's memory, page cache included: 48 MiB to 3.5 GiB, default 256 MiB. */
  readonly memoryBytes?: number;
  /** Another image than the package's. */
  readonly image?: string;
  /** Gets every line that the kernel prints. */
  readonly onLog?: (line: string) => void;
  /** Added to the kernel's command line. */
  readonly commandLine?: string;
}

/**
 * Larger dirty limits than Linux's own, since no other program shares this memory: a burst of
 * writes goes at the speed of memory. Dirty pages are written out sooner, as this kernel dies with
 * its process. No boost of watermarks: it puts aside 32 MiB of 256 when kinds of pages mix
 * (mm/page_alloc.c, boost_watermark), and then a file system was refused a page although some
 * thousands were free.
 */
const commandLine: string = [
  'loglevel=7',
  'console_msg_format=syslog',
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

/** The parts of a machine, connected with each other; the kernel does not run yet. */
export interface MachineParts {
  readonly memory: KernelMemory;
  readonly log: ConsoleLog;
  readonly host: Host;
  readonly exports: ImageExports;
  readonly ring: RequestRing;
  readonly disks: DiskCommands;
}

/** Throws as Machine.bootAs does. */
async function assemble(options: BootOptions): Promise<MachineParts> {
  const module = await loadImage(options.image);
  const memory = allocateMemory(options.memoryBytes ?? defaultMemoryBytes);
  const log = new ConsoleLog();
  log.onLine = options.onLog;
  const host = new Host(memory, `${commandLine} ${options.commandLine ?? ''}`, log);
  const imports = { env: { memory: memory.memory }, host: host.imports() };
  const instance = await WebAssembly.instantiate(module, imports);
  const exports = instance.exports as unknown as ImageExports;
  const raise = (irq: number): void => host.raise(irq);
  const onFault = (device: BlockDevice, error: unknown): void =>
    log.write(`fsbridge: ${device.name}: ${error}\n`);
  const ring = new RequestRing(memory, exports, raise);
  const disks = new DiskCommands(memory, exports, raise, onFault);
  return { memory, log, host, exports, ring, disks };
}

export class Machine {
  readonly log: ConsoleLog;
  /** The kernel's own root: /proc, /sys, /dev. */
  readonly calls: LinuxCalls;
  readonly memoryBytes: number;
  readonly ring: RequestRing;
  readonly disks: DiskCommands;
  readonly #host: Host;
  #failure: KernelFailedError | undefined;
  /** Date.now() - performance.now(), as the kernel has it. */
  #clockOffsetMs: number = Date.now() - performance.now();
  readonly #clockCheck: NodeJS.Timeout;

  protected constructor({ memory, log, host, exports, ring, disks }: MachineParts) {
    this.log = log;
    this.memoryBytes = memory.bytes.length;
    this.ring = ring;
    this.disks = disks;
    this.#host = host;
    this.calls = new LinuxCalls(ring, kernelItself);
    host.connect({ exports, ring, disks, onFailure: (reason) => this.#fail(reason) });
    this.#clockCheck = setInterval(() => void this.#followClock(), clockCheckMs);
    this.#clockCheck.unref();
  }

  /**
   * Boots a kernel in an object that `create` makes. Throws ERR_MEMORY_SIZE for a size that it
   * cannot have, ERR_OUT_OF_MEMORY where the host has less memory, ERR_NO_KERNEL_IMAGE,
   * ERR_KERNEL_IMAGE, or ERR_KERNEL_FAILED.
   */
  protected static async bootAs<T extends Machine>(
    create: (parts: MachineParts) => T,
    options: BootOptions,
  ): Promise<T> {
    const parts = await assemble(options);
    const machine = create(parts);
    try {
      await parts.host.boot();
    } catch (reason) {
      machine.stop();
      throw new KernelFailedError(reason, parts.log.last(keptLogLines));
    }
    return machine;
  }

  /** Sets the kernel's clock after the host has slept, or after the host's clock was set. */
  async #followClock(): Promise<void> {
    const offsetMs = Date.now() - performance.now();
    if (Math.abs(offsetMs - this.#clockOffsetMs) < clockToleranceMs) return;
    this.#clockOffsetMs = offsetMs;
    const nowMs = Date.now();
    await this.ring.call(kernelItself, (slot) => encode.clockSettime(slot, nowMs));
  }

  /** Why the kernel is dead, or undefined. */
  get failure(): KernelFailedError | undefined {
    return this.#failure;
  }

  get requestsInFlight(): number {
    return this.ring.inFlight;
  }

  get diskCounters(): Readonly<DiskCounters> {
    return this.disks.counters;
  }

  /**
   * Has `poll` called whenever the kernel has nothing left to do, before it waits: the requests
   * that `poll` submits are served without a turn of the event loop in between. It must not throw,
   * and must let the loop have its turn when `turnIsDue`.
   */
  pollWhenIdle(poll: (() => void) | undefined): void {
    this.#host.onIdle = poll;
  }

  /** Whether the event loop has waited for its turn long enough. */
  turnIsDue(): boolean {
    return this.#host.turnIsDue();
  }

  /** A poll calls this where the event loop itself has called the poll. */
  tookTurn(): void {
    this.#host.tookTurn();
  }

  /** Keeps the process alive until the function that it answers is called. */
  keepProcess(): () => void {
    this.#host.keepAlive++;
    return () => {
      this.#host.keepAlive--;
    };
  }

  #fail(reason: unknown): void {
    this.#failure = new KernelFailedError(reason, this.log.last(keptLogLines));
    clearInterval(this.#clockCheck);
    this.disks.die();
    this.ring.die();
  }

  /** Nothing runs in the kernel after this, and every request answers EIO. */
  protected stop(): void {
    clearInterval(this.#clockCheck);
    this.#host.stop();
    this.ring.die();
  }

  /**
   * A call's answer, unless it is an errno. Throws for that: the kernel's death if it is dead, else
   * `what` and the errno's meaning.
   */
  check<T>(answer: T | Errno, what: string): T {
    if (!isErrno(answer)) return answer;
    if (this.#failure !== undefined) throw this.#failure;
    throw new FsBridgeError(errnoName(answer), what, errnoMeaning(answer));
  }

  /** A number for LinuxCalls.as; given back with forgetIdentity. */
  async identity(identity: Identity): Promise<number> {
    const groups = identity.groups ?? [];
    if (groups.length > encode.maxGroups) this.check(negative(errno.EINVAL), 'groups');
    const number = await this.ring.call(kernelItself, (slot) => encode.credAdd(slot, identity));
    return this.check(number, 'identity');
  }

  async forgetIdentity(number: number): Promise<void> {
    const ret = await this.ring.call(kernelItself, (slot) => encode.credRemove(slot, number));
    this.check(ret, 'identity');
  }

  /** A file of the kernel's own, such as /proc/meminfo, as text. */
  async readOwn(path: string): Promise<string> {
    return this.check(await readWhole(this.calls, path), path).toString();
  }

  /** Writes into a file of the kernel's own, such as /proc/sys/vm/dirty_bytes. */
  async writeOwn(path: string, text: string): Promise<void> {
    this.check(await writeWhole(this.calls, path, text), path);
  }

  /** Forgets what is cached and clean: pages, names, inodes. For measurements. */
  async dropCaches(): Promise<void> {
    await this.writeOwn('/proc/sys/vm/drop_caches', '3');
  }
}
