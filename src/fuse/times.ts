/**
 * The times of a file's last change, where the host keeps them (the writeback cache). The host says
 * them with a SETATTR, and believes from then on that they stay; but what it hands over afterwards,
 * pages that were written before, sets them anew here. So the host's own are put back when it can
 * hand over no more: with the last close, and with an fsync.
 *
 * Invariant: the times of an open file are here, if the host said any, and those of the files that it
 * told of last. These are opened again, and changed, within one tick of the host's clock: then the
 * host's times stay the same, and it says nothing.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelCalls, Time } from './kernel-calls.ts';
import type { Node, Nodes } from './nodes.ts';

const unchanged: Time = { sec: 0, nsec: abi.UTIME_OMIT };

/** More than are told of in a tick, which has 10 ms at most (CONFIG_HZ). */
const closedMost = 1024;

interface Times {
  readonly generation: number;
  mtime: Time | undefined;
  ctime: Time;
  /** Whether the kernel's own are others by now. */
  stale: boolean;
}

export class HostTimes {
  readonly #nodes: Nodes;
  /** By the node's number, those told of last at the end. */
  readonly #times = new Map<number, Times>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** What the host says: its mtime, UTIME_OMIT or UTIME_NOW, and its ctime. */
  note(node: Node, mtime: Time, ctime: Time): void {
    const times = this.#of(node) ?? {
      generation: node.generation,
      mtime: undefined,
      ctime,
      stale: false,
    };
    this.#times.delete(node.id);
    this.#times.set(node.id, times);
    this.#dropOldest();
    times.ctime = ctime;
    if (mtime.nsec === abi.UTIME_OMIT) return;
    times.mtime = mtime.nsec === abi.UTIME_NOW ? undefined : mtime;
    times.stale = false;
  }

  /** The kernel sets times of its own. */
  changed(node: Node): void {
    const times = this.#of(node);
    if (times?.mtime !== undefined) times.stale = true;
  }

  /** Puts the host's times back; `fd` is any descriptor of the node. */
  restore(calls: Pick<KernelCalls, 'utimensat'>, node: Node, fd: number): void {
    const times = this.#of(node);
    if (times === undefined || !times.stale || times.mtime === undefined) return;
    times.stale = false;
    calls.utimensat(fd, unchanged, times.mtime, times.ctime, 0, () => {});
  }

  #of({ id, generation }: Node): Times | undefined {
    const times = this.#times.get(id);
    return times?.generation === generation ? times : undefined;
  }

  /** Of those that nobody has open. Two looks for each that comes are enough to keep up. */
  #dropOldest(): void {
    for (let looks = 0; looks < 2 && this.#times.size > closedMost; looks++) {
      const [id, times] = this.#times.entries().next().value as [number, Times];
      this.#times.delete(id);
      if (this.#nodes.isOpen(id)) this.#times.set(id, times);
    }
  }
}
