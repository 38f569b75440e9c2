/**
 * A program that uses the volume: NT's calls with the defaults of Win32. A call that fails answers
 * its NTSTATUS. The methods "must…" throw instead, for the calls that a test does not check.
 */
import { closeHandle } from './cleanup.ts';
import * as controls from './controls.ts';
import { type CreateAnswer, create } from './create.ts';
import * as data from './data.ts';
import * as directory from './directory.ts';
import type { Driver } from './driver.ts';
import { type Ea, type EaAnswer, encodeEas, queryEa, setEa } from './ea.ts';
import type { DirectoryEntry, FileDesc } from './file-node.ts';
import * as information from './information.ts';
import {
  access,
  disposition,
  dispositionFlag,
  option,
  share,
  status,
  statusName,
  succeeds,
} from './nt.ts';
import type { FileInfo } from './record.ts';
import * as security from './security.ts';
import { mountingUser, type Token } from './token.ts';

export interface OpenOptions {
  readonly access?: number;
  readonly disposition?: number;
  readonly options?: number;
  readonly share?: number;
  readonly attributes?: number;
  readonly allocationSize?: number;
  readonly securityDescriptor?: security.Descriptor;
  readonly eas?: readonly Ea[];
  readonly reparseData?: Buffer;
  readonly related?: Handle;
  readonly kernelMode?: boolean;
}

export interface OpenAnswer {
  readonly status: number;
  readonly information: number;
  readonly handle?: Handle;
  readonly reparse?: CreateAnswer['reparse'];
}

/** Throws if a call failed that must succeed. */
export function expectSuccess(value: number, what: string): void {
  if (!succeeds(value)) throw new Error(`${what}: ${statusName(value)}`);
}

export class Program {
  readonly driver: Driver;
  readonly token: Token;

  constructor(driver: Driver, token: Token = mountingUser) {
    this.driver = driver;
    this.token = token;
  }

  /** A program of another user on the same driver. */
  as(token: Token): Program {
    return new Program(this.driver, token);
  }

  /** NtCreateFile. By default it opens an existing file for reading. */
  async open(path: string, options: OpenOptions = {}): Promise<OpenAnswer> {
    const answer = await create(this.driver, {
      path,
      token: this.token,
      desiredAccess: options.access ?? access.FILE_GENERIC_READ,
      disposition: options.disposition ?? disposition.OPEN,
      options: options.options ?? 0,
      shareAccess: options.share ?? share.ALL,
      attributes: options.attributes ?? 0,
      allocationSize: options.allocationSize ?? 0,
      ...(options.related === undefined ? {} : { related: options.related.file }),
      ...(options.securityDescriptor === undefined
        ? {}
        : { securityDescriptor: security.encodeDescriptor(options.securityDescriptor) }),
      ...(options.eas === undefined ? {} : { ea: encodeEas(options.eas) }),
      ...(options.reparseData === undefined ? {} : { reparseData: options.reparseData }),
      ...(options.kernelMode === undefined ? {} : { kernelMode: options.kernelMode }),
    });
    const { file, reparse } = answer;
    return {
      status: answer.status,
      information: answer.information,
      ...(file === undefined ? {} : { handle: new Handle(this, file) }),
      ...(reparse === undefined ? {} : { reparse }),
    };
  }

  async mustOpen(path: string, options: OpenOptions = {}): Promise<Handle> {
    const answer = await this.open(path, options);
    if (answer.handle === undefined) throw new Error(`open ${path}: ${statusName(answer.status)}`);
    return answer.handle;
  }

  /** Answers the status alone, and closes the file again. */
  async tryOpen(path: string, options: OpenOptions = {}): Promise<number> {
    const { status: answered, handle } = await this.open(path, options);
    await handle?.close();
    return answered;
  }

  /** Makes a file with this content. */
  async makeFile(
    path: string,
    content: Buffer | string = '',
    options: OpenOptions = {},
  ): Promise<void> {
    const handle = await this.mustOpen(path, {
      access: access.ALL,
      disposition: disposition.CREATE,
      options: option.NON_DIRECTORY_FILE,
      ...options,
    });
    const bytes = Buffer.from(content);
    if (bytes.length > 0) expectSuccess((await handle.write(0, bytes)).status, `write ${path}`);
    await handle.close();
  }

  async makeDirectory(path: string, options: OpenOptions = {}): Promise<void> {
    const handle = await this.mustOpen(path, {
      access: access.FILE_GENERIC_READ,
      disposition: disposition.CREATE,
      options: option.DIRECTORY_FILE,
      ...options,
    });
    await handle.close();
  }

  async readFile(path: string): Promise<Buffer> {
    const handle = await this.mustOpen(path);
    try {
      return await handle.readAll();
    } finally {
      await handle.close();
    }
  }

  /** GetFileAttributesEx: opens a file, or a link itself, for its attributes alone. */
  async stat(path: string, follow = false): Promise<FileInfo> {
    const handle = await this.mustOpen(path, {
      access: access.READ_ATTRIBUTES,
      options: follow ? 0 : option.OPEN_REPARSE_POINT,
    });
    try {
      return await handle.info();
    } finally {
      await handle.close();
    }
  }

  /** All names in a directory, without "." and "..". */
  async list(path: string, pattern = '*', lengthBytes = 4096): Promise<string[]> {
    const entries = await this.listEntries(path, pattern, lengthBytes);
    return entries.map(({ name }) => name).filter((name) => name !== '.' && name !== '..');
  }

  async listEntries(
    path: string,
    pattern = '*',
    lengthBytes = 4096,
  ): Promise<readonly DirectoryEntry[]> {
    const handle = await this.mustOpen(path, {
      access: access.READ_DATA | access.SYNCHRONIZE,
      options: option.DIRECTORY_FILE,
    });
    try {
      return await handle.listAll(pattern, lengthBytes);
    } finally {
      await handle.close();
    }
  }

  /** MoveFileEx. */
  async move(path: string, newName: string, flags = 0, extended = false): Promise<number> {
    const { status: answered, handle } = await this.open(path, {
      access: access.DELETE | access.READ_ATTRIBUTES | access.SYNCHRONIZE,
      options: option.OPEN_REPARSE_POINT,
    });
    if (handle === undefined) return answered;
    try {
      return await handle.rename(newName, flags, extended);
    } finally {
      await handle.close();
    }
  }

  /** DeleteFile and RemoveDirectory of Windows 10: POSIX semantics first, then the old class. */
  async remove(path: string): Promise<number> {
    const { status: answered, handle } = await this.open(path, {
      access: access.DELETE | access.READ_ATTRIBUTES | access.SYNCHRONIZE,
      options: option.OPEN_REPARSE_POINT,
    });
    if (handle === undefined) return answered;
    try {
      const posix = dispositionFlag.DELETE | dispositionFlag.POSIX;
      const first = await handle.setDisposition(posix, true);
      if (succeeds(first)) return first;
      return await handle.setDisposition(dispositionFlag.DELETE);
    } finally {
      await handle.close();
    }
  }

  queryVolume(): ReturnType<typeof controls.queryVolume> {
    return controls.queryVolume(this.driver);
  }

  /** FileFsAttributeInformation: FILE_* flags of MS-FSCC 2.5.1. */
  queryAttributes(): number {
    return controls.queryAttributes(this.driver);
  }

  setLabel(label: string): ReturnType<typeof controls.setLabel> {
    return controls.setLabel(this.driver, label);
  }

  flushVolume(): Promise<number> {
    return data.flushVolume(this.driver);
  }
}

export class Handle {
  readonly program: Program;
  readonly file: FileDesc;

  constructor(program: Program, file: FileDesc) {
    this.program = program;
    this.file = file;
  }

  get driver(): Driver {
    return this.program.driver;
  }

  read(offset: number, lengthBytes: number): Promise<data.ReadAnswer> {
    return data.read(this.driver, this.file, offset, lengthBytes);
  }

  async readAll(pieceBytes = 65536): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let at = 0; ; ) {
      const { status: answered, data: part } = await this.read(at, pieceBytes);
      if (answered === status.END_OF_FILE || part.length === 0) break;
      expectSuccess(answered, 'read');
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts);
  }

  write(offset: number, bytes: Buffer | string): Promise<data.WriteAnswer> {
    return data.write(this.driver, this.file, offset, Buffer.from(bytes));
  }

  flush(): Promise<number> {
    return data.flush(this.driver, this.file);
  }

  map(): data.Section {
    return new data.Section(this.driver, this.file);
  }

  /** All fields of a FILE_INFO, from the driver's cache if it has them. */
  async info(): Promise<FileInfo> {
    const { status: answered, info } = await information.queryBasic(this.driver, this.file);
    if (info === undefined) throw new Error(`query information: ${statusName(answered)}`);
    return info;
  }

  /** All fields of a FILE_INFO, from user mode. */
  async freshInfo(): Promise<FileInfo> {
    this.file.node.info = undefined;
    return await this.info();
  }

  queryBasic(): Promise<information.InformationAnswer> {
    return information.queryBasic(this.driver, this.file);
  }

  queryStandard(): ReturnType<typeof information.queryStandard> {
    return information.queryStandard(this.driver, this.file);
  }

  setBasic(basic: information.BasicToSet): Promise<number> {
    return information.setBasic(this.driver, this.file, basic);
  }

  setEndOfFile(sizeBytes: number): Promise<number> {
    return information.setEndOfFile(this.driver, this.file, sizeBytes);
  }

  setAllocation(sizeBytes: number): Promise<number> {
    return information.setAllocation(this.driver, this.file, sizeBytes);
  }

  setDisposition(flags: number, extended = false): Promise<number> {
    return information.setDisposition(this.driver, this.file, flags, extended);
  }

  rename(newName: string, flags = 0, extended = false): Promise<number> {
    const { token } = this.program;
    return information.rename(this.driver, this.file, { token, newName, flags, extended });
  }

  list(call: directory.DirectoryCall = {}): Promise<directory.DirectoryAnswer> {
    return directory.queryDirectory(this.driver, this.file, call);
  }

  async listAll(pattern = '*', lengthBytes = 4096): Promise<DirectoryEntry[]> {
    const entries: DirectoryEntry[] = [];
    for (let restart = true; ; restart = false) {
      const answer = await this.list({ pattern, restart, lengthBytes });
      entries.push(...answer.entries);
      if (answer.status === status.NO_MORE_FILES || answer.status === status.NO_SUCH_FILE) break;
      expectSuccess(answer.status, 'query directory');
    }
    return entries;
  }

  queryEa(names?: readonly string[]): Promise<EaAnswer> {
    return queryEa(this.driver, this.file, names);
  }

  setEa(eas: readonly Ea[]): Promise<number> {
    return setEa(this.driver, this.file, eas);
  }

  querySecurity(parts = 7): Promise<security.SecurityAnswer> {
    return security.querySecurity(this.driver, this.file, parts);
  }

  setSecurity(parts: number, descriptor: security.Descriptor): Promise<number> {
    return security.setSecurity(this.driver, this.file, parts, descriptor);
  }

  control(code: number, input: Buffer = Buffer.alloc(0)): Promise<controls.ControlAnswer> {
    return controls.fileSystemControl(this.driver, this.file, code, input);
  }

  deviceControl(
    code: number,
    input: Buffer,
    outputLength: number,
  ): Promise<controls.ControlAnswer> {
    return controls.deviceControl(this.driver, this.file, code, input, outputLength);
  }

  close(): Promise<void> {
    return closeHandle(this.driver, this.file);
  }
}
