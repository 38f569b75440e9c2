/** Shared by the transport's tests: bytes with comments, and an engine that records its irps. */
import { Buffer } from 'node:buffer';
import type { Engine } from '../../../src/fsbridge/engine.ts';
import type { FileInfo } from '../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../src/fsbridge/file-object.ts';
import { Dispatcher, type DispatcherOptions } from '../../../src/winfsp/dispatcher.ts';
import type { DataMemory } from '../../../src/winfsp/transaction.ts';

/** Hexadecimal bytes. The rest of a line after // is a comment, and N*XX repeats a byte. */
export function hex(text: string): Buffer {
  const words = text
    .split('\n')
    .map((line) => line.replace(/\/\/.*/, ''))
    .join(' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  return Buffer.concat(
    words.map((word) => {
      const repeated = /^(\d+)\*([0-9a-f]{2})$/.exec(word);
      if (repeated === null) return Buffer.from(word, 'hex');
      return Buffer.alloc(Number(repeated[1]), Number.parseInt(repeated[2] as string, 16));
    }),
  );
}

/** A name as the driver sends it: UTF-16 with a NUL. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

/** A record of a fixed part, names and buffers. Its Size is set. */
export function record(fixed: Buffer, ...trailer: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([fixed, ...trailer]);
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  padded.writeUInt16LE(padded.length, 2);
  return padded;
}

/** An irp, as the engine got it. */
export type SeenIrp = Record<string, unknown>;

type Answer = (irp: never) => number | Promise<number>;

/** An engine that answers what a test chooses, and records the irps. */
export class RecordingEngine {
  readonly seen: { readonly method: string; readonly irp: SeenIrp }[] = [];
  readonly fileObjects: Map<number, FileObject> = new Map();
  facts: { caseSensitive: boolean } = { caseSensitive: true };
  readonly answers: Record<string, Answer> = {};

  constructor() {
    for (const method of methods) {
      Object.defineProperty(this, method, { value: (irp: object) => this.#asked(method, irp) });
    }
  }

  /** Opens a file with that number. */
  open(id: number): FileObject {
    const fileObject = { id, fcb: { id } } as unknown as FileObject;
    this.fileObjects.set(id, fileObject);
    return fileObject;
  }

  /** Sets a method's behaviour. */
  on<Irp>(method: (typeof methods)[number], answer: (irp: Irp) => number | Promise<number>): void {
    this.answers[method] = answer as Answer;
  }

  get last(): SeenIrp {
    return this.seen.at(-1)?.irp ?? {};
  }

  async #asked(method: string, irp: object): Promise<number> {
    this.seen.push({ method, irp: { ...irp } });
    return (await this.answers[method]?.(irp as never)) ?? 0;
  }

  /** The dispatcher uses no other member of the engine. */
  get asEngine(): Engine {
    return this as unknown as Engine;
  }
}

const methods = [
  'create',
  'overwrite',
  'cleanup',
  'close',
  'read',
  'write',
  'flushBuffers',
  'queryInformation',
  'setInformation',
  'queryEa',
  'setEa',
  'queryVolumeInformation',
  'setVolumeInformation',
  'directoryControl',
  'fileSystemControl',
  'deviceControl',
  'querySecurity',
  'setSecurity',
] as const;

/** The driver's memory: one buffer at one address. */
export class OneBuffer implements DataMemory {
  static readonly address = 0x7f12_3456_0000n;
  readonly bytes: Buffer = Buffer.alloc(4096, 0xcc);
  readonly detached: Buffer[] = [];

  view(address: bigint, lengthBytes: number): Buffer {
    if (address !== OneBuffer.address) throw new Error(`nothing is mapped at ${address}`);
    return this.bytes.subarray(0, lengthBytes);
  }

  detach(view: Buffer): void {
    this.detached.push(view);
  }
}

export interface Bench {
  readonly engine: RecordingEngine;
  readonly memory: OneBuffer;
  readonly dispatcher: Dispatcher;
}

export function bench(options: DispatcherOptions = {}): Bench {
  const engine = new RecordingEngine();
  const memory = new OneBuffer();
  const dispatcher = new Dispatcher(engine.asEngine, memory, { onTrace: undefined, ...options });
  return { engine, memory, dispatcher };
}

/** Fills a FileInfo with numbers that cannot be mistaken for each other. */
export function fillInfo(info: FileInfo): void {
  info.fileAttributes = 0x20;
  info.reparseTag = 0xa000000c;
  info.allocationSize = 0x1_0000_2000;
  info.fileSize = 0x1_0000_1234;
  info.creationTimeLow = 0x11111111;
  info.creationTimeHigh = 0x01d00001;
  info.lastAccessTimeLow = 0x22222222;
  info.lastAccessTimeHigh = 0x01d00002;
  info.lastWriteTimeLow = 0x33333333;
  info.lastWriteTimeHigh = 0x01d00003;
  info.changeTimeLow = 0x44444444;
  info.changeTimeHigh = 0x01d00004;
  info.indexNumberLow = 0x89abcdef;
  info.indexNumberHigh = 0x01234567;
  info.hardLinks = 2;
  info.eaSize = 0x30;
}

/** The FSP_FSCTL_FILE_INFO of fillInfo. */
export const filledInfo: Buffer = hex(`
  20000000 0c0000a0          // FileAttributes, ReparseTag
  0020000001000000           // AllocationSize
  3412000001000000           // FileSize
  111111110100d001           // CreationTime
  222222220200d001           // LastAccessTime
  333333330300d001           // LastWriteTime
  444444440400d001           // ChangeTime
  efcdab8967452301           // IndexNumber
  02000000 30000000          // HardLinks, EaSize
`);

/** The first 24 bytes of a response. */
export function head(kind: string, size: string, information: string, status: string): Buffer {
  return hex(`0000 ${size} ${kind}000000 ${hint} ${information} ${status}`);
}

/** A kernel address: its upper half is all ones. */
export const hint = '502143658780ffff';
