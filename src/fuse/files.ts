/**
 * Open files, by the number that the host knows them by (fh). Those of directories have none: the
 * host lists a directory by its nodeid.
 */
import type { Node } from './nodes.ts';

export interface OpenFile {
  readonly node: Node;
  /** The kernel's descriptor. */
  readonly fd: number;
  readonly writes: boolean;
}

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

  /** Answers the fh. */
  add(node: Node, fd: number, writes: boolean): number {
    const fh = this.#free.pop() ?? this.#files.length;
    this.#files[fh] = { node, fd, writes };
    node.opens++;
    if (writes) node.writers++;
    node.openFd = fd;
    this.#count++;
    return fh;
  }

  /** Takes a file out; its descriptor is the caller's to close. */
  remove(fh: number): OpenFile | undefined {
    const file = this.#files[fh];
    if (file === undefined) return undefined;
    this.#files[fh] = undefined;
    this.#free.push(fh);
    this.#count--;
    const { node } = file;
    node.opens--;
    if (file.writes) node.writers--;
    if (node.openFd === file.fd) node.openFd = node.opens > 0 ? this.#anyOf(node) : -1;
    return file;
  }

  #anyOf(node: Node): number {
    return this.#files.find((file) => file?.node === node)?.fd ?? -1;
  }

  *[Symbol.iterator](): Generator<OpenFile> {
    for (const file of this.#files) {
      if (file !== undefined) yield file;
    }
  }
}
