/**
 * Descriptors for nodes: a node needs one only now and then, so some thousands are kept open, those
 * used last, and opened again by the file's handle.
 *
 * Invariants:
 * 1. A node's fd is open in the kernel, or -1.
 * 2. The descriptor of a pinned node is closed only with the node; it is not in the list. Others
 *    are closed, the least recently used first, when there are more than `most`; not while the node
 *    is busy.
 * 3. A descriptor that is handed over is good until the event loop's next turn or the next call
 *    submitted, whichever the caller does first: who needs it for longer makes the node busy.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { KernelCalls } from './kernel-calls.ts';
import type { Node, Nodes } from './nodes.ts';

const descriptorsMost = 4096;

/** A descriptor, or a negative errno. */
export type WithFd = (fd: number) => void;

export class Descriptors {
  readonly #calls: KernelCalls;
  readonly #nodes: Nodes;
  readonly #rootFd: number;
  readonly #most: number;
  #count = 0;
  #oldest: Node | undefined;
  #newest: Node | undefined;

  /** `rootFd` belongs to the volume, and is never closed here. */
  constructor(calls: KernelCalls, nodes: Nodes, rootFd: number, most: number = descriptorsMost) {
    this.#calls = calls;
    this.#nodes = nodes;
    this.#rootFd = rootFd;
    this.#most = most;
  }

  /** How many are open that may be closed. */
  get count(): number {
    return this.#count;
  }

  /** Hands over a descriptor that stands for the node: open, or O_PATH. */
  use(node: Node, then: WithFd): void {
    if (node.fd >= 0) {
      this.#touch(node);
      then(node.fd);
    } else if (node.openFd >= 0) {
      then(node.openFd);
    } else {
      this.#open(node, abi.O_PATH | abi.O_NOFOLLOW, false, then);
    }
  }

  /** Hands over a descriptor of a directory that is open for reading. */
  useReadable(node: Node, then: WithFd): void {
    if (node.fd >= 0 && node.readable) {
      this.#touch(node);
      then(node.fd);
    } else {
      this.#open(node, abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOATIME, true, then);
    }
  }

  #open(node: Node, openFlags: number, readable: boolean, then: WithFd): void {
    const done = (fd: number): void => {
      node.busy--;
      if (fd >= 0) this.keep(node, fd, readable);
      then(fd < 0 ? fd : node.fd);
    };
    node.busy++;
    if (node.pinned && node.fd < 0 && node.openFd < 0) done(-errno.ESTALE);
    else this.openAnew(node, openFlags, done);
  }

  #openByHandle(node: Node, openFlags: number, done: WithFd): void {
    const write = (address: number): void =>
      this.#nodes.writeHandle(node, this.#calls.memory, address);
    this.#calls.openByHandle(write, openFlags, done);
  }

  /** Opens the file anew: by what is open of it, or by its handle. The caller owns the result. */
  openAnew(node: Node, openFlags: number, then: WithFd): void {
    if (node.fd >= 0) this.#calls.reopen(node.fd, openFlags, then);
    else if (node.openFd >= 0) this.#calls.reopen(node.openFd, openFlags, then);
    else this.#openByHandle(node, openFlags, then);
  }

  /** Makes a descriptor that was just opened the node's own. */
  keep(node: Node, fd: number, readable: boolean): void {
    const before = node.fd;
    if (before >= 0 && (node.readable || !readable)) {
      this.#calls.close(fd);
      return;
    }
    node.fd = fd;
    node.readable = readable;
    if (before >= 0) {
      if (before !== this.#rootFd) this.#calls.close(before);
      this.#touch(node);
    } else if (!node.pinned) {
      this.#append(node);
      this.#count++;
      this.#evict();
    }
  }

  /** Keeps the node's descriptor, which it must have, for as long as the node lives. */
  pin(node: Node): void {
    if (node.pinned) return;
    node.pinned = true;
    this.#unlink(node);
    this.#count--;
  }

  /** The node is gone, or its descriptor has no use any more. */
  release(node: Node): void {
    if (node.fd < 0) return;
    if (!node.pinned) {
      this.#unlink(node);
      this.#count--;
    }
    if (node.fd !== this.#rootFd) this.#calls.close(node.fd);
    node.fd = -1;
    node.readable = false;
  }

  #evict(): void {
    let node = this.#oldest;
    while (this.#count > this.#most && node !== undefined) {
      const next = node.newer;
      if (node.busy === 0) this.release(node);
      node = next;
    }
  }

  #touch(node: Node): void {
    if (this.#newest === node || node.pinned) return;
    this.#unlink(node);
    this.#append(node);
  }

  #append(node: Node): void {
    node.older = this.#newest;
    node.newer = undefined;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
  }

  #unlink(node: Node): void {
    if (node.older === undefined) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === undefined) this.#newest = node.older;
    else node.newer.older = node.older;
    node.older = undefined;
    node.newer = undefined;
  }
}
