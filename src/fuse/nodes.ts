/**
 * The inodes that the host knows, by the number it knows them by (nodeid).
 *
 * An inode is recognised by its file handle (name_to_handle_at(2): on most file systems the inode's
 * number and generation), so a hard link found under another name is the same node, and an inode
 * number used again is another one. The nodeid lasts as well, where the handle tells a number that
 * does, so that the host finds a file again that it has forgotten (revive.ts). Where a file system
 * gives no handles its inode's number does, and the node's descriptor stays open, so that the
 * number cannot be used again.
 *
 *     unknown --found()--> awake --rest()--> at rest --get(), found()--> awake
 *                            \--remove()--> unknown
 *
 * Most of those that the host knows are at rest: a record (node-records.ts) and no object.
 *
 * Invariants:
 * 1. A node lives exactly while the host knows it (lookups > 0), a file of it is open (opens > 0)
 *    or a request works on it (busy > 0). The root lives for ever.
 * 2. There is at most one Node of a record: who keeps one beyond the call that got it makes it
 *    busy, and so keeps it awake.
 */
import type { Buffer } from 'node:buffer';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import { formatAt, type HandleFormat } from './handle-numbers.ts';
import { handleMostBytes, handleWordsAt, headWords, NodeRecords } from './node-records.ts';
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

/** A node that is awake. */
export class Node {
  /** The number of its record. */
  readonly record: number;
  /** The nodeid: what the host knows it by. */
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
  /** Owned by Descriptors. */
  descriptor: NodeDescriptor | undefined;

  constructor(record: number, id: number, generation: number) {
    this.record = record;
    this.id = id;
    this.generation = generation;
  }

  /** The descriptor of its own; -1: none. */
  get fd(): number {
    return this.descriptor === undefined ? -1 : this.descriptor.fd;
  }
}

/** Where there are no handles: a type that no file system gives. */
const noType = -1;
/** More lookups than this do not fit into a record. */
const lookupsMost = 0x7fffffff;

export class Nodes {
  readonly #records = new NodeRecords();
  /** Those that are awake, by their record's number. */
  readonly #awake: (Node | undefined)[] = [];
  /** A handle that is made here. */
  readonly #made = new Int32Array(handleMostBytes / 4);

  /** How many there are. */
  get size(): number {
    return this.#records.size;
  }

  /** The node of a number that the host sent, or undefined. */
  get(id: number): Node | undefined {
    const record = this.#records.findNodeId(id);
    return record === 0 ? undefined : this.#ofRecord(record);
  }

  #ofRecord(record: number): Node {
    return this.#awake[record] ?? this.#wake(record);
  }

  /** Whether a file of that node is open. */
  isOpen(id: number): boolean {
    return this.#awake[this.#records.findNodeId(id)]?.open !== undefined;
  }

  /** Those that are awake. */
  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#awake) {
      if (node !== undefined) yield node;
    }
  }

  /** The root directory, with a descriptor that nobody closes. */
  addRoot(handle: Buffer, fd: number): Node {
    const words = Math.min(Math.ceil(handle.length / 4), this.#made.length);
    this.#made.fill(0);
    for (let i = 0; i < Math.floor(handle.length / 4) && i < words; i++) {
      this.#made[i] = handle.readInt32LE(i * 4);
    }
    this.#records.addRoot(this.#made, words);
    const node = this.#wake(rootId);
    node.lookups = 1;
    node.descriptor = { node, fd, readable: false, older: undefined, newer: undefined };
    node.pinned = true;
    return node;
  }

  /** The node whose file_handle lies at an address of the kernel's memory, if it is known. */
  find(memory: KernelMemory, address: number): Node | undefined {
    const at = address >>> 2;
    const record = this.#records.find(memory.i32, at, handleWordsAt(memory.i32, at));
    return record === 0 ? undefined : this.#ofRecord(record);
  }

  /** That node; a new one if it was not known. */
  found(memory: KernelMemory, address: number): Node {
    const at = address >>> 2;
    return this.#foundIn(memory.i32, at, handleWordsAt(memory.i32, at));
  }

  /** The node of an inode's number, on a file system without handles; a new one if not known. */
  foundByNumber(inoLow: number, inoHigh: number, device: number): Node {
    this.#made.set([12, noType, inoLow, inoHigh, device]);
    const node = this.#foundIn(this.#made, 0, headWords + 3);
    node.pinned = true;
    return node;
  }

  #foundIn(words: Int32Array, at: number, count: number): Node {
    const known = this.#records.find(words, at, count);
    return this.#ofRecord(known === 0 ? this.#records.add(words, at, count) : known);
  }

  #wake(record: number): Node {
    const records = this.#records;
    const node = new Node(record, records.nodeId(record), records.nodeGeneration(record));
    node.lookups = records.lookups(record);
    node.mode = records.mode(record);
    while (this.#awake.length < record) this.#awake.push(undefined);
    this.#awake[record] = node;
    return node;
  }

  /** Writes a node's file_handle at an address of the kernel's memory. */
  writeHandle(node: Node, memory: KernelMemory, address: number): void {
    this.#records.writeHandle(node.record, memory, address);
  }

  /** The format of this file system's handles, where their numbers last. */
  get format(): HandleFormat | undefined {
    this.#records.copyHandle(rootId, this.#made);
    return formatAt(this.#made, 0);
  }

  /** Whether nobody needs it: then it is to be removed, and its descriptor closed. */
  isUnused(node: Node): boolean {
    const { record, lookups, open, busy } = node;
    const isNeeded = lookups > 0 || open !== undefined || busy > 0 || record === rootId;
    return !isNeeded && this.#awake[record] === node;
  }

  /**
   * Lets a node rest that has nothing but what its record keeps. The caller has no use for the
   * object any more: the next who asks gets another.
   */
  rest(node: Node): void {
    const { record, busy, open, descriptor, pinned, nameless, lookups, mode } = node;
    if (busy > 0 || open !== undefined || descriptor !== undefined) return;
    if (pinned || nameless || lookups > lookupsMost || this.#awake[record] !== node) return;
    this.#records.keep(record, lookups, mode);
    this.#awake[record] = undefined;
  }

  remove({ record }: Node): void {
    this.#awake[record] = undefined;
    this.#records.remove(record);
  }
}
