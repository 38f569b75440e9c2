/**
 * The host's side of native/arch/wasm/include/asm/host.h: the same functions, in the same order.
 *
 * Life: imports() -> the image is instantiated with them -> connect() -> boot() -> stop(), or a
 * failure at any time from boot() on. The kernel calls an import only from boot() on.
 *
 * Invariants:
 * 1. The kernel runs on this thread, in coroutines (JSPI) of which exactly one is running while the
 *    others are suspended in switch, idle or yield. JavaScript runs when that one is suspended too,
 *    or inside an import that does not suspend.
 * 2. No import enters the kernel again: it notes an interrupt (`raise`), and the running coroutine,
 *    or the idle one that this wakes, delivers it.
 * 3. The event loop gets a turn at least every few milliseconds: a busy kernel asks for it (yield),
 *    and an idle one that would be woken by microtasks alone is woken by the event loop instead.
 * 4. No exception crosses back into the kernel. One that leaves a coroutine (a trap, panic) is the
 *    end: `onFailure` is called once, and the memory is not entered again.
 */
import { randomFillSync } from 'node:crypto';
import { abi } from './abi.gen.ts';
import type { ConsoleLog } from './console-log.ts';
import type { DiskCommands } from './disk-commands.ts';
import type { ImageExports, KernelMemory } from './memory.ts';
import type { RequestRing } from './request-ring.ts';

/** How long a chain of promises may keep the event loop from its turn. */
const turnNs = 3e6;
/** A busy client raises an interrupt every few µs: the clock is read at one of so many. */
const raisesPerLook = 16;
const longestTimerMs = 0x7fffffff;

/** What the host is connected to before the kernel runs. */
export interface HostConnection {
  readonly exports: ImageExports;
  readonly ring: RequestRing;
  readonly disks: DiskCommands;
  /** Called once, with the exception that left a coroutine. */
  readonly onFailure: (reason: unknown) => void;
}

const never: Promise<never> = new Promise<never>(() => {});

/** Nanoseconds of a clock that never goes back. */
function monotonicNs(): number {
  return performance.now() * 1e6;
}

export class Host {
  readonly memory: KernelMemory;
  /** The process stays while this is above 0. */
  keepAlive = 0;
  /**
   * Called when the kernel has nothing to do, before it waits. The requests that it submits are
   * served at once: no promise is made, no coroutine suspended, and the event loop gets no turn
   * (turnIsDue).
   */
  onIdle: (() => void) | undefined;
  #commandLine: string;
  #log: ConsoleLog;
  /** Set by connect(). */
  #connection!: HostConnection;
  #enterThread!: (task: number) => Promise<void>;
  #suspended = new Map<number, () => void>();
  #wakeIdle: (() => void) | undefined;
  #wakeScheduled = false;
  #raises = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerDueNs = Number.POSITIVE_INFINITY;
  #anchor: NodeJS.Timeout;
  #anchored = false;
  #stopped = false;
  #irqWord!: number;
  #readyWord!: number;
  #turnDouble!: number;
  #onReady: (() => void) | undefined;

  constructor(memory: KernelMemory, commandLine: string, log: ConsoleLog) {
    this.memory = memory;
    this.#commandLine = commandLine;
    this.#log = log;
    this.#anchor = setInterval(() => {}, longestTimerMs);
    this.#anchor.unref();
  }

  /** Connects the imports to the ring and the disks, which serve them. */
  connect(connection: HostConnection): void {
    const { exports } = connection;
    this.#connection = connection;
    const shared = exports.wasm_shared.value as number;
    this.#irqWord = (shared + abi['wasm_shared.irq_pending']) >>> 2;
    this.#readyWord = (shared + abi['wasm_shared.ready']) >>> 2;
    this.#turnDouble = (shared + abi['wasm_shared.turn_ns']) >>> 3;
    this.#enterThread = WebAssembly.promising(exports.wasm_thread_entry) as (
      task: number,
    ) => Promise<void>;
  }

  /** Starts the kernel; resolves when it takes requests. Rejects when it dies before. */
  boot(): Promise<void> {
    const { wasm_boot } = this.#connection.exports;
    const boot = WebAssembly.promising(wasm_boot) as () => Promise<void>;
    this.tookTurn();
    return new Promise((resolve, reject) => {
      this.#onReady = resolve;
      boot().catch((reason: unknown) => {
        reject(reason);
        this.#fail(reason);
      });
    });
  }

  /** Notes an interrupt, and wakes the kernel if it idles. Called only while it stands still. */
  raise(irq: number): void {
    this.memory.u32[this.#irqWord] = (this.memory.u32[this.#irqWord] as number) | irq;
    if (this.#wakeIdle === undefined || this.#wakeScheduled) return;
    if (
      ++this.#raises % raisesPerLook === 0 &&
      monotonicNs() - (this.memory.f64[this.#turnDouble] as number) > turnNs
    ) {
      this.#wakeScheduled = true;
      setImmediate(() => {
        this.tookTurn();
        this.#wake();
      });
    } else {
      this.#wake();
    }
  }

  /** No coroutine is resumed after this. */
  stop(): void {
    this.#stopped = true;
    this.#suspended.clear();
    this.#wakeIdle = undefined;
    clearTimeout(this.#timer);
    clearInterval(this.#anchor);
  }

  /** The event loop has had its turn: a callback of it says so before it submits requests. */
  tookTurn(): void {
    this.memory.f64[this.#turnDouble] = monotonicNs();
  }

  /** Whether the event loop has waited for its turn long enough. */
  turnIsDue(): boolean {
    return monotonicNs() - (this.memory.f64[this.#turnDouble] as number) > turnNs;
  }

  #fail(reason: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#connection.onFailure(reason);
  }

  #wake(): void {
    const wake = this.#wakeIdle;
    this.#wakeIdle = undefined;
    this.#wakeScheduled = false;
    wake?.();
  }

  /** Keeps the process alive while a request or a volume waits for what the kernel's timers do. */
  #anchorProcess(): void {
    const wanted = this.keepAlive > 0 || this.#connection.ring.inFlight > 0;
    if (wanted === this.#anchored) return;
    this.#anchored = wanted;
    if (wanted) this.#anchor.ref();
    else this.#anchor.unref();
  }

  /** One timer is enough: it is set again only to fire earlier, and firing early does no harm. */
  #armTimer(dueNs: number): void {
    clearTimeout(this.#timer);
    this.#timerDueNs = dueNs;
    const delayMs = Math.max(Math.ceil((dueNs - monotonicNs()) / 1e6), 0);
    this.#timer = setTimeout(
      () => {
        this.#timerDueNs = Number.POSITIVE_INFINITY;
        this.tookTurn();
        this.#wake();
      },
      Math.min(delayMs, longestTimerMs),
    );
    this.#timer.unref();
  }

  #startThread(task: number): void {
    queueMicrotask(() => {
      if (!this.#stopped) this.#enterThread(task).catch((reason: unknown) => this.#fail(reason));
    });
  }

  /** The imports, in the order of host.h. */
  imports(): WebAssembly.ModuleImports {
    return {
      command_line: (buffer: number, size: number): void => {
        const written = this.memory.bytes.write(this.#commandLine, buffer >>> 0, size - 1, 'utf8');
        this.memory.bytes[(buffer >>> 0) + written] = 0;
      },
      monotonic_ns: monotonicNs,
      realtime_ms: Date.now,
      random: (buffer: number, size: number): void => {
        randomFillSync(this.memory.bytes, buffer >>> 0, size >>> 0);
      },
      print: (text: number, size: number): void => {
        const start = text >>> 0;
        this.#log.write(this.memory.bytes.toString('utf8', start, start + (size >>> 0)));
      },
      panic: (): never => {
        throw new Error('the kernel panicked');
      },
      switch: new WebAssembly.Suspending((prev: number, next: number, flags: number) =>
        this.#switch(prev, next, flags),
      ),
      idle: new WebAssembly.Suspending((dueNs: number) => this.#idle(dueNs)),
      yield: new WebAssembly.Suspending(() => this.#yield()),
      copy_in: (to: number, window: number, bytes: number): number =>
        this.#connection.ring.copyIn(to >>> 0, window >>> 0, bytes >>> 0),
      copy_out: (window: number, from: number, bytes: number): number =>
        this.#connection.ring.copyOut(window >>> 0, from >>> 0, bytes >>> 0),
      complete: (slot: number): void => this.#connection.ring.complete(slot),
      disk_submit: (disk: number, command: number): number =>
        this.#connection.disks.submit(disk, command >>> 0),
    };
  }

  #switch(prev: number, next: number, flags: number): Promise<void> {
    if ((flags & abi.HOST_SWITCH_FRESH) !== 0) {
      this.#startThread(next);
    } else {
      const resume = this.#suspended.get(next) as () => void;
      this.#suspended.delete(next);
      resume();
    }
    if ((flags & abi.HOST_SWITCH_DEAD) !== 0) return never;
    return new Promise((resolve) => {
      this.#suspended.set(prev, resolve);
    });
  }

  #idle(dueNs: number): Promise<void> | undefined {
    if ((this.memory.u32[this.#irqWord] as number) !== 0) return undefined;
    if (this.#onReady !== undefined && this.memory.u32[this.#readyWord] === 1) {
      this.#onReady();
      this.#onReady = undefined;
    }
    if (this.onIdle !== undefined) {
      this.onIdle();
      if ((this.memory.u32[this.#irqWord] as number) !== 0) return undefined;
    }
    if (dueNs < this.#timerDueNs) this.#armTimer(dueNs);
    this.#anchorProcess();
    return new Promise((resolve) => {
      this.#wakeIdle = resolve;
    });
  }

  #yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        if (this.#stopped) return;
        this.tookTurn();
        resolve();
      });
    });
  }
}
