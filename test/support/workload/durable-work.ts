/**
 * Programs that trust fsync(2), and what they may trust in after a power cut:
 *
 * - sealed files are written once, then fsync of the file and of the directory: they stay as they
 *   are;
 * - logs grow at their end: what fsync covered is there;
 * - slots are overwritten in place: a block has the generation that fsync covered, or a later one;
 * - swapped files are replaced by rename(2) of a finished one: always one whole generation.
 *
 * Every sector of 512 bytes says which file, generation and place it is of, so that a sector that
 * comes from elsewhere is found.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import type { Random } from '../random.ts';
import { Mismatch } from './workload.ts';

const sectorBytes = 512;
const slotBytes = 4096;
const slotCount = 64;
const cwd = abi.AT_FDCWD;
const directory = '/work';

/** The content of a file's sectors; the generation is in the second word of each. */
function pattern(file: number, generation: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 16) {
    const sector = Math.floor((offset + at) / sectorBytes);
    const words = [file, generation, sector, ~(file ^ generation ^ sector)];
    const place = Buffer.from(Int32Array.from(words).buffer);
    place.copy(bytes, at, 0, Math.min(16, length - at));
  }
  return bytes;
}

/** The call failed: the disk is gone, and with it what this program was about to do. */
class Gone extends Error {}

function alive(answer: number): number {
  if (answer < 0) throw new Gone(`answered ${answer}`);
  return answer;
}

interface Slot {
  /** Covered by an fsync. */
  durable: number;
  /** Given to pwrite, at least. */
  written: number;
}

export class DurableWork {
  readonly #random: Random;
  /** Path to length and file number. */
  #sealed = new Map<string, { length: number; file: number }>();
  #removed = new Set<string>();
  #logs = new Map<string, { durableBytes: number; file: number }>();
  #slots = new Map<string, { file: number; slots: Slot[] }>();
  #swapped = new Map<string, { file: number; durable: number; written: number }>();
  #numbers = 0;
  /** From the cut on nothing is promised. */
  #stopped = false;
  promises = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Works until `stop`, with several programs at once; ends when all calls have ended. */
  async run(calls: LinuxCalls): Promise<void> {
    this.#stopped = false;
    await calls.mkdirat(cwd, directory, 0o755);
    const programs = [
      ...Array.from({ length: 3 }, () => this.#seal(calls)),
      ...Array.from({ length: 2 }, (_, index) => this.#log(calls, `${directory}/log${index}`)),
      ...Array.from({ length: 2 }, (_, index) => this.#slot(calls, `${directory}/slots${index}`)),
      ...Array.from({ length: 2 }, (_, index) => this.#swap(calls, `${directory}/swap${index}`)),
    ];
    const ended = await Promise.allSettled(programs);
    for (const end of ended) {
      if (end.status === 'rejected' && !(end.reason instanceof Gone)) throw end.reason;
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #promise(keep: () => void): void {
    if (this.#stopped) throw new Gone('after the cut');
    keep();
    this.promises++;
  }

  async #open(calls: LinuxCalls, path: string, flags = 0): Promise<Fd> {
    return alive(await calls.openat2(cwd, path, abi.O_CREAT | abi.O_RDWR | flags, 0o644));
  }

  async #syncDirectory(calls: LinuxCalls): Promise<void> {
    const flags = abi.O_RDONLY | abi.O_DIRECTORY;
    const fd = alive(await calls.openat2(cwd, directory, flags));
    const answer = await calls.fsync(fd);
    await calls.close(fd);
    alive(answer);
  }

  async #write(calls: LinuxCalls, fd: Fd, bytes: Buffer, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#random.between(1, 40_000));
      at += alive(await calls.pwrite(fd, piece, offset + at));
    }
  }

  async #seal(calls: LinuxCalls): Promise<void> {
    while (!this.#stopped) {
      const file = ++this.#numbers;
      const path = `${directory}/sealed${file}`;
      const length = this.#random.below(100_000);
      const fd = await this.#open(calls, path, abi.O_EXCL);
      await this.#write(calls, fd, pattern(file, 0, 0, length), 0);
      alive(await calls.fsync(fd));
      alive(await calls.close(fd));
      await this.#syncDirectory(calls);
      this.#promise(() => this.#sealed.set(path, { length, file }));
      if (this.#random.chance(0.5) || this.#sealed.size > 100) await this.#unseal(calls);
    }
  }

  async #unseal(calls: LinuxCalls): Promise<void> {
    const path = this.#random.pick([...this.#sealed.keys()]);
    this.#sealed.delete(path);
    alive(await calls.unlinkat(cwd, path));
    await this.#syncDirectory(calls);
    this.#promise(() => this.#removed.add(path));
  }

  async #log(calls: LinuxCalls, path: string): Promise<void> {
    const known = this.#logs.get(path);
    const log = known ?? { durableBytes: 0, file: ++this.#numbers };
    const fd = await this.#open(calls, path);
    alive(await calls.ftruncate(fd, log.durableBytes));
    await this.#syncDirectory(calls);
    this.#promise(() => this.#logs.set(path, log));
    while (!this.#stopped) {
      const length = this.#random.between(1, 20_000);
      const whole = pattern(log.file, 0, 0, log.durableBytes + length);
      await this.#write(calls, fd, whole.subarray(log.durableBytes), log.durableBytes);
      alive(await (this.#random.chance(0.5) ? calls.fsync(fd) : calls.fdatasync(fd)));
      this.#promise(() => {
        log.durableBytes += length;
      });
      if (log.durableBytes > 3_000_000) break;
    }
    await calls.close(fd);
  }

  async #slot(calls: LinuxCalls, path: string): Promise<void> {
    const known = this.#slots.get(path);
    const fresh = (): Slot => ({ durable: 0, written: 0 });
    const state = known ?? {
      file: ++this.#numbers,
      slots: Array.from({ length: slotCount }, fresh),
    };
    const fd = await this.#open(calls, path);
    if (known === undefined) {
      await this.#write(calls, fd, pattern(state.file, 0, 0, slotCount * slotBytes), 0);
      alive(await calls.fsync(fd));
      await this.#syncDirectory(calls);
      this.#promise(() => this.#slots.set(path, state));
    }
    while (!this.#stopped) {
      const touched = Array.from({ length: 8 }, () => this.#random.below(slotCount));
      for (const index of touched) {
        const slot = state.slots[index] as Slot;
        const offset = index * slotBytes;
        const bytes = pattern(state.file, ++slot.written, offset, slotBytes);
        alive(await calls.pwrite(fd, bytes, offset));
      }
      alive(await calls.fdatasync(fd));
      this.#promise(() => {
        for (const index of touched) {
          const slot = state.slots[index] as Slot;
          slot.durable = slot.written;
        }
      });
    }
    await calls.close(fd);
  }

  async #swap(calls: LinuxCalls, path: string): Promise<void> {
    const state = this.#swapped.get(path) ?? { file: ++this.#numbers, durable: 0, written: 0 };
    this.#swapped.set(path, state);
    while (!this.#stopped) {
      const fd = await this.#open(calls, `${path}.new`, abi.O_TRUNC);
      const generation = ++state.written;
      await this.#write(calls, fd, pattern(state.file, generation, 0, 30_000), 0);
      alive(await calls.fsync(fd));
      alive(await calls.close(fd));
      alive(await calls.renameat2(at(cwd, `${path}.new`), at(cwd, path)));
      await this.#syncDirectory(calls);
      this.#promise(() => {
        state.durable = generation;
      });
    }
  }

  /** Throws a Mismatch where a promise was not kept. */
  async verify(calls: LinuxCalls): Promise<void> {
    for (const [path, { length, file }] of this.#sealed) {
      const bytes = await readWhole(calls, path);
      if (!bytes.equals(pattern(file, 0, 0, length))) {
        throw new Mismatch(`${path}: ${bytes.length} bytes, not the ${length} that were fsynced`);
      }
    }
    for (const path of this.#removed) {
      if (typeof (await calls.statx(cwd, path)) !== 'number') {
        throw new Mismatch(`${path} is back, though its removal was fsynced`);
      }
    }
    for (const [path, { durableBytes, file }] of this.#logs) {
      const bytes = await readWhole(calls, path);
      const kept = bytes.subarray(0, durableBytes);
      if (!kept.equals(pattern(file, 0, 0, durableBytes))) {
        throw new Mismatch(
          `${path}: has ${bytes.length} bytes and not the ${durableBytes} fsynced`,
        );
      }
    }
    for (const [path, state] of this.#slots) await this.#verifySlots(calls, path, state);
    for (const [path, state] of this.#swapped) await this.#verifySwapped(calls, path, state);
  }

  async #verifySlots(
    calls: LinuxCalls,
    path: string,
    state: { file: number; slots: Slot[] },
  ): Promise<void> {
    const bytes = await readWhole(calls, path);
    if (bytes.length !== slotCount * slotBytes) throw new Mismatch(`${path}: ${bytes.length}`);
    for (const [index, slot] of state.slots.entries()) {
      let least = slot.written;
      for (let at = index * slotBytes; at < (index + 1) * slotBytes; at += sectorBytes) {
        const generation = checkSector(path, state.file, bytes, at);
        if (generation < slot.durable || generation > slot.written) {
          const wish = `${slot.durable} to ${slot.written}`;
          throw new Mismatch(`${path} at ${at}: generation ${generation}, not ${wish}`);
        }
        least = Math.min(least, generation);
      }
      slot.durable = least;
    }
  }

  async #verifySwapped(
    calls: LinuxCalls,
    path: string,
    state: { file: number; durable: number; written: number },
  ): Promise<void> {
    if (state.durable === 0 && typeof (await calls.statx(cwd, path)) === 'number') return;
    const bytes = await readWhole(calls, path);
    if (bytes.length !== 30_000) throw new Mismatch(`${path}: ${bytes.length} bytes, not 30000`);
    const generation = bytes.readInt32LE(4);
    if (generation < state.durable || generation > state.written) {
      throw new Mismatch(`${path}: generation ${generation}, not ${state.durable} or later`);
    }
    if (!bytes.equals(pattern(state.file, generation, 0, bytes.length))) {
      throw new Mismatch(`${path}: not all of it is of generation ${generation}`);
    }
    state.durable = generation;
  }
}

function checkSector(path: string, file: number, bytes: Buffer, at: number): number {
  const sector = bytes.subarray(at, at + sectorBytes);
  const generation = sector.readInt32LE(4);
  if (!sector.equals(pattern(file, generation, at, sectorBytes))) {
    throw new Mismatch(`${path} at ${at} has what was never written there`);
  }
  return generation;
}

async function readWhole(calls: LinuxCalls, path: string): Promise<Buffer> {
  const fd = await calls.openat2(cwd, path, abi.O_RDONLY);
  if (fd < 0) throw new Mismatch(`opening ${path} answered ${fd}`);
  const stat = await calls.fstatx(fd);
  const bytes = Buffer.alloc(typeof stat === 'number' ? 0 : stat.size);
  const got = bytes.length === 0 ? 0 : await calls.pread(fd, bytes, 0);
  await calls.close(fd);
  if (got !== bytes.length) throw new Mismatch(`reading ${path} answered ${got}`);
  return bytes;
}
