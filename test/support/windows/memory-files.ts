/**
 * Files in memory behind an engine's methods. Each request is answered after a random time, so that
 * many are under way and end in any order.
 */
import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import type { FileInfo } from '../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../src/fsbridge/file-object.ts';
import type {
  CreateIrp,
  QueryInformationIrp,
  QueryVolumeInformationIrp,
  ReadIrp,
  SetInformationIrp,
  WriteIrp,
} from '../../../src/fsbridge/irp/irp.ts';
import type { Random } from '../random.ts';
import type { RecordingEngine } from './records.ts';

const directoryFile = 0x1;
const open = 1;

interface MemoryFile {
  name: string;
  bytes: Buffer;
}

/** Gives the engine the methods that the stand-in's scripts "load" and "burst" need. */
export function serveFromMemory(engine: RecordingEngine, chance: Random): void {
  const byName = new Map<string, MemoryFile>();
  const files = new Map<FileObject, MemoryFile>();
  let lastId = 0;
  const later = async (): Promise<void> => {
    if (chance.chance(0.6)) return;
    if (chance.chance(0.8)) await new Promise((resolve) => setImmediate(resolve));
    else await setTimeout(chance.below(3));
  };
  const fileOf = (fileObject: FileObject): MemoryFile => files.get(fileObject) as MemoryFile;
  const fill = (fileObject: FileObject, info: FileInfo): number => {
    info.fileSize = fileOf(fileObject).bytes.length;
    return 0;
  };
  engine.on<CreateIrp>('create', async (irp) => {
    await later();
    let file = byName.get(irp.fileName);
    if (file === undefined && irp.createDisposition === open) return 0xc0000034;
    irp.information = file === undefined ? 2 : 1;
    file ??= { name: irp.fileName, bytes: Buffer.alloc(0) };
    byName.set(irp.fileName, file);
    irp.fileObject = engine.open(++lastId);
    files.set(irp.fileObject, file);
    const isDirectory = (irp.createOptions & directoryFile) !== 0;
    irp.fileInfo.fileAttributes = isDirectory ? 0x10 : 0x80;
    return 0;
  });
  engine.on<WriteIrp>('write', async (irp) => {
    await later();
    const { fileObject, buffer, byteOffset, fileInfo } = irp;
    const file = fileOf(fileObject);
    if (file.bytes.length < byteOffset + buffer.length) {
      file.bytes = Buffer.concat([file.bytes, Buffer.alloc(byteOffset + buffer.length)]);
    }
    buffer.copy(file.bytes, byteOffset);
    irp.information = buffer.length;
    return fill(fileObject, fileInfo);
  });
  engine.on<ReadIrp>('read', async (irp) => {
    await later();
    irp.information = fileOf(irp.fileObject).bytes.copy(irp.buffer, 0, irp.byteOffset);
    return 0;
  });
  engine.on<QueryInformationIrp>('queryInformation', async (irp) => {
    await later();
    return fill(irp.fileObject, irp.fileInfo);
  });
  engine.on<SetInformationIrp>('setInformation', async (irp) => {
    await later();
    const file = fileOf(irp.fileObject);
    if ('endOfFile' in irp) file.bytes = Buffer.from(file.bytes.subarray(0, irp.endOfFile));
    if ('newName' in irp) {
      byName.delete(file.name);
      file.name = irp.newName;
      byName.set(file.name, file);
    }
    return fill(irp.fileObject, irp.fileInfo);
  });
  engine.on<QueryVolumeInformationIrp>('queryVolumeInformation', async (irp) => {
    await later();
    irp.volumeInfo = { totalSize: 1, freeSize: 1, volumeLabel: '' };
    return 0;
  });
}
