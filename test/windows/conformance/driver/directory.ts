/**
 * NtQueryDirectoryFile: the driver asks user mode for a buffer of DIR_INFO records, matches the
 * pattern itself, and gives the program as many entries as its buffer holds. A whole listing that
 * fits in one buffer is kept.
 */
import { mayNot } from './data.ts';
import type { Driver } from './driver.ts';
import type { DirectoryEntry, FileDesc } from './file-node.ts';
import { isValidPattern, isWild, matches } from './name-rules.ts';
import { access, attribute, status, succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request, type Response, readFileInfo } from './record.ts';

export interface DirectoryCall {
  /** Undefined: the pattern of the first call. */
  readonly pattern?: string;
  readonly restart?: boolean;
  readonly single?: boolean;
  /** The size of the program's buffer. */
  readonly lengthBytes?: number;
}

export interface DirectoryAnswer {
  readonly status: number;
  readonly entries: readonly DirectoryEntry[];
}

/** The bytes of a FileIdBothDirectoryInformation before its name. */
const baseBytes = 104;
const recordBytes = 104;
const maxLengthBytes = 65536 - 16;
const averageNameBytes = 48;
const aligned = (bytes: number): number => (bytes + 7) & ~7;
const none = (value: number): DirectoryAnswer => ({ status: value, entries: [] });

export async function queryDirectory(
  driver: Driver,
  file: FileDesc,
  call: DirectoryCall,
): Promise<DirectoryAnswer> {
  const { node } = file;
  if (!node.isDirectory) return none(status.INVALID_PARAMETER);
  if (mayNot(file, access.READ_DATA)) return none(status.ACCESS_DENIED);
  const { maxComponentLength } = driver.parameters;
  if (call.pattern !== undefined && !isValidPattern(call.pattern, maxComponentLength)) {
    return none(status.INVALID_PARAMETER);
  }
  // The node is locked shared while user mode answers, and exclusively while the answer is used.
  return await node.lock.exclusive(() => queryLocked(driver, file, call));
}

async function queryLocked(
  driver: Driver,
  file: FileDesc,
  call: DirectoryCall,
): Promise<DirectoryAnswer> {
  if (file.pattern === undefined || (call.restart === true && call.pattern !== undefined)) {
    file.pattern = call.pattern ?? '*';
  }
  if (call.restart === true) {
    file.marker = undefined;
    file.found = false;
  }
  const wild = isWild(file.pattern);
  if (!wild && file.found) return none(status.NO_MORE_FILES);
  const taken = new Taken(driver, file, call);
  const kept = driver.kept(file.node.listing);
  if (kept !== undefined && (file.marker === undefined || isIn(kept, file.marker.name))) {
    taken.takeFrom(behind(kept, file.marker?.name));
    return taken.answer();
  }
  for (;;) {
    const asked = await ask(driver, file, call, wild);
    if (!Array.isArray(asked.entries)) return none(asked.status);
    if (asked.entries.length === 0) return taken.answer();
    if (asked.whole) {
      const { dirInfoTimeoutMs } = driver.parameters;
      file.node.listing = driver.keep(asked.entries, dirInfoTimeoutMs);
    }
    taken.takeFrom(asked.entries);
    // No entry matched: the driver asks for the entries that follow.
    if (taken.entries.length > 0 || asked.ended) return taken.answer();
  }
}

const isIn = (entries: readonly DirectoryEntry[], name: string): boolean =>
  entries.some((entry) => entry.name === name);

function behind(
  entries: readonly DirectoryEntry[],
  name: string | undefined,
): readonly DirectoryEntry[] {
  if (name === undefined) return entries;
  return entries.slice(entries.findIndex((entry) => entry.name === name) + 1);
}

/** The entries for the program's buffer. */
class Taken {
  readonly entries: DirectoryEntry[] = [];
  #driver: Driver;
  #file: FileDesc;
  #call: DirectoryCall;
  #usedBytes = 0;

  constructor(driver: Driver, file: FileDesc, call: DirectoryCall) {
    this.#driver = driver;
    this.#file = file;
    this.#call = call;
  }

  takeFrom(entries: readonly DirectoryEntry[]): void {
    const file = this.#file;
    const ignoreCase = !this.#driver.parameters.caseSensitiveSearch;
    const lengthBytes = this.#call.lengthBytes ?? 4096;
    for (const entry of entries) {
      if (matches(file.pattern as string, entry.name, ignoreCase)) {
        const end = this.#usedBytes + baseBytes + entry.name.length * 2;
        if (end > lengthBytes && this.entries.length > 0) return;
        this.#usedBytes = aligned(end);
        this.entries.push(entry);
        file.marker = entry;
        file.found = true;
        if (this.#call.single === true) return;
      } else file.marker = entry;
    }
  }

  answer(): DirectoryAnswer {
    const { entries } = this;
    if (entries.length > 0) return { status: status.SUCCESS, entries };
    return none(this.#file.found ? status.NO_MORE_FILES : status.NO_SUCH_FILE);
  }
}

interface Asked {
  readonly status: number;
  readonly entries?: readonly DirectoryEntry[];
  /** The answer had the end mark. */
  readonly ended: boolean;
  /** The answer has all entries, from the first to the end mark. */
  readonly whole: boolean;
}

async function ask(
  driver: Driver,
  file: FileDesc,
  call: DirectoryCall,
  wild: boolean,
): Promise<Asked> {
  const { node, marker } = file;
  const { parameters } = driver;
  const pattern = file.pattern as string;
  const isFileName = parameters.passQueryDirectoryFileName && !wild;
  const passes = isFileName || (parameters.passQueryDirectoryPattern && pattern !== '*');
  const length = askedLength(driver, call, isFileName, passes, marker === undefined, pattern);
  const buffer = driver.memory.map(length);
  const request = new Request(kind.QUERY_DIRECTORY)
    .contexts(node.userContext, file.userContext2)
    .u64(32, buffer.address)
    .u32(40, length)
    .u32(52, (parameters.caseSensitiveSearch ? 1 : 0) | (isFileName ? 2 : 0));
  if (passes) request.text(44, pattern);
  if (marker !== undefined) {
    if (parameters.directoryMarkerAsNextOffset) request.blob(48, offsetMarker(marker), false);
    else request.text(48, marker.name);
  }
  try {
    const response = await driver.send(request);
    if (!succeeds(response.status)) {
      return { status: response.status, ended: true, whole: false };
    }
    const { entries, ended } = readEntries(response, buffer.bytes);
    check(file, entries, isFileName ? pattern : undefined, ended);
    const whole = ended && !passes && marker === undefined && entries.length > 0;
    return { status: response.status, entries, ended, whole };
  } finally {
    driver.memory.unmap(buffer);
  }
}

function offsetMarker(marker: { nextOffset: bigint }): Buffer {
  // The 2 bytes after it are the NUL of every name.
  const bytes = Buffer.alloc(10);
  bytes.writeBigUInt64LE(marker.nextOffset);
  return bytes;
}

/** How many bytes the driver asks for, to fill the program's buffer with one request. */
function askedLength(
  driver: Driver,
  call: DirectoryCall,
  isFileName: boolean,
  passes: boolean,
  first: boolean,
  pattern: string,
): number {
  const { maxComponentLength, dirInfoTimeoutMs } = driver.parameters;
  const least = aligned(recordBytes + maxComponentLength * 2);
  if (isFileName) return least;
  const whole = pattern !== '*' && !passes;
  if (whole || (dirInfoTimeoutMs !== 0 && first && !passes)) return maxLengthBytes;
  const lengthBytes = call.lengthBytes ?? 4096;
  const ratio = (recordBytes + averageNameBytes) / (baseBytes + averageNameBytes);
  return Math.min(Math.max(aligned(Math.floor(lengthBytes * ratio)), least), maxLengthBytes);
}

/** The chain of DIR_INFO records. */
function readEntries(
  response: Response,
  bytes: Buffer,
): { entries: DirectoryEntry[]; ended: boolean } {
  const end = response.information;
  if (end > bytes.length) throw new ProtocolFault(`a listing of ${end} of ${bytes.length} bytes`);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at + 2 <= end; ) {
    const size = bytes.readUInt16LE(at);
    if (size === 0) return { entries, ended: true };
    if (size < recordBytes || (size - recordBytes) % 2 !== 0) {
      throw new ProtocolFault(`a DIR_INFO of ${size} bytes`);
    }
    if (at + size > end) throw new ProtocolFault('a DIR_INFO leaves the listing');
    entries.push({
      name: bytes.toString('utf16le', at + recordBytes, at + size),
      nextOffset: bytes.readBigUInt64LE(at + 80),
      info: readFileInfo(bytes, at + 8),
    });
    at += aligned(size);
  }
  return { entries, ended: end === 0 };
}

function check(
  file: FileDesc,
  entries: readonly DirectoryEntry[],
  name: string | undefined,
  ended: boolean,
): void {
  if (name !== undefined && entries.length > 1) {
    throw new ProtocolFault(`${entries.length} entries for the one name ${name}`);
  }
  if (entries.length === 0 && !ended) {
    throw new ProtocolFault('a listing with neither an entry nor the end mark');
  }
  for (const { name: entryName, info } of entries) {
    if (file.node.isRoot && (entryName === '.' || entryName === '..')) {
      throw new ProtocolFault(`the root lists ${entryName}`);
    }
    if (entryName === '' || /[\\/\0]/.test(entryName)) {
      throw new ProtocolFault(`a listing has the name ${JSON.stringify(entryName)}`);
    }
    const isReparse = (info.fileAttributes & attribute.REPARSE_POINT) !== 0;
    if (isReparse !== (info.reparseTag !== 0)) {
      throw new ProtocolFault(`${entryName} has a tag without the attribute, or without a tag`);
    }
  }
}
