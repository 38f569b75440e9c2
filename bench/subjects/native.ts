/**
 * The host's own kernel on a loop mount of the image, through Node's fs: the calls that block
 * (NativeSync) and those through libuv's threads (NativeAsync), both on the same mount. The faster
 * one counts.
 */
import fs from 'node:fs';
import { atEnd, run } from '../cleanup.ts';
import { dropHostCaches } from '../host-cache.ts';
import {
  buffers,
  expectBytes,
  inFlight,
  type Operation,
  operations,
  type Subject,
} from './subject.ts';

/**
 * Requests in flight in sequential reads and writes through Node's threads: as many as fsbridge
 * has.
 */
const sequentialDepth = 4;

/** A loop mount that can be unmounted and mounted again. */
export class LoopMount {
  readonly folder: string;
  #image: string;
  #end: (() => void) | undefined;

  /** Mounts with noatime, as fsbridge does. Throws an error with mount(8)'s output if it fails. */
  constructor(image: string, folder: string) {
    this.#image = image;
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
    this.#mount();
  }

  #mount(): void {
    run('mount', '-o', 'loop,noatime', this.#image, this.folder);
    this.#end = atEnd(() => unmount(this.folder));
  }

  /** A fresh mount with nothing cached, neither of its files nor of the loop device's file. */
  makeCold(): void {
    this.unmount();
    dropHostCaches();
    this.#mount();
  }

  /** Unmounts and detaches the loop device. */
  unmount(): void {
    this.#end?.();
    this.#end = undefined;
  }
}

/** Unmounts lazily: an interrupted round may still have a file open. */
function unmount(folder: string): void {
  try {
    run('umount', folder);
  } catch {
    run('umount', '-l', folder);
  }
}

export class NativeSync implements Subject {
  readonly name: string = 'native';
  readonly measured: ReadonlySet<Operation> = new Set(operations);
  #mount: LoopMount;

  constructor(mount: LoopMount) {
    this.#mount = mount;
  }

  async makeCold(): Promise<void> {
    this.#mount.makeCold();
  }

  async settle(): Promise<void> {
    run('sync', '-f', this.#mount.folder);
  }

  async close(): Promise<void> {
    this.#mount.unmount();
  }

  protected path(path: string): string {
    return this.#mount.folder + path;
  }

  async readSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const [buffer] = buffers(1, pieceBytes) as [Buffer];
    const fd = fs.openSync(this.path(path), 'r');
    for (let at = 0; at < lengthBytes; at += pieceBytes) {
      expectBytes(path, fs.readSync(fd, buffer, 0, pieceBytes, at), pieceBytes);
    }
    fs.closeSync(fd);
  }

  async writeSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const [buffer] = buffers(1, pieceBytes) as [Buffer];
    const fd = fs.openSync(this.path(path), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    for (let at = 0; at < lengthBytes; at += pieceBytes) {
      expectBytes(path, fs.writeSync(fd, buffer, 0, pieceBytes, at), pieceBytes);
    }
    fs.closeSync(fd);
  }

  async readRandom(
    path: string,
    offsetsBytes: readonly number[],
    lengthBytes: number,
    _depth: number,
  ): Promise<void> {
    const [buffer] = buffers(1, lengthBytes) as [Buffer];
    const fd = fs.openSync(this.path(path), 'r');
    for (const at of offsetsBytes) {
      expectBytes(path, fs.readSync(fd, buffer, 0, lengthBytes, at), lengthBytes);
    }
    fs.closeSync(fd);
  }

  async stat(paths: readonly string[], _depth: number): Promise<void> {
    for (const path of paths) fs.statSync(this.path(path));
  }

  async readdir(path: string, names: number): Promise<void> {
    expectBytes(path, fs.readdirSync(this.path(path)).length, names);
  }

  async list(path: string, names: number): Promise<void> {
    const folder = this.path(path);
    const listed = fs.readdirSync(folder);
    for (const name of listed) fs.lstatSync(`${folder}/${name}`);
    expectBytes(path, listed.length, names);
  }

  async openAndClose(paths: readonly string[]): Promise<void> {
    for (const path of paths) fs.closeSync(fs.openSync(this.path(path), 'r'));
  }

  async mkdir(path: string): Promise<void> {
    fs.mkdirSync(this.path(path));
  }

  async create(paths: readonly string[]): Promise<void> {
    for (const path of paths) fs.closeSync(fs.openSync(this.path(path), 'wx', 0o644));
  }

  async unlink(paths: readonly string[]): Promise<void> {
    for (const path of paths) fs.unlinkSync(this.path(path));
  }

  async writeAndSync(path: string, offsetsBytes: readonly number[]): Promise<void> {
    const [buffer] = buffers(1, 4096) as [Buffer];
    const fd = fs.openSync(this.path(path), 'r+');
    for (const at of offsetsBytes) {
      expectBytes(path, fs.writeSync(fd, buffer, 0, buffer.length, at), buffer.length);
      fs.fsyncSync(fd);
    }
    fs.closeSync(fd);
  }

  async fsync(path: string): Promise<void> {
    const fd = fs.openSync(this.path(path), 'r+');
    fs.fsyncSync(fd);
    fs.closeSync(fd);
  }
}

type Transfer = (fd: number, buffer: Buffer, offsetBytes: number) => Promise<number>;

const read: Transfer = (fd, buffer, offsetBytes) =>
  new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, buffer.length, offsetBytes, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });

const write: Transfer = (fd, buffer, offsetBytes) =>
  new Promise((resolve, reject) => {
    fs.write(fd, buffer, 0, buffer.length, offsetBytes, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });

const stat = (path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    fs.stat(path, (error) => (error === null ? resolve() : reject(error)));
  });

/** Measured only in operations that may gain from several requests in flight. */
export class NativeAsync extends NativeSync {
  override readonly name: string = 'native, through threads';
  override readonly measured: ReadonlySet<Operation> = new Set<Operation>([
    'readSequential',
    'writeSequential',
    'readRandom',
    'stat',
  ]);

  async #pieces(
    path: string,
    flags: number,
    transfer: Transfer,
    lengthBytes: number,
    pieceBytes: number,
  ): Promise<void> {
    const lanes = buffers(sequentialDepth, pieceBytes);
    const fd = fs.openSync(this.path(path), flags, 0o644);
    await inFlight(lengthBytes / pieceBytes, sequentialDepth, async (index, lane) => {
      const count = await transfer(fd, lanes[lane] as Buffer, index * pieceBytes);
      expectBytes(path, count, pieceBytes);
    });
    fs.closeSync(fd);
  }

  override readSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    return this.#pieces(path, fs.constants.O_RDONLY, read, lengthBytes, pieceBytes);
  }

  override writeSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void> {
    const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
    return this.#pieces(path, flags, write, lengthBytes, pieceBytes);
  }

  override async readRandom(
    path: string,
    offsetsBytes: readonly number[],
    lengthBytes: number,
    depth: number,
  ): Promise<void> {
    const lanes = buffers(depth, lengthBytes);
    const fd = fs.openSync(this.path(path), 'r');
    await inFlight(offsetsBytes.length, depth, async (index, lane) => {
      const count = await read(fd, lanes[lane] as Buffer, offsetsBytes[index] as number);
      expectBytes(path, count, lengthBytes);
    });
    fs.closeSync(fd);
  }

  override async stat(paths: readonly string[], depth: number): Promise<void> {
    await inFlight(paths.length, depth, (index) => stat(this.path(paths[index] as string)));
  }
}
