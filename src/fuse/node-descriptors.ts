/**
 * Descriptors of nodes. A node needs one only now and then, so the some thousands that were used
 * last are kept open; others are opened again by the file's handle.
 *
 * Invariants:
 * 1. A node's fd is open in the kernel, or -1.
 * 2. The descriptor of a pinned node is closed only with the node, and is not in the list. When
 *    there are more than `maxOpen` others, those of nodes that are not busy are closed, the least
 *    recently used first.
 * 3. A descriptor that is passed to `then` is valid until the event loop's next turn or the next
 *    call that is submitted. A caller that needs it for longer makes the node busy.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { SlotCalls } from '../vfs-linux/calls/slot-calls.ts';
import type { Node, NodeDescriptor, Nodes } from './nodes.ts';

const maxDescriptors = 4096;

/** Gets a descriptor, or a negative errno. */
export type WithFd = (fd: number) => void;

export class NodeDescriptors {
  readonly #calls: SlotCalls;
  readonly #nodes: Nodes;
  readonly #rootFd: number;
  readonly #maxOpen: number;
  #count = 0;
  #oldest: NodeDescriptor | undefined;
  #newest: NodeDescriptor | undefined;

  /** `rootFd` belongs to the volume: it is never closed here. */
  constructor(calls: SlotCalls, nodes: Nodes, rootFd: number, maxOpen: number = maxDescriptors) {
    this.#calls = calls;
    this.#nodes = nodes;
    this.#rootFd = rootFd;
    this.#maxOpen = maxOpen;
  }

  /** How many descriptors are open that may be closed. */
  get count(): number {
    return this.#count;
  }

  /** Calls `then` with a descriptor that stands for the node: an open file's, or an O_PATH one. */
  use(node: Node, then: WithFd): void {
    const { descriptor, open } = node;
    if (descriptor !== undefined) {
      this.#touch(descriptor);
      then(descriptor.fd);
    } else if (open !== undefined) {
      then(open.fd);
    } else {
      this.#open(node, abi.O_PATH | abi.O_NOFOLLOW, false, then);
    }
  }

  /** Calls `then` with a directory's descriptor that is open for reading. */
  useReadable(node: Node, then: WithFd): void {
    const { descriptor } = node;
    if (descriptor?.readable === true) {
      this.#touch(descriptor);
      then(descriptor.fd);
    } else {
      this.#open(node, abi.O_RDONLY | abi.O_DIRECTORY, true, then);
    }
  }

  #open(node: Node, openFlags: number, readable: boolean, then: WithFd): void {
    const done = (fd: number): void => {
      node.busy--;
      if (fd >= 0) this.keep(node, fd, readable);
      then(fd < 0 ? fd : node.fd);
    };
    node.busy++;
    const { pinned, descriptor, open } = node;
    if (pinned && descriptor === undefined && open === undefined) done(-errno.ESTALE);
    else this.openAnew(node, openFlags, done);
  }

  #openByHandle(node: Node, openFlags: number, done: WithFd): void {
    const write = (address: number): void =>
      this.#nodes.writeHandle(node, this.#calls.memory, address);
    this.#calls.openByHandle(write, openFlags, done);
  }

  /** Opens the file anew, by a descriptor of it or by its handle. The caller owns the result. */
  openAnew(node: Node, openFlags: number, then: WithFd): void {
    const from = node.descriptor ?? node.open;
    if (from !== undefined) this.#calls.reopen(from.fd, openFlags, then);
    else this.#openByHandle(node, openFlags, then);
  }

  /** Makes a descriptor that was just opened the node's own. */
  keep(node: Node, fd: number, readable: boolean): void {
    const { descriptor } = node;
    if (descriptor === undefined) {
      const added = { node, fd, readable, older: undefined, newer: undefined };
      node.descriptor = added;
      if (node.pinned) return;
      this.#append(added);
      this.#count++;
      this.#closeOldest();
    } else if (descriptor.readable || !readable) {
      this.#calls.close(fd);
    } else {
      this.#close(descriptor.fd);
      descriptor.fd = fd;
      descriptor.readable = true;
      this.#touch(descriptor);
    }
  }

  /** Keeps the node's descriptor, which it must have, for as long as the node lives. */
  pin(node: Node): void {
    if (node.pinned) return;
    node.pinned = true;
    this.#unlink(node.descriptor as NodeDescriptor);
    this.#count--;
  }

  /** Closes the node's descriptor: the node is gone, or does not need it. */
  release(node: Node): void {
    const { descriptor } = node;
    if (descriptor === undefined) return;
    if (!node.pinned) {
      this.#unlink(descriptor);
      this.#count--;
    }
    this.#close(descriptor.fd);
    node.descriptor = undefined;
  }

  #close(fd: number): void {
    if (fd !== this.#rootFd) this.#calls.close(fd);
  }

  #closeOldest(): void {
    let descriptor = this.#oldest;
    while (this.#count > this.#maxOpen && descriptor !== undefined) {
      const next = descriptor.newer;
      const { node } = descriptor;
      if (node.busy === 0) {
        this.release(node);
        this.#nodes.evict(node);
      }
      descriptor = next;
    }
  }

  #touch(descriptor: NodeDescriptor): void {
    if (this.#newest === descriptor || descriptor.node.pinned) return;
    this.#unlink(descriptor);
    this.#append(descriptor);
  }

  #append(descriptor: NodeDescriptor): void {
    descriptor.older = this.#newest;
    descriptor.newer = undefined;
    if (this.#newest === undefined) this.#oldest = descriptor;
    else this.#newest.newer = descriptor;
    this.#newest = descriptor;
  }

  #unlink(descriptor: NodeDescriptor): void {
    const { older, newer } = descriptor;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    descriptor.older = undefined;
    descriptor.newer = undefined;
  }
}
