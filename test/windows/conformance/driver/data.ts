/**
 * ReadFile, WriteFile, FlushFileBuffers, and sections. The paging writes of a mapped file come
 * later than the program's own writes, in whole pages, through the handle that the section was made
 * with.
 */
import type { Driver } from './driver.ts';
import type { FileDesc } from './file-node.ts';
import { access, status, succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request, type Response } from './record.ts';

export interface ReadAnswer {
  readonly status: number;
  readonly data: Buffer;
}

const nothing: Buffer = Buffer.alloc(0);
export const pageBytes = 4096;
/** Appends: FILE_WRITE_TO_END_OF_FILE. */
export const endOfFile = -1;

export function mayNot(file: FileDesc, rights: number): boolean {
  return file.userMode && (file.grantedAccess & rights) === 0;
}

export async function read(
  driver: Driver,
  file: FileDesc,
  offset: number,
  lengthBytes: number,
): Promise<ReadAnswer> {
  if (file.node.isDirectory) return { status: status.INVALID_DEVICE_REQUEST, data: nothing };
  if (mayNot(file, access.READ_DATA | access.EXECUTE)) {
    return { status: status.ACCESS_DENIED, data: nothing };
  }
  if (lengthBytes === 0) return { status: status.SUCCESS, data: nothing };
  return await file.node.lock.shared(() => pagingRead(driver, file, offset, lengthBytes));
}

async function pagingRead(
  driver: Driver,
  file: FileDesc,
  offset: number,
  lengthBytes: number,
): Promise<ReadAnswer> {
  const buffer = driver.memory.map(lengthBytes);
  const request = new Request(kind.READ)
    .contexts(file.node.userContext, file.userContext2)
    .u64(32, buffer.address)
    .u64(40, offset)
    .u32(48, lengthBytes);
  try {
    const response = await driver.send(request);
    if (!succeeds(response.status)) return { status: response.status, data: nothing };
    const count = counted(response, lengthBytes);
    return { status: response.status, data: Buffer.from(buffer.bytes.subarray(0, count)) };
  } finally {
    driver.memory.unmap(buffer);
  }
}

function counted(response: Response, mostBytes: number): number {
  if (response.information > mostBytes) {
    throw new ProtocolFault(`Information is ${response.information} of ${mostBytes} bytes`);
  }
  return response.information;
}

export interface WriteAnswer {
  readonly status: number;
  readonly written: number;
}

export async function write(
  driver: Driver,
  file: FileDesc,
  offset: number,
  data: Buffer,
): Promise<WriteAnswer> {
  if (file.node.isDirectory) return { status: status.INVALID_DEVICE_REQUEST, written: 0 };
  if (mayNot(file, access.WRITE_DATA | access.APPEND_DATA)) {
    return { status: status.ACCESS_DENIED, written: 0 };
  }
  if (data.length === 0) return { status: status.SUCCESS, written: 0 };
  // NtWriteFile: with the right to append alone, every write appends.
  const appends = (file.grantedAccess & access.WRITE_DATA) === 0;
  const at = appends ? endOfFile : offset;
  return await file.node.lock.exclusive(() => sendWrite(driver, file, at, data, false));
}

async function sendWrite(
  driver: Driver,
  file: FileDesc,
  offset: number,
  data: Buffer,
  constrained: boolean,
): Promise<WriteAnswer> {
  const { node } = file;
  const buffer = driver.memory.map(data.length, data);
  const request = new Request(kind.WRITE)
    .contexts(node.userContext, file.userContext2)
    .u64(32, buffer.address)
    .u64(40, offset)
    .u32(48, data.length)
    .u32(56, constrained ? 1 : 0);
  try {
    const response = await driver.send(request);
    if (!buffer.bytes.equals(data)) throw new ProtocolFault('a Write changed its own data');
    if (!succeeds(response.status)) return { status: response.status, written: 0 };
    const written = counted(response, data.length);
    if (!constrained) file.modified = true;
    if (response.fileInfo().indexNumber === 0n) throw new ProtocolFault('a Write has no FileInfo');
    driver.keepInfo(node, response.fileInfo());
    if (!constrained) driver.invalidateParent(node.name);
    return { status: response.status, written };
  } finally {
    driver.memory.unmap(buffer);
  }
}

export async function flush(driver: Driver, file: FileDesc): Promise<number> {
  const { node } = file;
  if (node.isDirectory) return status.SUCCESS;
  if (mayNot(file, access.WRITE_DATA | access.APPEND_DATA)) return status.ACCESS_DENIED;
  return await node.lock.exclusive(async () => {
    const request = new Request(kind.FLUSH_BUFFERS, node.name).contexts(
      node.userContext,
      file.userContext2,
    );
    const response = await driver.send(request);
    if (succeeds(response.status)) driver.keepInfo(node, response.fileInfo());
    return response.status;
  });
}

/** A flush of the volume has no contexts. */
export async function flushVolume(driver: Driver): Promise<number> {
  return (await driver.send(new Request(kind.FLUSH_BUFFERS))).status;
}

/** A mapped view: its pages are read when they are touched, and written back later. */
export class Section {
  readonly #driver: Driver;
  readonly #file: FileDesc;
  readonly #pages = new Map<number, Buffer>();
  readonly #dirty = new Set<number>();

  constructor(driver: Driver, file: FileDesc) {
    this.#driver = driver;
    this.#file = file;
    file.sections += 1;
  }

  async #page(index: number): Promise<Buffer> {
    let page = this.#pages.get(index);
    if (page === undefined) {
      const file = this.#file;
      const { lock } = file.node;
      const at = index * pageBytes;
      const answer = await lock.shared(() => pagingRead(this.#driver, file, at, pageBytes));
      page = Buffer.alloc(pageBytes);
      answer.data.copy(page);
      this.#pages.set(index, page);
    }
    return page;
  }

  /** A store into the view, within one page. */
  async store(offset: number, data: Buffer): Promise<void> {
    const index = Math.floor(offset / pageBytes);
    data.copy(await this.#page(index), offset % pageBytes);
    this.#dirty.add(index);
  }

  async load(offset: number, lengthBytes: number): Promise<Buffer> {
    const page = await this.#page(Math.floor(offset / pageBytes));
    const at = offset % pageBytes;
    return Buffer.from(page.subarray(at, at + lengthBytes));
  }

  /** The lazy writer: writes whole pages, even of a deleted file. Answers the writes' statuses. */
  async writeBack(): Promise<number[]> {
    const statuses: number[] = [];
    for (const index of this.#dirty) {
      const page = this.#pages.get(index) as Buffer;
      const file = this.#file;
      const { lock } = file.node;
      const at = index * pageBytes;
      const answer = await lock.exclusive(() => sendWrite(this.#driver, file, at, page, true));
      statuses.push(answer.status);
    }
    this.#dirty.clear();
    return statuses;
  }

  /** Drops the last reference: only now the file object is closed. */
  async unmap(): Promise<number[]> {
    const statuses = await this.writeBack();
    this.#file.sections -= 1;
    if (this.#file.sections === 0 && this.#file.cleanedUp) this.#driver.close(this.#file);
    return statuses;
  }
}
