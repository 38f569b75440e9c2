/**
 * How a call gets into a slot of the request ring and out again: what the files beside this one
 * build Linux's system calls from.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import { type Errno, negative } from '../errno.ts';
import type { KernelMemory } from '../memory.ts';
import type { PathLike } from '../names.ts';
import type { Decode, RequestRing } from '../request-ring.ts';

/** A descriptor in the kernel's table. */
export type Fd = number;

/** A 64-bit argument: a number where it is a safe integer, a bigint where it might not be. */
export type Wide = number | bigint;

export const second: number = abi.BRIDGE_SECOND;
/** Addresses the descriptor itself: fstat and its like. */
export const empty = '';

export class CallSlots {
  readonly ring: RequestRing;
  readonly root: Fd;
  readonly cred: number;
  /** What the permissions of created files do not get, unless the directory has a default ACL. */
  readonly umask: number;
  /** What was opened through these calls and not closed yet: an unmount closes it first. */
  readonly opened: Set<Fd>;
  protected readonly memory: KernelMemory;

  constructor(ring: RequestRing, root: Fd, cred: number, opened: Set<Fd> = new Set(), umask = 0) {
    this.ring = ring;
    this.root = root;
    this.cred = cred;
    this.opened = opened;
    this.umask = umask;
    this.memory = ring.memory;
  }

  /** A decoder for calls that open something. */
  protected remember: Decode<number> = (_slot, ret) => {
    if (ret >= 0) this.opened.add(ret);
    return ret;
  };

  protected call<T = number>(
    op: number,
    fill: (slot: number) => void,
    decode?: Decode<T>,
    window?: Buffer,
  ): Promise<T> {
    if (this.umask === 0) return this.ring.call(op, this.root, this.cred, fill, decode, window);
    const fillMasked = (slot: number): void => {
      this.ring.umask(slot, this.umask);
      fill(slot);
    };
    return this.ring.call(op, this.root, this.cred, fillMasked, decode, window);
  }

  /** An operation with numbers alone. */
  protected numbers(
    op: number,
    args: readonly number[],
    wides: readonly Wide[] = [],
  ): Promise<number> {
    return this.call(op, (slot) => this.fill(slot, args, wides));
  }

  protected fill(slot: number, args: readonly number[], wides: readonly Wide[]): void {
    for (let i = 0; i < args.length; i++) this.ring.arg(slot, i, args[i] as number);
    for (let i = 0; i < wides.length; i++) this.ring.wide(slot, i, wides[i] as Wide);
  }

  /** An operation on one name. */
  protected named<T = number>(
    op: number,
    path: PathLike,
    args: readonly number[],
    decode?: Decode<T | Errno>,
    wides: readonly Wide[] = [],
  ): Promise<T | Errno> {
    if (!fits(path)) return Promise.resolve(nameError(path));
    return this.call<T | Errno>(
      op,
      (slot) => {
        this.fill(slot, args, wides);
        this.writeName(this.ring.buffer(slot), path);
      },
      decode,
    );
  }

  /** An operation on two names. */
  protected namedTwice(
    op: number,
    first: PathLike,
    other: PathLike,
    args: readonly number[],
  ): Promise<number> {
    if (!fits(first)) return Promise.resolve(nameError(first));
    if (!fits(other)) return Promise.resolve(nameError(other));
    return this.call(op, (slot) => {
      this.fill(slot, args, []);
      this.writeName(this.ring.buffer(slot), first);
      this.writeName(this.ring.buffer(slot) + second, other);
    });
  }

  protected writeName(address: number, name: PathLike): void {
    const { bytes } = this.memory;
    let length = name.length;
    if (typeof name === 'string') length = bytes.write(name, address, abi.PATH_MAX - 1, 'utf8');
    else bytes.set(name, address);
    bytes[address + length] = 0;
  }
}

/** Whether a name can be handed to the kernel whole. */
export function fits(name: PathLike): boolean {
  // A UTF-16 unit has three bytes of UTF-8 at most.
  if (name.length * (typeof name === 'string' ? 3 : 1) < abi.PATH_MAX) return !hasNul(name);
  const bytes = typeof name === 'string' ? Buffer.byteLength(name) : name.length;
  return bytes < abi.PATH_MAX && !hasNul(name);
}

function hasNul(name: PathLike): boolean {
  return typeof name === 'string' ? name.includes('\0') : name.includes(0);
}

export function nameError(name: PathLike): Errno {
  return negative(hasNul(name) ? errno.EINVAL : errno.ENAMETOOLONG);
}

export function plus(offsetBytes: Wide, bytes: number): Wide {
  return typeof offsetBytes === 'bigint' ? offsetBytes + BigInt(bytes) : offsetBytes + bytes;
}
