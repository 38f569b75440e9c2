/**
 * The inodes that the host knows, by the number it knows them by (nodeid).
 *
 * An inode is recognised by its file handle (name_to_handle_at(2): on most file systems the inode's
 * number and generation), so a hard link found under another name is the same node, and an inode
 * number used again is another one. Where a file system gives no handles its inode's number does,
 * and the node's descriptor stays open, so that the number cannot be used again.
 *
 *     unknown --found()--> held by requests --looked up--> known to the host --forgotten--> unknown
 *
 * Invariants:
 * 1. A node lives exactly while the host knows it (lookups > 0), a file of it is open (opens > 0)
 *    or a request works on it (busy > 0). The root lives for ever.
 * 2. Two nodes never have the same handle.
 * 3. A nodeid is given again only with another generation.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import type { Time } from './kernel-calls.ts';
import { rootId } from './protocol.ts';

export class Node {
  readonly id: number;
  readonly generation: number;
  /** struct file_handle; on a file system without, the inode's number. */
  readonly handle: Buffer;
  readonly hash: number;
  /** References that the host holds. */
  lookups = 0;
  /** Open files. */
  opens = 0;
  /** Those of them that may write. */
  writers = 0;
  /** Requests that work on it. */
  busy = 0;
  /** Writes that wait for the one that is under way; undefined while none is. */
  writeQueue: (() => void)[] | undefined;
  /** O_PATH, or a directory open for reading; -1: none. Owned by Descriptors. */
  fd = -1;
  /** Whether fd is open for reading. */
  readable = false;
  /** The descriptor must stay open: the inode has no name left, or no handle. */
  pinned = false;
  /** The inode has lost its last name. */
  nameless = false;
  /** The descriptor of a file that is open, while there is one; -1: none. */
  openFd = -1;
  /** Type and permissions, as the host was told last; 0: not yet. */
  mode = 0;
  /** Where the host keeps the times of change itself: what it said last (times.ts). */
  mtime: Time | undefined;
  ctime: Time | undefined;
  /** Whether the kernel's own are others by now. */
  timesStale = false;
  /** The next of the same hash. */
  next: Node | undefined;
  /** Neighbours in Descriptors' list. */
  older: Node | undefined;
  newer: Node | undefined;

  constructor(id: number, generation: number, hash: number, handle: Buffer) {
    this.id = id;
    this.generation = generation;
    this.hash = hash;
    this.handle = handle;
  }
}

const handleHead = abi['file_handle.f_handle'];

/** FNV-1a over the handle's words: its bytes are few and mostly numbers that count up. */
function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < start + length; at++) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  }
  return hash >>> 0;
}

function same(handle: Buffer, bytes: Uint8Array, start: number, length: number): boolean {
  if (handle.length !== length) return false;
  for (let at = 0; at < length; at++) {
    if (handle[at] !== bytes[start + at]) return false;
  }
  return true;
}

export class Nodes {
  #byId: (Node | undefined)[] = [];
  #byHash = new Map<number, Node>();
  #freeIds: number[] = [];
  #generation = 0;
  #known = 0;

  /** How many there are. */
  get size(): number {
    return this.#known;
  }

  /** The node of a number that the host sent, or undefined. */
  get(id: number): Node | undefined {
    return this.#byId[id];
  }

  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#byId) {
      if (node !== undefined) yield node;
    }
  }

  /** The root directory, with a descriptor that nobody closes. */
  addRoot(handle: Buffer, fd: number): Node {
    const node = this.#add(rootId, hashOf(handle, 0, handle.length), handle);
    node.lookups = 1;
    node.fd = fd;
    node.pinned = true;
    return node;
  }

  /** The node whose file_handle lies at an address of the kernel's memory, if it is known. */
  find(memory: KernelMemory, address: number): Node | undefined {
    const length = handleHead + (memory.u32[address >>> 2] as number);
    return this.#search(memory.bytes, address, length, hashOf(memory.bytes, address, length));
  }

  /** That node; a new one if it was not known. */
  found(memory: KernelMemory, address: number): Node {
    const { bytes } = memory;
    const length = handleHead + (memory.u32[address >>> 2] as number);
    const hash = hashOf(bytes, address, length);
    const known = this.#search(bytes, address, length, hash);
    if (known !== undefined) return known;
    const handle = Buffer.allocUnsafe(length);
    bytes.copy(handle, 0, address, address + length);
    return this.#add(this.#nextId(), hash, handle);
  }

  /** The node of an inode's number, on a file system without handles; a new one if not known. */
  foundByNumber(inoLow: number, inoHigh: number, device: number): Node {
    const key = Buffer.allocUnsafe(12);
    key.writeUInt32LE(inoLow, 0);
    key.writeUInt32LE(inoHigh, 4);
    key.writeUInt32LE(device, 8);
    const hash = hashOf(key, 0, key.length);
    const known = this.#search(key, 0, key.length, hash);
    if (known !== undefined) return known;
    const node = this.#add(this.#nextId(), hash, key);
    node.pinned = true;
    return node;
  }

  #search(bytes: Uint8Array, start: number, length: number, hash: number): Node | undefined {
    for (let node = this.#byHash.get(hash); node !== undefined; node = node.next) {
      if (same(node.handle, bytes, start, length)) return node;
    }
    return undefined;
  }

  #nextId(): number {
    return this.#freeIds.pop() ?? Math.max(this.#byId.length, rootId + 1);
  }

  #add(id: number, hash: number, handle: Buffer): Node {
    const node = new Node(id, ++this.#generation, hash, handle);
    while (this.#byId.length < id) this.#byId.push(undefined);
    this.#byId[id] = node;
    node.next = this.#byHash.get(hash);
    this.#byHash.set(hash, node);
    this.#known++;
    return node;
  }

  /** Whether nobody needs it: then it is to be removed, and its descriptor closed. */
  isUnused(node: Node): boolean {
    return node.lookups <= 0 && node.opens === 0 && node.busy === 0 && node.id !== rootId;
  }

  remove(node: Node): void {
    this.#byId[node.id] = undefined;
    this.#freeIds.push(node.id);
    this.#known--;
    const first = this.#byHash.get(node.hash);
    if (first === node) {
      if (node.next === undefined) this.#byHash.delete(node.hash);
      else this.#byHash.set(node.hash, node.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next === node) before.next = node.next;
    }
  }
}
