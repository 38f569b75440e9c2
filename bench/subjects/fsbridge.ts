/**
 * fsbridge as a library: a booted kernel, the image file as its disk, a mounted volume, and
 * volume.calls awaited. The memory is the default. Sequential reads of the disk keep four requests
 * in flight. Cached reads and writes keep one: the kernel locks a file for each write, so that more
 * writes would only wait for each other.
 */
import { openFileSource } from '../../src/block/file/file-source.ts';
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../src/vfs-linux/calls.ts';
import type { Disk } from '../../src/vfs-linux/disk.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../src/vfs-linux/volume.ts';
import { dropHostCaches } from '../host-cache.ts';
import {
  buffers,
  expectBytes,
  inFlight,
  type Operation,
  operations,
  type Subject,
} from './subject.ts';

const { AT_FDCWD, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = abi;

export class FsBridge implements Subject {
  readonly name = 'fsbridge';
  readonly measured: ReadonlySet<Operation> = new Set(operations);
  #kernel: Kernel;
  #disk: Disk;
  #type: string;
  #volume: Volume;
  #calls: LinuxCalls;

  private constructor(kernel: Kernel, disk: Disk, volume: Volume) {
    this.#kernel = kernel;
    this.#disk = disk;
    this.#type = volume.type;
    this.#volume = volume;
    this.#calls = volume.calls;
  }

  static async open(image: string, type: string): Promise<FsBridge> {
    const kernel = await Kernel.boot();
    const disk = await kernel.attach(await openFileSource(image, { write: true }));
    const volume = await kernel.mount({ device: disk.name, types: [type], readOnly: false });
    return new FsBridge(kernel, disk, volume);
  }

  /** The mounted volume, for work that is not among the operations. */
  get calls(): LinuxCalls {
    return this.#calls;
  }

  /** The number of reads from the disk so far: a warm round adds none. */
  get diskReads(): number {
    return this.#kernel.diskCounters.reads;
  }

  async makeCold(): Promise<void> {
    await this.#volume.close();
    await this.#kernel.dropCaches();
    dropHostCaches();
    const request = { device: this.#disk.name, types: [this.#type], readOnly: false };
    this.#volume = await this.#kernel.mount(request);
    this.#calls = this.#volume.calls;
  }

  async settle(): Promise<void> {
    await this.#volume.syncfs();
  }

  async close(): Promise<void> {
    await this.#kernel.close();
  }

  /** Opens a file. The caller closes the descriptor. */
  async openFile(path: string, flags: number): Promise<number> {
    // openat2(2): a mode without O_CREAT is EINVAL.
    const mode = flags & O_CREAT ? 0o644 : 0;
    return this.#kernel.check(await this.#calls.openat2(AT_FDCWD, path, flags, mode), path);
  }

  async readSequential(
    path: string,
    lengthBytes: number,
    pieceBytes: number,
    depth: number,
  ): Promise<void> {
    const calls = this.#calls;
    const lanes = buffers(depth, pieceBytes);
    const fd = await this.openFile(path, O_RDONLY);
    await inFlight(lengthBytes / pieceBytes, depth, async (index, lane) => {
      const count = await calls.pread(fd, lanes[lane] as Buffer, index * pieceBytes);
      expectBytes(path, count, pieceBytes);
    });
    await calls.close(fd);
  }

  async writeSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const calls = this.#calls;
    const [buffer] = buffers(1, pieceBytes) as [Buffer];
    const fd = await this.openFile(path, O_RDWR | O_CREAT);
    for (let at = 0; at < lengthBytes; at += pieceBytes) {
      expectBytes(path, await calls.pwrite(fd, buffer, at), pieceBytes);
    }
    await calls.close(fd);
  }

  async readRandom(
    path: string,
    offsetsBytes: readonly number[],
    lengthBytes: number,
    depth: number,
  ): Promise<void> {
    const calls = this.#calls;
    const lanes = buffers(depth, lengthBytes);
    const fd = await this.openFile(path, O_RDONLY);
    await inFlight(offsetsBytes.length, depth, async (index, lane) => {
      const count = await calls.pread(fd, lanes[lane] as Buffer, offsetsBytes[index] as number);
      expectBytes(path, count, lengthBytes);
    });
    await calls.close(fd);
  }

  async stat(paths: readonly string[], depth: number): Promise<void> {
    const calls = this.#calls;
    await inFlight(paths.length, depth, async (index) => {
      const path = paths[index] as string;
      const answer = await calls.statx(AT_FDCWD, path);
      if (typeof answer === 'number') this.#kernel.check(answer, path);
    });
  }

  async readdir(path: string, names: number): Promise<void> {
    const fd = await this.openFile(path, O_RDONLY | O_DIRECTORY);
    const list: string[] = [];
    for (;;) {
      const entries = await this.#calls.getdents64(fd);
      if (typeof entries === 'number') {
        this.#kernel.check(entries, path);
        break;
      }
      if (entries.length === 0) break;
      for (const entry of entries) list.push(entry.text ?? entry.name.toString());
    }
    await this.#calls.close(fd);
    expectBytes(path, list.length, names);
  }

  async list(path: string, names: number): Promise<void> {
    const fd = await this.openFile(path, O_RDONLY | O_DIRECTORY);
    let listed = 0;
    for (let offset = 0n; ; ) {
      const entries = await this.#calls.getdentsStatx(fd, offset);
      if (typeof entries === 'number') {
        this.#kernel.check(entries, path);
        break;
      }
      const last = entries.at(-1);
      if (last === undefined) break;
      for (const entry of entries) if (entry.text && entry.statx) listed++;
      offset = last.next;
    }
    await this.#calls.close(fd);
    expectBytes(path, listed, names);
  }

  async openAndClose(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#calls.close(await this.openFile(path, O_RDONLY));
  }

  async mkdir(path: string): Promise<void> {
    this.#kernel.check(await this.#calls.mkdirat(AT_FDCWD, path, 0o755), path);
  }

  async create(paths: readonly string[], depth: number): Promise<void> {
    const calls = this.#calls;
    await inFlight(paths.length, depth, async (index) => {
      const fd = await this.openFile(paths[index] as string, O_CREAT | O_EXCL | O_WRONLY);
      await calls.close(fd);
    });
  }

  async unlink(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      this.#kernel.check(await this.#calls.unlinkat(AT_FDCWD, path), path);
    }
  }

  async writeAndSync(path: string, offsetsBytes: readonly number[]): Promise<void> {
    const [buffer] = buffers(1, 4096) as [Buffer];
    const fd = await this.openFile(path, O_RDWR);
    for (const at of offsetsBytes) {
      expectBytes(path, await this.#calls.pwrite(fd, buffer, at), buffer.length);
      this.#kernel.check(await this.#calls.fsync(fd), path);
    }
    await this.#calls.close(fd);
  }

  async fsync(path: string): Promise<void> {
    const fd = await this.openFile(path, O_RDWR);
    this.#kernel.check(await this.#calls.fsync(fd), path);
    await this.#calls.close(fd);
  }
}
