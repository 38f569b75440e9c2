/**
 * A record for every inode that the host knows, in arrays of numbers: a host that has listed a big
 * disk knows hundreds of thousands of inodes, and 150,000 objects took 40 MiB.
 *
 * A record has a number. It is found by the inode's struct file_handle, or by the nodeid: the
 * handle's lasting number (handle-numbers.ts), or else the record's number with a bit that says so.
 *
 * Invariants:
 * 1. Two records never have the same handle, and each is once in the bucket of its nodeid's hash.
 *    Nor do two have the same nodeid: an inode's number is used again only when the inode has no
 *    user, and an inode without a name is held open for as long as the host knows it.
 * 2. A record's generation is 0 exactly while its number is free.
 * 3. A record's number is used again only with another generation.
 * 4. Blocks have one size and stay where they are: more records copy nothing.
 */
import { high32 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelMemory } from '../vfs-linux/memory.ts';
import { firstPassing, generationAt, numberAt } from './handle-numbers.ts';
import { rootId } from './protocol.ts';

/** struct file_handle in words: its head, and the longest that is kept. */
export const headWords: number = abi['file_handle.f_handle'] / 4;
const maxHandleWords = headWords + abi.BRIDGE_LIST_HANDLE / 4;

/** The longest file_handle that is kept, in bytes. */
export const maxHandleBytes: number = maxHandleWords * 4;

/** A record's words, before its handle. */
const field = { next: 0, generation: 1, lookups: 2, mode: 3, handle: 4 } as const;
const blockShift = 10;
const blockRecords = 1 << blockShift;
/** The room that ext4's handles take; with the first longer handle all records grow. */
const minHandleWords = headWords + 2;

/** A nodeid's hash. */
function hashOfNumber(number: number): number {
  const mixed = Math.imul(number | 0, 0x9e3779b1) ^ Math.imul(high32(number), 0x01000193);
  return mixed ^ (mixed >>> 15);
}

/** FNV-1a by words: a handle has few, and they are mostly numbers that count up. */
function hashOf(words: Int32Array, at: number, count: number): number {
  const number = numberAt(words, at);
  if (number !== 0) return hashOfNumber(number);
  let hash = 0x811c9dc5 | 0;
  for (let i = at; i < at + count; i++) {
    hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** The length of the file_handle at a word, in words; no more than is kept. */
export function handleWordsAt(words: Int32Array, at: number): number {
  return Math.min(headWords + (((words[at] as number) + 3) >>> 2), maxHandleWords);
}

export class NodeRecords {
  #handleWords = minHandleWords;
  #recordWords = field.handle + minHandleWords;
  #blocks: Int32Array[] = [];
  /** By hash: the number of the first record, 0 for none. The length is a power of two. */
  #buckets = new Int32Array(2048);
  #freeIds: number[] = [];
  #nextId = rootId + 1;
  #generation = 0;
  #size = 0;

  /** How many records there are. */
  get size(): number {
    return this.#size;
  }

  /** The record of the handle of `count` words at a word; 0 where there is none. */
  find(words: Int32Array, at: number, count: number): number {
    if (count > this.#handleWords) return 0;
    const hash = hashOf(words, at, count);
    let id = this.#buckets[hash & (this.#buckets.length - 1)] as number;
    while (id !== 0 && !this.#isOf(id, words, at, count)) id = this.#get(id, field.next);
    return id;
  }

  /** A handle's first word is its length, so handles of two lengths differ there. */
  #isOf(id: number, words: Int32Array, at: number, count: number): boolean {
    const block = this.#blockOf(id);
    const own = this.#wordOf(id) + field.handle;
    for (let i = 0; i < count; i++) {
      if (block[own + i] !== words[at + i]) return false;
    }
    return true;
  }

  /** The record of a nodeid, which may be any number; 0 where there is none. */
  findNodeId(nodeId: number): number {
    if (nodeId === rootId) return this.has(rootId) ? rootId : 0;
    if (nodeId >= firstPassing) {
      const id = nodeId - firstPassing;
      return this.has(id) && this.nodeId(id) === nodeId ? id : 0;
    }
    let id = this.#buckets[hashOfNumber(nodeId) & (this.#buckets.length - 1)] as number;
    while (id !== 0 && this.nodeId(id) !== nodeId) id = this.#get(id, field.next);
    return id;
  }

  /** The number that the host knows a record by. */
  nodeId(id: number): number {
    if (id === rootId) return rootId;
    const number = numberAt(this.#blockOf(id), this.#wordOf(id) + field.handle);
    return number === 0 ? firstPassing + id : number;
  }

  /** The nodeid's generation: a nodeid that is used again has another. */
  nodeGeneration(id: number): number {
    if (this.nodeId(id) >= firstPassing || id === rootId) return this.generation(id);
    return generationAt(this.#blockOf(id), this.#wordOf(id) + field.handle);
  }

  /** Makes a record for a handle that has none. Returns its number. */
  add(words: Int32Array, at: number, count: number): number {
    const id = this.#freeIds.pop() ?? this.#nextId++;
    this.#addAs(id, words, at, count);
    return id;
  }

  /** The record of the root directory. */
  addRoot(words: Int32Array, count: number): void {
    this.#addAs(rootId, words, 0, count);
  }

  #addAs(id: number, words: Int32Array, at: number, count: number): void {
    if (count > this.#handleWords) this.#widen(count);
    while (id >>> blockShift >= this.#blocks.length) {
      this.#blocks.push(new Int32Array(blockRecords * this.#recordWords));
    }
    if (this.#size >= this.#buckets.length) this.#spread();
    const block = this.#blockOf(id);
    const own = this.#wordOf(id);
    block.fill(0, own, own + this.#recordWords);
    // 32 bits tell two uses of a number apart; 0 stands for a free number.
    this.#generation = (this.#generation + 1) >>> 0 || 1;
    block[own + field.generation] = this.#generation;
    for (let i = 0; i < count; i++) block[own + field.handle + i] = words[at + i] as number;
    this.#link(id);
    this.#size++;
  }

  remove(id: number): void {
    const next = this.#get(id, field.next);
    const bucket = this.#bucketOf(id);
    if (this.#buckets[bucket] === id) {
      this.#buckets[bucket] = next;
    } else {
      let before = this.#buckets[bucket] as number;
      while (this.#get(before, field.next) !== id) before = this.#get(before, field.next);
      this.#set(before, field.next, next);
    }
    this.#set(id, field.generation, 0);
    this.#freeIds.push(id);
    this.#size--;
  }

  /** Whether a number, which may be any, is a record's. */
  has(id: number): boolean {
    return id > 0 && id < this.#nextId && Number.isInteger(id) && this.generation(id) !== 0;
  }

  generation(id: number): number {
    return id >>> blockShift < this.#blocks.length ? this.#get(id, field.generation) >>> 0 : 0;
  }

  lookups(id: number): number {
    return this.#get(id, field.lookups);
  }

  /** Type and permissions. */
  mode(id: number): number {
    return this.#get(id, field.mode);
  }

  /** Stores what a node's object holds. `lookups` has to fit into 31 bits. */
  keep(id: number, lookups: number, mode: number): void {
    const block = this.#blockOf(id);
    const own = this.#wordOf(id);
    block[own + field.lookups] = lookups;
    block[own + field.mode] = mode;
  }

  /** Writes a record's file_handle at an address of the kernel's memory. */
  writeHandle(id: number, memory: KernelMemory, address: number): void {
    this.copyHandle(id, memory.i32, address >>> 2);
  }

  /** The same at a word of `to`. */
  copyHandle(id: number, to: Int32Array, at = 0): void {
    const block = this.#blockOf(id);
    const own = this.#wordOf(id) + field.handle;
    const count = handleWordsAt(block, own);
    for (let i = 0; i < count; i++) to[at + i] = block[own + i] as number;
  }

  #blockOf(id: number): Int32Array {
    return this.#blocks[id >>> blockShift] as Int32Array;
  }

  #wordOf(id: number): number {
    return (id & (blockRecords - 1)) * this.#recordWords;
  }

  #get(id: number, word: number): number {
    return this.#blockOf(id)[this.#wordOf(id) + word] as number;
  }

  #set(id: number, word: number, value: number): void {
    this.#blockOf(id)[this.#wordOf(id) + word] = value;
  }

  #bucketOf(id: number): number {
    const block = this.#blockOf(id);
    const own = this.#wordOf(id) + field.handle;
    return hashOf(block, own, handleWordsAt(block, own)) & (this.#buckets.length - 1);
  }

  #link(id: number): void {
    const bucket = this.#bucketOf(id);
    this.#set(id, field.next, this.#buckets[bucket] as number);
    this.#buckets[bucket] = id;
  }

  /** Doubles the number of buckets. */
  #spread(): void {
    this.#buckets = new Int32Array(this.#buckets.length * 2);
    for (let id = rootId; id < this.#nextId; id++) if (this.has(id)) this.#link(id);
  }

  /** Makes room for longer handles in every record: once or twice in a mount's life. */
  #widen(count: number): void {
    const from = this.#recordWords;
    const to = field.handle + count;
    this.#blocks = this.#blocks.map((narrow) => {
      const wide = new Int32Array(blockRecords * to);
      for (let i = 0; i < blockRecords; i++) {
        wide.set(narrow.subarray(i * from, (i + 1) * from), i * to);
      }
      return wide;
    });
    this.#handleWords = count;
    this.#recordWords = to;
  }
}
