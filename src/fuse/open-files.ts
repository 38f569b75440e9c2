/**
 * Open files, by the number that the host knows them by (fh). Open directories have no number: the
 * host lists a directory by its nodeid.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Node } from './nodes.ts';

export interface OpenFile {
  readonly node: Node;
  /** The kernel's descriptor. */
  readonly fd: number;
  readonly writes: boolean;
}

/** O_ACCMODE of fcntl(2). */
const accessModeMask = 3;

/** O_RDONLY, O_WRONLY or O_RDWR out of open(2)'s flags. */
export const accessModeOf = (openFlags: number): number => openFlags & accessModeMask;

/** Whether open(2)'s flags ask for writing. */
export const opensForWriting = (openFlags: number): boolean =>
  accessModeOf(openFlags) !== abi.O_RDONLY;

export class OpenFiles {
  #files: (OpenFile | undefined)[] = [];
  #free: number[] = [];
  #count = 0;

  get size(): number {
    return this.#count;
  }

  get(fh: number): OpenFile | undefined {
    return this.#files[fh];
  }

  /** Returns the fh. */
  add(file: OpenFile): number {
    const { node, fd, writes } = file;
    const fh = this.#free.pop() ?? this.#files.length;
    this.#files[fh] = file;
    node.open ??= { count: 0, writers: 0, fd, writeQueue: undefined };
    node.open.count++;
    if (writes) node.open.writers++;
    this.#count++;
    return fh;
  }

  /** Takes a file out. The caller closes its descriptor. */
  remove(fh: number): OpenFile | undefined {
    const file = this.#files[fh];
    if (file === undefined) return undefined;
    this.#files[fh] = undefined;
    this.#free.push(fh);
    this.#count--;
    this.#forget(file);
    return file;
  }

  #forget({ node, fd, writes }: OpenFile): void {
    const { open } = node;
    if (open === undefined) return;
    open.count--;
    if (writes) open.writers--;
    if (open.count === 0) node.open = undefined;
    else if (open.fd === fd) open.fd = this.#anyOf(node);
  }

  #anyOf(node: Node): number {
    return this.#files.find((file) => file?.node === node)?.fd ?? -1;
  }

  /** Takes all files out. The caller closes their descriptors. */
  takeAll(): OpenFile[] {
    const all = this.#files.flatMap((file) => file ?? []);
    for (const file of all) this.#forget(file);
    this.#files = [];
    this.#free = [];
    this.#count = 0;
    return all;
  }
}
