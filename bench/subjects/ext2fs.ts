/**
 * npm's ext2fs: libext2fs in WebAssembly. Its disk here reads and writes the image with Node's
 * blocking calls, which is faster than the file-disk package that its README shows; it works on one
 * request at a time anyway. It has no fsync, and its writes are complete only after umount.
 */
import fs from 'node:fs';
import ext2fs, { type Ext2Disk, type Ext2Fs, type Ext2Promises } from 'ext2fs';
import { dropHostCaches } from '../host-cache.ts';
import {
  buffers,
  expectBytes,
  inFlight,
  type Operation,
  operations,
  type Subject,
} from './subject.ts';

const noFsync: ReadonlySet<Operation> = new Set<Operation>(['fsync', 'writeAndSync']);

function diskOf(fd: number): Ext2Disk {
  return {
    async read(buffer, bufferOffset, length, offset) {
      return { bytesRead: fs.readSync(fd, buffer, bufferOffset, length, offset), buffer };
    },
    async write(buffer, bufferOffset, length, offset) {
      return { bytesWritten: fs.writeSync(fd, buffer, bufferOffset, length, offset), buffer };
    },
    async discard() {},
    async flush() {
      fs.fdatasyncSync(fd);
    },
  };
}

export class Ext2fs implements Subject {
  readonly name = 'ext2fs';
  readonly measured: ReadonlySet<Operation> = new Set(operations).difference(noFsync);
  #fd: number;
  #fs: Ext2Fs;
  #calls: Ext2Promises;

  private constructor(fd: number, mounted: Ext2Fs) {
    this.#fd = fd;
    this.#fs = mounted;
    this.#calls = mounted.promises;
  }

  static async open(image: string): Promise<Ext2fs> {
    const fd = fs.openSync(image, 'r+');
    return new Ext2fs(fd, await ext2fs.mount(diskOf(fd)));
  }

  async makeCold(): Promise<void> {
    await ext2fs.umount(this.#fs);
    dropHostCaches();
    this.#fs = await ext2fs.mount(diskOf(this.#fd));
    this.#calls = this.#fs.promises;
  }

  async settle(): Promise<void> {
    fs.fdatasyncSync(this.#fd);
  }

  async close(): Promise<void> {
    await ext2fs.umount(this.#fs);
    fs.closeSync(this.#fd);
  }

  async readSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const offsets = Array.from({ length: lengthBytes / pieceBytes }, (_, i) => i * pieceBytes);
    await this.readRandom(path, offsets, pieceBytes, 1);
  }

  async writeSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const [buffer] = buffers(1, pieceBytes) as [Buffer];
    const { fd } = await this.#calls.open(path, 'r+');
    for (let at = 0; at < lengthBytes; at += pieceBytes) {
      const { bytesWritten } = await this.#calls.write(fd, buffer, 0, pieceBytes, at);
      expectBytes(path, bytesWritten, pieceBytes);
    }
    await this.#calls.close(fd);
  }

  async readRandom(
    path: string,
    offsetsBytes: readonly number[],
    lengthBytes: number,
    depth: number,
  ): Promise<void> {
    const lanes = buffers(depth, lengthBytes);
    const { fd } = await this.#calls.open(path, 'r');
    await inFlight(offsetsBytes.length, depth, async (index, lane) => {
      const at = offsetsBytes[index] as number;
      const buffer = lanes[lane] as Buffer;
      const { bytesRead } = await this.#calls.read(fd, buffer, 0, lengthBytes, at);
      expectBytes(path, bytesRead, lengthBytes);
    });
    await this.#calls.close(fd);
  }

  /** Runs calls one after the other: ext2fs mixes up the arguments of simultaneous calls. */
  async stat(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#calls.stat(path);
  }

  async readdir(path: string, names: number): Promise<void> {
    const list = await this.#calls.readdir(path);
    expectBytes(path, list.filter((name) => name !== '.' && name !== '..').length, names);
  }

  async list(path: string, names: number): Promise<void> {
    const list = await this.#calls.readdir(path);
    const listed = list.filter((name) => name !== '.' && name !== '..');
    for (const name of listed) await this.#calls.stat(`${path}/${name}`);
    expectBytes(path, listed.length, names);
  }

  async openAndClose(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const { fd } = await this.#calls.open(path, 'r');
      await this.#calls.close(fd);
    }
  }

  async mkdir(path: string): Promise<void> {
    await this.#calls.mkdir(path, 0o755);
  }

  async create(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const { fd } = await this.#calls.open(path, 'wx', 0o644);
      await this.#calls.close(fd);
    }
  }

  async unlink(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#calls.unlink(path);
  }

  async writeAndSync(): Promise<void> {
    throw new Error('ext2fs has no fsync');
  }

  async fsync(): Promise<void> {
    throw new Error('ext2fs has no fsync');
  }
}
