/**
 * The Windows way, measured at three depths on the same volume: records through the dispatcher,
 * irps through the engine, system calls to the kernel. The difference of two depths is the layer
 * between.
 */
import { openFileSource } from '../../src/block/file/file-source.ts';
import { Engine } from '../../src/fsbridge/engine.ts';
import { FileInfo } from '../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../src/fsbridge/file-object.ts';
import type { CreateIrp } from '../../src/fsbridge/irp/irp.ts';
import { newCreateIrp } from '../../src/fsbridge/irp/new-create.ts';
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../src/vfs-linux/volume.ts';
import { Dispatcher } from '../../src/winfsp/dispatcher.ts';
import { paths } from '../image.ts';
import {
  Answers,
  addressOf,
  Batch,
  FlatMemory,
  kind,
  makeCreate,
  makeRecord,
  setContexts,
} from './requests.ts';

export const readBytes = 65536;
/** The requests in one delivery of the driver; as many IRPs or calls are in flight. */
export const depth = 16;

export type Layer = 'dispatcher' | 'engine' | 'kernel';

interface OpenFile {
  readonly userContext: bigint;
  readonly userContext2: bigint;
  readonly fileObject: FileObject;
}

const windowsPath = (path: string): string => path.replaceAll('/', '\\');

export class WindowsWay {
  readonly #kernel: Kernel;
  readonly #volume: Volume;
  readonly #engine: Engine;
  readonly #memory = new FlatMemory(depth * readBytes);
  readonly #dispatcher: Dispatcher;
  readonly #answers = new Answers(depth);
  readonly #files: readonly string[];

  private constructor(kernel: Kernel, volume: Volume, engine: Engine, files: readonly string[]) {
    this.#kernel = kernel;
    this.#volume = volume;
    this.#engine = engine;
    this.#dispatcher = new Dispatcher(engine, this.#memory);
    this.#files = files;
  }

  static async open(image: string, type: string, files: readonly string[]): Promise<WindowsWay> {
    const kernel = await Kernel.boot();
    const disk = await kernel.attach(await openFileSource(image, { write: true }));
    const volume = await kernel.mount({ device: disk.name, types: [type], readOnly: false });
    const engine = await Engine.open(volume, { permissions: 'ignore' });
    return new WindowsWay(kernel, volume, engine, files);
  }

  async close(): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
    await this.#kernel.close();
  }

  async #openFile(path: string): Promise<OpenFile> {
    const batch = new Batch([makeCreate(0, windowsPath(path))]);
    await this.#answers.send(this.#dispatcher, batch);
    this.#answers.expectSuccess(`create ${path}`);
    const { bytes } = this.#answers.records;
    const userContext2 = bytes.readBigUInt64LE(32);
    const fileObject = this.#engine.fileObjects.get(Number(userContext2));
    if (fileObject === undefined) throw new Error(`create ${path}: no file object`);
    return { userContext: bytes.readBigUInt64LE(24), userContext2, fileObject };
  }

  async #closeFile(file: OpenFile): Promise<void> {
    for (const one of [kind.cleanup, kind.close]) {
      const record = makeRecord(one, 0);
      setContexts(record, file.userContext, file.userContext2);
      await this.#answers.send(this.#dispatcher, new Batch([record]));
    }
  }

  /** Queries a file's information `count` times. Returns milliseconds. */
  async queryInformation(layer: Layer, count: number): Promise<number> {
    const file = await this.#openFile(this.#files[0] as string);
    const { fileObject } = file;
    const records = Array.from({ length: depth }, (_, index) => {
      const record = makeRecord(kind.queryInformation, index);
      setContexts(record, file.userContext, file.userContext2);
      return record;
    });
    const batch = new Batch(records);
    const irps = records.map(() => ({ fileObject, fileInfo: new FileInfo() }));
    const calls = this.#volume.calls;
    const handle = fileObject.fcb.handle;
    const round = {
      dispatcher: () => this.#answers.send(this.#dispatcher, batch),
      engine: () => Promise.all(irps.map((irp) => this.#engine.queryInformation(irp))),
      kernel: () => Promise.all(irps.map(() => calls.fstatx(handle))),
    };
    const tookMs = await repeat(round[layer], count / depth);
    this.#answers.expectSuccess('query information');
    await this.#closeFile(file);
    return tookMs;
  }

  /** Reads a cached file in pieces of 64 KiB, several times from start to end. */
  async read(layer: Layer, fileBytes: number, count: number): Promise<number> {
    const file = await this.#openFile(paths.warm);
    const { fileObject } = file;
    const records = Array.from({ length: depth }, (_, index) => {
      const record = makeRecord(kind.read, index);
      setContexts(record, file.userContext, file.userContext2);
      record.writeBigUInt64LE(addressOf(index * readBytes), 32);
      record.writeUInt32LE(readBytes, 48);
      return record;
    });
    const batch = new Batch(records);
    const buffers = records.map((_, index) =>
      this.#memory.view(addressOf(index * readBytes), readBytes),
    );
    const irps = buffers.map((buffer) => ({ fileObject, buffer, byteOffset: 0, information: 0 }));
    const calls = this.#volume.calls;
    const fd = await calls.openat2(abi.AT_FDCWD, paths.warm, abi.O_RDONLY);
    let next = 0;
    const offset = (): number => {
      const at = next;
      next = next + readBytes >= fileBytes ? 0 : next + readBytes;
      return at;
    };
    const round = {
      dispatcher: () => {
        for (let i = 0; i < depth; i++) batch.record(i).writeBigUInt64LE(BigInt(offset()), 40);
        return this.#answers.send(this.#dispatcher, batch);
      },
      engine: () => {
        for (const irp of irps) irp.byteOffset = offset();
        return Promise.all(irps.map((irp) => this.#engine.read(irp)));
      },
      kernel: () => Promise.all(buffers.map((buffer) => calls.pread(fd, buffer, offset()))),
    };
    const tookMs = await repeat(round[layer], count / depth);
    if (layer === 'dispatcher') this.#answers.expectSuccess('read');
    await calls.close(fd);
    await this.#closeFile(file);
    return tookMs;
  }

  /** Opens existing files, cleans them up and closes them. */
  async openAndClose(layer: Layer, count: number): Promise<number> {
    const names = this.#files.slice(0, depth * Math.floor(this.#files.length / depth));
    const rounds = count / depth;
    if (layer === 'dispatcher') return await this.#openThroughDispatcher(names, rounds);
    if (layer === 'engine') return await this.#openThroughEngine(names, rounds);
    const calls = this.#volume.calls;
    let at = 0;
    // As in the other layers, all files of a batch are opened and then all are closed.
    return await repeat(async () => {
      const piece = names.slice(at, at + depth);
      at = (at + depth) % names.length;
      const opened = await Promise.all(
        piece.map((name) => calls.openat2Statx(abi.AT_FDCWD, name, { flags: abi.O_PATH })),
      );
      await Promise.all(
        opened.map((one) => {
          if (typeof one === 'number') throw new Error(`open: ${one}`);
          return calls.close(one.fd);
        }),
      );
    }, rounds);
  }

  async #openThroughDispatcher(names: readonly string[], rounds: number): Promise<number> {
    const creates: Batch[] = [];
    for (let at = 0; at < names.length; at += depth) {
      const piece = names.slice(at, at + depth);
      creates.push(new Batch(piece.map((name, index) => makeCreate(index, windowsPath(name)))));
    }
    const ends = [kind.cleanup, kind.close].map(
      (one) => new Batch(Array.from({ length: depth }, (_, index) => makeRecord(one, index))),
    );
    const [cleanups, closes] = ends as [Batch, Batch];
    const lastAccess = 8;
    for (let i = 0; i < depth; i++) cleanups.record(i).writeUInt32LE(lastAccess, 32);
    const answers = this.#answers;
    let next = 0;
    return await repeat(async () => {
      await answers.send(this.#dispatcher, creates[next] as Batch);
      next = (next + 1) % creates.length;
      answers.each((bytes, at, hint, status) => {
        if (status !== 0) throw new Error(`create: status 0x${status.toString(16)}`);
        bytes.copy(cleanups.record(hint), 16, at + 24, at + 40);
        bytes.copy(closes.record(hint), 16, at + 24, at + 40);
      });
      await answers.send(this.#dispatcher, cleanups);
      await answers.send(this.#dispatcher, closes);
    }, rounds);
  }

  async #openThroughEngine(names: readonly string[], rounds: number): Promise<number> {
    const engine = this.#engine;
    const windowsNames = names.map(windowsPath);
    const irps = Array.from({ length: depth }, makeCreateIrp);
    let next = 0;
    return await repeat(async () => {
      for (const irp of irps) {
        irp.fileName = windowsNames[next] as string;
        next = (next + 1) % windowsNames.length;
        irp.desiredAccess = 0x120089;
        irp.grantedAccess = 0;
      }
      await Promise.all(irps.map((irp) => engine.create(irp)));
      const opened = irps.map(({ fileObject }) => {
        if (fileObject === undefined) throw new Error('create: no file object');
        return fileObject;
      });
      await Promise.all(opened.map((fileObject) => engine.cleanup({ fileObject, ...noCleanup })));
      await Promise.all(opened.map((fileObject) => engine.close({ fileObject })));
    }, rounds);
  }
}

const noCleanup = {
  delete: false,
  setAllocationSize: false,
  setArchiveBit: false,
} as const;

function makeCreateIrp(): CreateIrp {
  return newCreateIrp({ createDisposition: 1, hasTraversePrivilege: true });
}

/** Runs the rounds one after the other. Returns the milliseconds of all. */
async function repeat(round: () => Promise<unknown>, rounds: number): Promise<number> {
  const startMs = performance.now();
  for (let i = 0; i < rounds; i++) await round();
  return performance.now() - startMs;
}
