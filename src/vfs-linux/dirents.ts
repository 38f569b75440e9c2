/** The answers of getdents64 and getdents_statx, decoded from the kernel's memory. */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import { SmallXattrs } from './lookup.ts';
import type { KernelMemory } from './memory.ts';
import { nameToString } from './names.ts';
import { Statx, type Words } from './statx.ts';

const dot = 0x2e;

/**
 * One entry of a directory, as getdents64(2) gives it. Often a large directory is read for the sake
 * of a few entries, so costly fields are decoded only when they are read.
 */
export class Dirent64 {
  /** DT_REG, DT_DIR, …; DT_UNKNOWN where the file system does not say. */
  readonly type: number;
  #block: Buffer;
  #at: number;
  #end: number;

  /** `block` holds the record at `at`, whose name ends before `end`. */
  constructor(
    block: Buffer,
    at: number,
    end: number,
    type: number = block[at + abi['linux_dirent64.d_type']] as number,
  ) {
    this.type = type;
    this.#block = block;
    this.#at = at;
    this.#end = end;
  }

  get name(): Buffer {
    return this.#block.subarray(this.#at + abi['linux_dirent64.d_name'], this.#end);
  }

  /** The name as a string, or undefined where its bytes are not UTF-8. */
  get text(): string | undefined {
    const start = this.#at + abi['linux_dirent64.d_name'];
    const text = this.#block.toString('utf8', start, this.#end);
    return text.includes('\ufffd') ? nameToString(this.name) : text;
  }

  /** The same entry with another type, for one whose type was looked up. */
  withType(type: number): Dirent64 {
    return new Dirent64(this.#block, this.#at, this.#end, type);
  }

  get ino(): bigint {
    return this.#block.readBigUInt64LE(this.#at + abi['linux_dirent64.d_ino']);
  }
}

/** The entries of one getdents64(2) answer, "." and ".." left out. */
export function decodeDirents(memory: KernelMemory, address: number, bytes: number): Dirent64[] {
  const entries: Dirent64[] = [];
  // One copy for all of them: each looks into it.
  const block = Buffer.from(memory.bytes.subarray(address, address + bytes));
  let at = 0;
  while (at < bytes) {
    const start = at + abi['linux_dirent64.d_name'];
    let end = start;
    while (block[end] !== 0) end++;
    const dots =
      block[start] === dot &&
      (end - start === 1 || (end - start === 2 && block[start + 1] === dot));
    if (!dots) entries.push(new Dirent64(block, at, end));
    at += block.readUInt16LE(at + abi['linux_dirent64.d_reclen']);
  }
  return entries;
}

/** The parts that each entry of a getdents_statx answer has after its name. */
export interface EntryParts {
  readonly statx: boolean;
  readonly handles: boolean;
  readonly xattrs: boolean;
}

const handleHeader = abi['file_handle.f_handle'];

/** A copy of an answer, in which its entries read. */
interface ListBlock extends Words {
  readonly bytes: Buffer;
  /** The distance of each part from the entry's end; 0 for a part that was not asked for. */
  readonly statxFromEnd: number;
  readonly handleFromEnd: number;
  readonly xattrsFromEnd: number;
}

/** One entry of a directory with the file that it names. As Dirent64, it decodes late. */
export class DirentStatx extends Dirent64 {
  #block: ListBlock;
  #at: number;

  constructor(block: ListBlock, at: number, end: number) {
    super(block.bytes, at, end);
    this.#block = block;
    this.#at = at;
  }

  /** d_off: the position in the directory after this entry. */
  get next(): bigint {
    return this.#block.bytes.readBigInt64LE(this.#at + abi['linux_dirent64.d_off']);
  }

  get #after(): number {
    const reclen = this.#block.bytes.readUInt16LE(this.#at + abi['linux_dirent64.d_reclen']);
    return this.#at + reclen;
  }

  /**
   * The file that the entry names; of a symbolic link, the link. Undefined where it was not asked
   * for, or the look-up failed (the file is gone, or the caller has no permission).
   */
  get statx(): Statx | undefined {
    if (this.#block.statxFromEnd === 0) return undefined;
    const statx = new Statx(this.#block, this.#after - this.#block.statxFromEnd);
    return statx.mask === 0 ? undefined : statx;
  }

  /** A struct file_handle, as openByHandleAt takes it; undefined as with statx. */
  get handle(): Buffer | undefined {
    if (this.#block.handleFromEnd === 0) return undefined;
    const { bytes } = this.#block;
    const start = this.#after - this.#block.handleFromEnd;
    const handleBytes = bytes.readUInt32LE(start + abi['file_handle.handle_bytes']);
    if (handleBytes === 0) return undefined;
    return Buffer.from(bytes.subarray(start, start + handleHeader + handleBytes));
  }

  /** The answer to what was asked about extended attributes; undefined as with statx. */
  get xattrs(): SmallXattrs | undefined {
    if (this.#block.xattrsFromEnd === 0 || this.statx === undefined) return undefined;
    return new SmallXattrs(this.#block, this.#after - this.#block.xattrsFromEnd);
  }
}

/** The entries of one getdents_statx answer. */
export function decodeList(
  memory: KernelMemory,
  address: number,
  bytes: number,
  parts: EntryParts,
): DirentStatx[] {
  const copy = new ArrayBuffer(bytes);
  const xattrsFromEnd = parts.xattrs ? abi['bridge_xattrs.size'] : 0;
  const handleBytes = parts.handles ? handleHeader + abi.BRIDGE_LIST_HANDLE : 0;
  const block: ListBlock = {
    bytes: Buffer.from(copy),
    u32: new Uint32Array(copy),
    i32: new Int32Array(copy),
    statxFromEnd: parts.statx ? abi.BRIDGE_LIST_STATX_BYTES + handleBytes + xattrsFromEnd : 0,
    handleFromEnd: parts.handles ? handleBytes + xattrsFromEnd : 0,
    xattrsFromEnd,
  };
  memory.bytes.copy(block.bytes, 0, address, address + bytes);
  const entries: DirentStatx[] = [];
  for (let at = 0; at < bytes; ) {
    const start = at + abi['linux_dirent64.d_name'];
    entries.push(new DirentStatx(block, at, block.bytes.indexOf(0, start)));
    at += block.bytes.readUInt16LE(at + abi['linux_dirent64.d_reclen']);
  }
  return entries;
}
