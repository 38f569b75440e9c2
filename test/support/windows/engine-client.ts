/**
 * A program on Windows that calls the engine directly, as a transport would: it opens, reads, lists
 * and renames by path, and answers results as text.
 */
import { Buffer } from 'node:buffer';
import { Engine } from '../../../src/fsbridge/engine.ts';
import { FileInfo } from '../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../src/fsbridge/file-object.ts';
import type { CreateIrp, TokenSource } from '../../../src/fsbridge/irp/irp.ts';
import { newCreateIrp } from '../../../src/fsbridge/irp/new-create.ts';
import { DISPOSITION, OPTION } from '../../../src/fsbridge/nt.ts';
import type { EngineOptions } from '../../../src/fsbridge/options.ts';
import { ACCESS } from '../../../src/fsbridge/security/access-rights.ts';
import { ntStatusName } from '../../../src/fsbridge/translate/ntstatus.ts';
import { type FreshType, type FreshVolume, mountFresh } from '../kernel-volume.ts';

const noCleanup = {
  delete: false,
  setAllocationSize: false,
  setArchiveBit: false,
};

export function createIrp(fileName: string, given: Partial<CreateIrp> = {}): CreateIrp {
  return newCreateIrp({
    fileName,
    createDisposition: DISPOSITION.OPEN,
    fileAttributes: 0x80,
    desiredAccess: ACCESS.FILE_ALL_ACCESS,
    hasTraversePrivilege: true,
    ...given,
  });
}

export class Client implements AsyncDisposable {
  readonly engine: Engine;
  readonly fresh: FreshVolume;

  constructor(engine: Engine, fresh: FreshVolume) {
    this.engine = engine;
    this.fresh = fresh;
  }

  /** The Linux side of the same volume. */
  get linux(): FreshVolume['fs'] {
    return this.fresh.fs;
  }

  /** Another engine's client on the same volume, with other options. */
  async with(options: EngineOptions): Promise<Client> {
    return new Client(await Engine.open(this.fresh.volume, options), this.fresh);
  }

  /** The status as text, and what a create did. */
  async create(fileName: string, given: Partial<CreateIrp> = {}): Promise<[string, CreateIrp]> {
    const irp = createIrp(fileName, given);
    return [ntStatusName(await this.engine.create(irp)), irp];
  }

  /** Opens and closes: "SUCCESS 1", or the status of a failure. */
  async tryCreate(fileName: string, given: Partial<CreateIrp> = {}): Promise<string> {
    const [status, irp] = await this.create(fileName, given);
    if (irp.fileObject === undefined) return status;
    await this.close(irp.fileObject);
    return `${status} ${irp.information}`;
  }

  async open(fileName: string, given: Partial<CreateIrp> = {}): Promise<FileObject> {
    const [status, irp] = await this.create(fileName, given);
    if (irp.fileObject === undefined) throw new Error(`${fileName}: ${status}`);
    return irp.fileObject;
  }

  async close(fileObject: FileObject, remove = false): Promise<void> {
    await this.engine.cleanup({ ...noCleanup, fileObject, delete: remove });
    await this.engine.close({ fileObject });
  }

  make(fileName: string, given: Partial<CreateIrp> = {}): Promise<FileObject> {
    return this.open(fileName, { createDisposition: DISPOSITION.CREATE, ...given });
  }

  async makeDirectory(fileName: string): Promise<void> {
    await this.close(await this.make(fileName, { createOptions: OPTION.DIRECTORY_FILE }));
  }

  async write(fileObject: FileObject, text: string, byteOffset = 0): Promise<string> {
    const buffer = Buffer.from(text);
    const request = { fileObject, buffer, byteOffset, constrainedIo: false };
    const fileInfo = new FileInfo();
    return ntStatusName(await this.engine.write({ ...request, information: 0, fileInfo }));
  }

  async read(fileObject: FileObject): Promise<string> {
    const buffer = Buffer.alloc(4096);
    const irp = { fileObject, buffer, byteOffset: 0, information: 0 };
    const status = await this.engine.read(irp);
    return irp.information > 0 ? buffer.toString('utf8', 0, irp.information) : ntStatusName(status);
  }

  async put(fileName: string, text: string): Promise<void> {
    const file = await this.make(fileName);
    await this.write(file, text);
    await this.close(file);
  }

  /** The content of a file, or the status of a failure. */
  async get(fileName: string): Promise<string> {
    const reading = { desiredAccess: ACCESS.FILE_GENERIC_READ };
    const [status, irp] = await this.create(fileName, reading);
    if (irp.fileObject === undefined) return status;
    const text = await this.read(irp.fileObject);
    await this.close(irp.fileObject);
    return text;
  }

  /** DeleteFile and RemoveDirectory. */
  async remove(fileName: string): Promise<string> {
    const [status, irp] = await this.create(fileName, {
      desiredAccess: ACCESS.DELETE,
      createOptions: OPTION.OPEN_REPARSE_POINT,
    });
    if (irp.fileObject === undefined) return status;
    const answer = await this.dispose(irp.fileObject);
    await this.close(irp.fileObject, answer === 'SUCCESS');
    return answer;
  }

  async dispose(fileObject: FileObject): Promise<string> {
    const irp = {
      fileInformationClass: 13,
      fileObject,
      fileInfo: new FileInfo(),
      flags: 1,
    } as const;
    return ntStatusName(await this.engine.setInformation(irp));
  }

  async rename(fileObject: FileObject, newName: string, flags = 0): Promise<string> {
    const fileInfo = new FileInfo();
    const irp = { fileObject, fileInfo, newName, flags, accessToken: undefined };
    return ntStatusName(await this.engine.setInformation({ ...irp, fileInformationClass: 10 }));
  }

  async renameByName(from: string, to: string, flags = 0): Promise<string> {
    const file = await this.open(from, { createOptions: OPTION.OPEN_REPARSE_POINT });
    const status = await this.rename(file, to, flags);
    await this.close(file);
    return status;
  }

  async info(fileObject: FileObject): Promise<FileInfo> {
    const fileInfo = new FileInfo();
    await this.engine.queryInformation({ fileObject, fileInfo });
    return fileInfo;
  }

  async stat(fileName: string): Promise<FileInfo> {
    const options = { createOptions: OPTION.OPEN_REPARSE_POINT };
    const [status, irp] = await this.create(fileName, { ...options, desiredAccess: 0x80 });
    if (irp.fileObject === undefined) throw new Error(`${fileName}: ${status}`);
    await this.close(irp.fileObject);
    return irp.fileInfo;
  }

  /** The names that a directory lists, `some` at a time, in the listing's order. */
  async list(fileName: string, some = 1000, pattern?: string): Promise<string[]> {
    const directory = await this.open(fileName, { desiredAccess: ACCESS.FILE_GENERIC_READ });
    const names: string[] = [];
    for (let markerOffset = 0; markerOffset >= 0; ) {
      markerOffset = await this.listSome(directory, markerOffset, some, names, pattern);
    }
    await this.close(directory);
    return names.filter((name) => name !== '.' && name !== '..');
  }

  /** Reads one piece of a listing. Answers the offset of the next, or -1 at the end. */
  async listSome(
    fileObject: FileObject,
    markerOffset: number,
    some: number,
    names: string[],
    pattern?: string,
  ): Promise<number> {
    let next = markerOffset;
    let room = some;
    const writer = {
      entry: (name: string, nextOffset: number): boolean => {
        if (room-- === 0) return false;
        names.push(name);
        next = nextOffset;
        return true;
      },
    };
    const patternIsFileName = false;
    const irp = { fileObject, pattern, patternIsFileName, marker: undefined, markerOffset, writer };
    const asked = { ...irp, endOfDirectory: false };
    const status = await this.engine.directoryControl(asked);
    if (status !== 0) throw new Error(ntStatusName(status));
    return asked.endOfDirectory ? -1 : next;
  }

  /** Whether the engine has read the token. */
  static token(facts: ReturnType<TokenSource['facts']>): TokenSource {
    return { facts: () => facts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}

/** A fresh volume whose root belongs to the mounting user, and a client on it. */
export async function freshClient(
  options: EngineOptions = {},
  type: FreshType = 'ext4',
): Promise<Client> {
  const fresh = await mountFresh(type);
  if (type !== 'vfat') await fresh.fs.chown('/', 1000, 1000);
  return new Client(await Engine.open(fresh.volume, options), fresh);
}
