/**
 * One slot of the request ring: a view of struct bridge_slot and its buffer
 * (native/arch/wasm/bridge/slots.h). calls/encode.ts writes the arguments; the `done` of the
 * request reads the results.
 */
import type { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import type { KernelMemory } from './memory.ts';
import type { NameSpan, SlotName } from './names.ts';

/** A 64-bit argument: a number where it is a safe integer, a bigint where it might not be. */
export type Wide = number | bigint;

/**
 * Called when the kernel is done, with the call's result or a negative errno. The results in the
 * slot are there until it returns; after an error there are none.
 */
export type Done = (ret: number, slot: Slot) => void;

/** Up to so many bytes a loop copies a name faster than a call of a function that copies. */
const shortNameBytes = 24;

const slotWords = abi['bridge_slot.size'] / 4;
const opWord = abi['bridge_slot.op'] / 4;
const rootWord = abi['bridge_slot.root'] / 4;
const credWord = abi['bridge_slot.cred'] / 4;
const lookupWord = abi['bridge_slot.lookup'] / 4;
const umaskWord = abi['bridge_slot.umask'] / 4;
const argWord = abi['bridge_slot.arg'] / 4;
const wideWord = abi['bridge_slot.wide'] / 4;
const dataWord = abi['bridge_slot.data'] / 4;

/** Who makes a call: the credentials for the kernel's permission checks, and what "/" means. */
export interface Caller {
  /** The descriptor of the directory that "/" names; 0 is the kernel's own root. */
  readonly root: number;
  /** An identity (Kernel.identity); 0 is root with every capability. */
  readonly cred: number;
  /** The permissions that created files do not get, unless their directory has a default ACL. */
  readonly umask: number;
}

export class Slot {
  readonly memory: KernelMemory;
  readonly index: number;
  /** The address of the first name, or of an operation's structure. */
  readonly first: number;
  /**
   * The address of the second name, or of a result: statx, statfs64, file_handle, a link's text.
   */
  readonly second: number;
  /** The address of the name of an extended attribute that is looked up too. */
  readonly third: number;
  /** The ring's own: the caller's buffer, which the kernel copies from or to. */
  window: Buffer | undefined;
  /** The ring's own: what to call at the end; undefined while the slot is free. */
  done: Done | undefined;
  readonly #address: number;
  readonly #word: number;

  /** `slots` and `buffers` are the addresses of bridge_slots and bridge_buffers. */
  constructor(memory: KernelMemory, index: number, slots: number, buffers: number) {
    this.memory = memory;
    this.index = index;
    this.#address = slots + index * abi['bridge_slot.size'];
    this.#word = slots / 4 + index * slotWords;
    this.first = buffers + index * abi.BRIDGE_BUFFER;
    this.second = this.first + abi.BRIDGE_SECOND;
    this.third = this.first + abi.BRIDGE_THIRD;
  }

  /** Begins a request: it has no lookup yet. */
  begin({ root, cred, umask }: Caller): void {
    const { u32 } = this.memory;
    const word = this.#word;
    u32[word + rootWord] = root;
    u32[word + credWord] = cred;
    u32[word + lookupWord] = 0;
    u32[word + umaskWord] = umask;
  }

  /** The operation: BRIDGE_OP_*. */
  get op(): number {
    return this.memory.u32[this.#word + opWord] as number;
  }

  set op(op: number) {
    this.memory.u32[this.#word + opWord] = op;
  }

  /** Sets a 32-bit argument; negative numbers as C has them. */
  arg(index: number, value: number): void {
    this.memory.u32[this.#word + argWord + index] = value;
  }

  /** Sets a 64-bit argument: a whole number between -2^53 and 2^53, or any as a bigint. */
  wide(index: number, value: Wide): void {
    const word = this.#word + wideWord + index * 2;
    if (typeof value === 'number') this.memory.writeS53(word * 4, value);
    else this.memory.i64[word / 2] = value;
  }

  /** Sets a 64-bit argument of two words. */
  wideOf(index: number, low: number, high: number): void {
    const word = this.#word + wideWord + index * 2;
    this.memory.u32[word] = low;
    this.memory.u32[word + 1] = high;
  }

  /** What the operation looks up when it has succeeded: BRIDGE_LOOKUP_* of slots.h. */
  lookUp(what: number): void {
    this.memory.u32[this.#word + lookupWord] = what;
  }

  /** Writes a name and its NUL at one of the slot's three addresses. */
  name(address: number, name: SlotName): void {
    const { bytes } = this.memory;
    if (typeof name === 'string') {
      bytes[address + bytes.write(name, address, abi.PATH_MAX - 1, 'utf8')] = 0;
    } else if ('start' in name) {
      writeSpan(bytes, address, name);
    } else {
      bytes.set(name, address);
      bytes[address + name.length] = 0;
    }
  }

  /** The call's result, or a negative errno. */
  get ret(): number {
    return this.memory.readS53(this.#address + abi['bridge_slot.ret']);
  }

  /** The address of a result that has no room in the slot's buffer: a listing. */
  get data(): number {
    return this.memory.u32[this.#word + dataWord] as number;
  }
}

function writeSpan(to: Buffer, address: number, { bytes, start, end }: NameSpan): void {
  if (end - start <= shortNameBytes) {
    for (let from = start, at = address; from < end; from++) to[at++] = bytes[from] as number;
  } else {
    bytes.copy(to, address, start, end);
  }
  to[address + end - start] = 0;
}
