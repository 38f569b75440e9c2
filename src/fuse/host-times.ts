/**
 * The times of a file's last change, where the host keeps them itself (the writeback cache). The
 * host sends them with a SETATTR, and takes it that they stay. But pages that were written before
 * come afterwards, and writing them sets the times anew here. So the host's times are put back when
 * no more pages can come: at the last close, and at an fsync.
 *
 * Invariant: this keeps the host's times of open files, and of the last 1024 files that it sent
 * times of. A closed file may be opened again and changed within one tick of the host's clock: then
 * the host's times stay the same, and it does not send them again.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { TimeToSet } from '../vfs-linux/calls/encode.ts';
import type { SlotCalls } from '../vfs-linux/calls/slot-calls.ts';
import type { Node, Nodes } from './nodes.ts';

const unchanged: TimeToSet = { sec: 0, nsec: abi.UTIME_OMIT };

/** More than the host sends in a tick, which has 10 ms at most (CONFIG_HZ). */
const maxClosed = 1024;

interface Times {
  readonly generation: number;
  mtime: TimeToSet | undefined;
  ctime: TimeToSet;
  /** Whether the kernel has set other times since. */
  stale: boolean;
}

export class HostTimes {
  readonly #nodes: Nodes;
  /** By nodeid; the times that came last are at the end. */
  readonly #times = new Map<number, Times>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** Takes the times that the host sends: its mtime, UTIME_OMIT or UTIME_NOW, and its ctime. */
  note(node: Node, mtime: TimeToSet, ctime: TimeToSet): void {
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

  /** The kernel sets the file's times itself. */
  changed(node: Node): void {
    const times = this.#of(node);
    if (times?.mtime !== undefined) times.stale = true;
  }

  /** Puts the host's times back; `fd` is any descriptor of the node. */
  restore(calls: Pick<SlotCalls, 'utimensat'>, node: Node, fd: number): void {
    const times = this.#of(node);
    if (times === undefined || !times.stale || times.mtime === undefined) return;
    times.stale = false;
    const { mtime, ctime } = times;
    calls.utimensat(fd, { atime: unchanged, mtime, ctime }, () => {});
  }

  #of({ id, generation }: Node): Times | undefined {
    const times = this.#times.get(id);
    return times?.generation === generation ? times : undefined;
  }

  /** Drops old times of files that are not open. Two looks for each addition keep up with them. */
  #dropOldest(): void {
    for (let looks = 0; looks < 2 && this.#times.size > maxClosed; looks++) {
      const [id, times] = this.#times.entries().next().value as [number, Times];
      this.#times.delete(id);
      if (this.#nodes.isOpen(id)) this.#times.set(id, times);
    }
  }
}
