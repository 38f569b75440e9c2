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
 * 4. Each node is in the bucket of its handle's hash, once.
 */
import type { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import type { Time } from './kernel-calls.ts';
import { rootId } from './protocol.ts';

/** What a node has while a file of it is open (OpenFiles). */
export interface OpenState {
  /** How many are open, and how many of them may write. */
  count: number;
  writers: number;
  /** The kernel's descriptor of one of them. */
  fd: number;
  /** Writes that wait for the one that is under way; undefined while none is. */
  writeQueue: (() => void)[] | undefined;
}

/** The times of change that the host keeps itself, as it said them last (times.ts). */
export interface HostTimes {
  mtime: Time | undefined;
  ctime: Time;
  /** Whether the kernel's own are others by now. */
  stale: boolean;
}

/** A descriptor of a node's own, in Descriptors' list. */
export interface NodeDescriptor {
  readonly node: Node;
  /** O_PATH, or a directory open for reading. */
  fd: number;
  /** Whether it is open for reading. */
  readable: boolean;
  older: NodeDescriptor | undefined;
  newer: NodeDescriptor | undefined;
}

/** There are as many as the host knows files, so what only few have is kept apart. */
export class Node {
  readonly id: number;
  readonly generation: number;
  /** References that the host holds. */
  lookups = 0;
  /** Requests that work on it. */
  busy = 0;
  /** Type and permissions, as the host was told last; 0: not yet. */
  mode = 0;
  /** The descriptor must stay open: the inode has no name left, or no handle. */
  pinned = false;
  /** The inode has lost its last name. */
  nameless = false;
  open: OpenState | undefined;
  times: HostTimes | undefined;
  /** Owned by Descriptors. */
  descriptor: NodeDescriptor | undefined;

  constructor(id: number, generation: number) {
    this.id = id;
    this.generation = generation;
  }

  /** The descriptor of its own; -1: none. */
  get fd(): number {
    return this.descriptor === undefined ? -1 : this.descriptor.fd;
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
  /** By hash: the first node's id, 0 for none, and for each id the next one's; a power of two. */
  #buckets = new Int32Array(2048);
  #nextInBucket = new Int32Array(1024);
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
    node.descriptor = { node, fd, readable: false, older: undefined, newer: undefined };
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
    let id = this.#buckets[hash & (this.#buckets.length - 1)] as number;
    while (id !== 0 && !this.#isSame(id * handleWords, words, at, count)) {
      id = this.#nextInBucket[id] as number;
    }
    return id === 0 ? undefined : this.#byId[id];
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
    if (id >= this.#nextInBucket.length) this.#grow();
    const own = id * handleWords;
    for (let i = 0; i < count; i++) this.#handles[own + i] = words[at + i] as number;
    const node = new Node(id, ++this.#generation);
    while (this.#byId.length < id) this.#byId.push(undefined);
    this.#byId[id] = node;
    this.#link(id, hash);
    this.#known++;
    return node;
  }

  #link(id: number, hash: number): void {
    const bucket = hash & (this.#buckets.length - 1);
    this.#nextInBucket[id] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = id;
  }

  #hashOfNode(id: number): number {
    const own = id * handleWords;
    return hashOf(this.#handles, own, wordsOf(this.#handles, own));
  }

  /** Room for twice as many, all at new places. */
  #grow(): void {
    const room = this.#nextInBucket.length * 2;
    const handles = new Int32Array(room * handleWords);
    handles.set(this.#handles);
    this.#handles = handles;
    this.#nextInBucket = new Int32Array(room);
    this.#buckets = new Int32Array(room * 2);
    for (const { id } of this) this.#link(id, this.#hashOfNode(id));
  }

  /** Whether nobody needs it: then it is to be removed, and its descriptor closed. */
  isUnused(node: Node): boolean {
    return node.lookups <= 0 && node.open === undefined && node.busy === 0 && node.id !== rootId;
  }

  remove(node: Node): void {
    const { id } = node;
    this.#byId[id] = undefined;
    this.#freeIds.push(id);
    this.#known--;
    const next = this.#nextInBucket[id] as number;
    const bucket = this.#hashOfNode(id) & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === id) {
      this.#buckets[bucket] = next;
      return;
    }
    let before = this.#buckets[bucket] as number;
    while (this.#nextInBucket[before] !== id) before = this.#nextInBucket[before] as number;
    this.#nextInBucket[before] = next;
  }
}

/** The words of the file_handle at a word, at most those that a node keeps. */
function wordsOf(words: Int32Array, at: number): number {
  return Math.min(headWords + (((words[at] as number) + 3) >>> 2), handleWords);
}
