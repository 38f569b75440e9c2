/**
 * The inodes that the host knows, by the number it knows them by (nodeid).
 *
 * An inode is recognised by its file handle (name_to_handle_at(2): on most file systems the inode's
 * number and generation). So a hard link under another name is the same node, and an inode number
 * that is used again is another node. Where the handle has a lasting number, the nodeid lasts as
 * well, and the host finds a file again that it has forgotten (revive.ts). Where a file system
 * gives no handles, the inode's number identifies the node, and the node's descriptor stays open,
 * so that the number cannot be used again.
 *
 *     unknown --ensure()--> loaded --evict()--> recorded --get(), ensure()--> loaded
 *                             \--remove()--> unknown
 *
 * Most nodes that the host knows are recorded: they have a record (node-records.ts) and no object.
 *
 * Invariants:
 * 1. A node lives exactly while the host knows it (lookups > 0), a file of it is open, or a request
 *    works on it (busy > 0). The root lives as long as the mount.
 * 2. A record has at most one Node. Code that keeps a Node beyond the call that got it makes the
 *    node busy, and so keeps it loaded.
 */
import type { Buffer } from 'node:buffer';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import { formatAt, type HandleFormat } from './handle-numbers.ts';
import { handleWordsAt, headWords, maxHandleBytes, NodeRecords } from './node-records.ts';
import { rootId } from './protocol.ts';

/** What a node has while files of it are open (OpenFiles). */
export interface OpenState {
  /** How many files are open, and how many of them may write. */
  count: number;
  writers: number;
  /** The kernel's descriptor of one of the files. */
  fd: number;
  /** Writes that wait for the write under way; undefined while there is none. */
  writeQueue: (() => void)[] | undefined;
}

/** A node's own descriptor, in NodeDescriptors' list. */
export interface NodeDescriptor {
  readonly node: Node;
  /** O_PATH, or a directory open for reading. */
  fd: number;
  /** Whether it is open for reading. */
  readable: boolean;
  older: NodeDescriptor | undefined;
  newer: NodeDescriptor | undefined;
}

/** A loaded node. */
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
  /** Type and permissions as the host knows them; 0: it does not know them yet. */
  mode = 0;
  /** The descriptor must stay open: the inode has no name left, or no handle. */
  pinned = false;
  /** The inode has lost its last name. */
  nameless = false;
  open: OpenState | undefined;
  /** Owned by NodeDescriptors. */
  descriptor: NodeDescriptor | undefined;

  constructor(record: number, id: number, generation: number) {
    this.record = record;
    this.id = id;
    this.generation = generation;
  }

  /** Its own descriptor; -1: none. */
  get fd(): number {
    return this.descriptor === undefined ? -1 : this.descriptor.fd;
  }
}

/** The type of made handles, where there are none: no file system gives it. */
const noType = -1;
/** A record has no room for more lookups. */
const maxLookups = 0x7fffffff;

export class Nodes {
  readonly #records = new NodeRecords();
  /** The loaded nodes, by their record's number. */
  readonly #loaded: (Node | undefined)[] = [];
  /** Room for a handle that is made here. */
  readonly #made = new Int32Array(maxHandleBytes / 4);

  /** How many nodes there are. */
  get size(): number {
    return this.#records.size;
  }

  /** The node of a number that the host sent, or undefined. */
  get(id: number): Node | undefined {
    const record = this.#records.findNodeId(id);
    return record === 0 ? undefined : this.#ofRecord(record);
  }

  #ofRecord(record: number): Node {
    return this.#loaded[record] ?? this.#load(record);
  }

  /** Whether a file of that node is open. */
  isOpen(id: number): boolean {
    return this.#loaded[this.#records.findNodeId(id)]?.open !== undefined;
  }

  /** The loaded nodes. */
  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#loaded) {
      if (node !== undefined) yield node;
    }
  }

  /** Adds the root directory, with a descriptor that the volume owns. */
  addRoot(handle: Buffer, fd: number): Node {
    const words = Math.min(Math.ceil(handle.length / 4), this.#made.length);
    this.#made.fill(0);
    for (let i = 0; i < Math.floor(handle.length / 4) && i < words; i++) {
      this.#made[i] = handle.readInt32LE(i * 4);
    }
    this.#records.addRoot(this.#made, words);
    const node = this.#load(rootId);
    node.lookups = 1;
    node.descriptor = { node, fd, readable: false, older: undefined, newer: undefined };
    node.pinned = true;
    return node;
  }

  /** The node whose file_handle lies at an address of the kernel's memory; undefined if unknown. */
  find(memory: KernelMemory, address: number): Node | undefined {
    const at = address >>> 2;
    const record = this.#records.find(memory.i32, at, handleWordsAt(memory.i32, at));
    return record === 0 ? undefined : this.#ofRecord(record);
  }

  /** The same; a new node where it is unknown. */
  ensure(memory: KernelMemory, address: number): Node {
    const at = address >>> 2;
    return this.#ensureIn(memory.i32, at, handleWordsAt(memory.i32, at));
  }

  /** On a file system without handles: the node of an inode's number, a new one if unknown. */
  ensureByNumber(inoLow: number, inoHigh: number, device: number): Node {
    this.#made.set([12, noType, inoLow, inoHigh, device]);
    const node = this.#ensureIn(this.#made, 0, headWords + 3);
    node.pinned = true;
    return node;
  }

  #ensureIn(words: Int32Array, at: number, count: number): Node {
    const known = this.#records.find(words, at, count);
    return this.#ofRecord(known === 0 ? this.#records.add(words, at, count) : known);
  }

  #load(record: number): Node {
    const records = this.#records;
    const node = new Node(record, records.nodeId(record), records.nodeGeneration(record));
    node.lookups = records.lookups(record);
    node.mode = records.mode(record);
    while (this.#loaded.length < record) this.#loaded.push(undefined);
    this.#loaded[record] = node;
    return node;
  }

  /** Writes a node's file_handle at an address of the kernel's memory. */
  writeHandle(node: Node, memory: KernelMemory, address: number): void {
    this.#records.writeHandle(node.record, memory, address);
  }

  /** Writes a node's file_handle at the beginning of `to`. */
  copyHandle(node: Node, to: Int32Array): void {
    this.#records.copyHandle(node.record, to);
  }

  /** The format of this file system's handles; undefined where they have no lasting numbers. */
  get format(): HandleFormat | undefined {
    this.#records.copyHandle(rootId, this.#made);
    return formatAt(this.#made, 0);
  }

  /** Whether a node has no use left: the caller then removes it and closes its descriptor. */
  isUnused(node: Node): boolean {
    const { record, lookups, open, busy } = node;
    const isNeeded = lookups > 0 || open !== undefined || busy > 0 || record === rootId;
    return !isNeeded && this.#loaded[record] === node;
  }

  /**
   * Drops a node's object where it holds nothing but what the record keeps. The caller does not use
   * the object any more; get() makes another.
   */
  evict(node: Node): void {
    const { record, busy, open, descriptor, pinned, nameless, lookups, mode } = node;
    if (busy > 0 || open !== undefined || descriptor !== undefined) return;
    if (pinned || nameless || lookups > maxLookups || this.#loaded[record] !== node) return;
    this.#records.keep(record, lookups, mode);
    this.#loaded[record] = undefined;
  }

  remove({ record }: Node): void {
    this.#loaded[record] = undefined;
    this.#records.remove(record);
  }
}
