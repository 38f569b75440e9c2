/**
 * The host's side of the block-device interface (native/arch/wasm/bridge/disk.h): turns the
 * kernel's commands into calls of a BlockDevice, and a device's answers into an interrupt.
 *
 * Invariants:
 * 1. A command is answered exactly once.
 * 2. A command's segments are the kernel's own pages, so data is never copied here.
 * 3. A device that throws has failed with EIO.
 */
import type { BlockDevice, MaybePromise } from '../block/block-device.ts';
import { Idle } from '../idle.ts';
import { abi, errno } from './abi.gen.ts';
import { maxDisks } from './limits.ts';
import type { ImageExports, KernelMemory } from './memory.ts';

/** disk_submit's answer for a command that ends later, with an interrupt. */
const pending = 1;

export interface DiskCounters {
  reads: number;
  writes: number;
  flushes: number;
  bytesRead: number;
  bytesWritten: number;
}

export class DiskCommands {
  readonly counters: DiskCounters = {
    reads: 0,
    writes: 0,
    flushes: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  readonly #raise: (irq: number) => void;
  readonly #onFault: (device: BlockDevice, error: unknown) => void;
  #memory: KernelMemory;
  #devices: (BlockDevice | undefined)[] = [];
  #headWord: number;
  #doneWord: number;
  #inFlight = new Idle();
  #dead = false;

  /**
   * `raise` raises an interrupt of the kernel's; `onFault` gets what a device throws, which is a
   * bug.
   */
  constructor(
    memory: KernelMemory,
    exports: ImageExports,
    raise: (irq: number) => void,
    onFault: (device: BlockDevice, error: unknown) => void,
  ) {
    this.#memory = memory;
    this.#raise = raise;
    this.#onFault = onFault;
    const shared = exports.wasm_shared.value as number;
    this.#headWord = (shared + abi['wasm_shared.disk_done_head']) / 4;
    this.#doneWord = (shared + abi['wasm_shared.disk_done']) / 4;
  }

  /** Gives a device a number; undefined when maxDisks have one already. */
  add(device: BlockDevice): number | undefined {
    for (let number = 0; number < maxDisks; number++) {
      if (this.#devices[number] === undefined) {
        this.#devices[number] = device;
        return number;
      }
    }
    return undefined;
  }

  remove(number: number): void {
    this.#devices[number] = undefined;
  }

  /** The kernel is dead: it gets no more answers. */
  die(): void {
    this.#dead = true;
  }

  /** Resolves when no command is under way: then no device holds pages of the kernel any more. */
  idle(): Promise<void> {
    return this.#inFlight.wait();
  }

  /** Writes a device's bridge_disk_info at an address of the kernel's. */
  describe(device: BlockDevice, number: number, address: number): void {
    const { u32 } = this.#memory;
    const word = (field: number): number => (address + field) >>> 2;
    let flags = 0;
    if (device.readOnly) flags |= abi.BRIDGE_DISK_READ_ONLY;
    if (device.volatileCache) flags |= abi.BRIDGE_DISK_CACHE;
    if (device.canDiscard) flags |= abi.BRIDGE_DISK_DISCARD;
    if (device.canWriteZeroes) flags |= abi.BRIDGE_DISK_WRITE_ZEROES;
    this.#memory.writeS53(address + abi['bridge_disk_info.size_bytes'], device.sizeBytes);
    u32[word(abi['bridge_disk_info.disk'])] = number;
    u32[word(abi['bridge_disk_info.logical_block_bytes'])] = device.logicalBlockBytes;
    u32[word(abi['bridge_disk_info.physical_block_bytes'])] = device.physicalBlockBytes;
    u32[word(abi['bridge_disk_info.flags'])] = flags;
  }

  /** host.h's disk_submit(). The kernel calls it, so it throws nothing. */
  submit(number: number, command: number): number {
    const device = this.#devices[number];
    if (device === undefined) return -errno.ENODEV;
    let answer: MaybePromise<number>;
    try {
      answer = this.#run(device, command);
    } catch (error) {
      this.#onFault(device, error);
      return -errno.EIO;
    }
    if (typeof answer === 'number') return answer;
    this.#inFlight.enter();
    answer.then(
      (status) => this.#done(command, status),
      (error: unknown) => {
        this.#onFault(device, error);
        this.#done(command, -errno.EIO);
      },
    );
    return pending;
  }

  #done(command: number, status: number): void {
    this.#inFlight.leave();
    if (this.#dead) return;
    const { u32, i32 } = this.#memory;
    const head = u32[this.#headWord] as number;
    const entry = this.#doneWord + (head % abi.WASM_QUEUE_SIZE) * (abi['wasm_disk_done.size'] / 4);
    u32[entry + abi['wasm_disk_done.command'] / 4] = command;
    i32[entry + abi['wasm_disk_done.status'] / 4] = status;
    u32[this.#headWord] = head + 1;
    this.#raise(abi.WASM_IRQ_DISK);
  }

  #segments(command: number): Uint8Array[] {
    const { bytes, u32 } = this.#memory;
    const packed = u32[(command + abi['bridge_disk_command.segment_count'] - 2) >>> 2] as number;
    const count = packed >>> 16;
    const segments: Uint8Array[] = new Array(count);
    let word = (command + abi['bridge_disk_command.segments']) >>> 2;
    for (let i = 0; i < count; i++, word += 2) {
      segments[i] = new Uint8Array(bytes.buffer, u32[word] as number, u32[word + 1] as number);
    }
    return segments;
  }

  #run(device: BlockDevice, command: number): MaybePromise<number> {
    const memory = this.#memory;
    const offsetBytes = memory.readU53(command + abi['bridge_disk_command.offset_bytes']);
    const bytes = memory.u32[(command + abi['bridge_disk_command.bytes']) >>> 2] as number;
    switch (memory.bytes[command + abi['bridge_disk_command.op']]) {
      case abi.BRIDGE_DISK_READ:
        this.counters.reads++;
        this.counters.bytesRead += bytes;
        return device.read(this.#segments(command), offsetBytes);
      case abi.BRIDGE_DISK_WRITE: {
        this.counters.writes++;
        this.counters.bytesWritten += bytes;
        const fua = memory.bytes[command + abi['bridge_disk_command.fua']] !== 0;
        return device.write(this.#segments(command), offsetBytes, fua);
      }
      case abi.BRIDGE_DISK_FLUSH:
        this.counters.flushes++;
        return device.flush();
      case abi.BRIDGE_DISK_DISCARD_RANGE:
        return device.discard(offsetBytes, bytes);
      case abi.BRIDGE_DISK_ZERO_RANGE:
        return device.writeZeroes(offsetBytes, bytes);
      default:
        return -errno.EOPNOTSUPP;
    }
  }
}
