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
import type { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import type { Time } from './kernel-calls.ts';
import { rootId } from './protocol.ts';

export class Node {
  readonly id: number;
  readonly generation: number;
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

  constructor(id: number, generation: number, hash: number) {
    this.id = id;
    this.generation = generation;
    this.hash = hash;
  }
}

/** struct file_handle in words: its head, and what fits behind. */
const headWords = abi['file_handle.f_handle'] / 4;
const handleWords = headWords + abi.BRIDGE_LIST_HANDLE / 4;
/** Where there are no handles: a type that no file system gives. */
const noType = -1;

/** The longest file_handle that a node keeps, in bytes. */
export const handleMostBytes: number = handleWords * 4;

/** FNV-1a, a word at a time: they are few, and mostly numbers that count up. */
function hashOf(words: Int32Array, at: number, count: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}

export class Nodes {
  #byId: (Node | undefined)[] = [];
  #byHash = new Map<number, Node>();
  #freeIds: number[] = [];
  #generation = 0;
  #known = 0;
  /** The handles of all nodes, handleWords for each: 100,000 objects less for the collector. */
  #handles = new Int32Array(handleWords * 1024);
  /** A handle that is made here. */
  #made = new Int32Array(handleWords);

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
    const words = Math.min(Math.ceil(handle.length / 4), handleWords);
    this.#made.fill(0);
    for (let i = 0; i < Math.floor(handle.length / 4) && i < handleWords; i++) {
      this.#made[i] = handle.readInt32LE(i * 4);
    }
    const node = this.#add(rootId, hashOf(this.#made, 0, words), this.#made, 0, words);
    node.lookups = 1;
    node.fd = fd;
    node.pinned = true;
    return node;
  }

  /** The node whose file_handle lies at an address of the kernel's memory, if it is known. */
  find(memory: KernelMemory, address: number): Node | undefined {
    const { i32 } = memory;
    const at = address >>> 2;
    const words = wordsOf(i32, at);
    return this.#search(i32, at, words, hashOf(i32, at, words));
  }

  /** That node; a new one if it was not known. */
  found(memory: KernelMemory, address: number): Node {
    const at = address >>> 2;
    return this.#foundIn(memory.i32, at, wordsOf(memory.i32, at));
  }

  /** The node of an inode's number, on a file system without handles; a new one if not known. */
  foundByNumber(inoLow: number, inoHigh: number, device: number): Node {
    this.#made.set([12, noType, inoLow, inoHigh, device]);
    const node = this.#foundIn(this.#made, 0, headWords + 3);
    node.pinned = true;
    return node;
  }

  #foundIn(words: Int32Array, at: number, count: number): Node {
    const hash = hashOf(words, at, count);
    return (
      this.#search(words, at, count, hash) ?? this.#add(this.#nextId(), hash, words, at, count)
    );
  }

  #search(words: Int32Array, at: number, count: number, hash: number): Node | undefined {
    for (let node = this.#byHash.get(hash); node !== undefined; node = node.next) {
      if (this.#isSame(node.id * handleWords, words, at, count)) return node;
    }
    return undefined;
  }

  /** The first word is the length, so what is longer or shorter differs there. */
  #isSame(own: number, words: Int32Array, at: number, count: number): boolean {
    const handles = this.#handles;
    for (let i = 0; i < count; i++) {
      if (handles[own + i] !== words[at + i]) return false;
    }
    return true;
  }

  /** Writes a node's file_handle at an address of the kernel's memory. */
  writeHandle(node: Node, memory: KernelMemory, address: number): void {
    const own = node.id * handleWords;
    const words = wordsOf(this.#handles, own);
    for (let i = 0; i < words; i++) {
      memory.i32[(address >>> 2) + i] = this.#handles[own + i] as number;
    }
  }

  #nextId(): number {
    return this.#freeIds.pop() ?? Math.max(this.#byId.length, rootId + 1);
  }

  #add(id: number, hash: number, words: Int32Array, at: number, count: number): Node {
    const own = id * handleWords;
    if (own + handleWords > this.#handles.length) {
      const larger = new Int32Array(this.#handles.length * 2);
      larger.set(this.#handles);
      this.#handles = larger;
    }
    for (let i = 0; i < count; i++) this.#handles[own + i] = words[at + i] as number;
    const node = new Node(id, ++this.#generation, hash);
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

/** The words of the file_handle at a word, at most those that a node keeps. */
function wordsOf(words: Int32Array, at: number): number {
  return Math.min(headWords + (((words[at] as number) + 3) >>> 2), handleWords);
}
