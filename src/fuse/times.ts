/**
 * The times of a file's last change, where the host keeps them (the writeback cache). The host says
 * them with a SETATTR, and believes from then on that they stay; but what it hands over afterwards,
 * pages that were written before, sets them anew here. So the host's own are put back when it can
 * hand over no more: with the last close, and with an fsync.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelCalls, Time } from './kernel-calls.ts';
import type { Node } from './nodes.ts';
import type { Session } from './session.ts';

const unchanged: Time = { sec: 0, nsec: abi.UTIME_OMIT };

/** What the host says: its mtime, UTIME_OMIT or UTIME_NOW, and its ctime if it keeps that. */
export function noteTimes(
  session: Session,
  node: Node,
  mtime: Time,
  ctime: Time | undefined,
): void {
  if (!session.features.writeback || ctime === undefined) return;
  node.times ??= { mtime: undefined, ctime, stale: false };
  node.times.ctime = ctime;
  if (mtime.nsec === abi.UTIME_OMIT) return;
  node.times.mtime = mtime.nsec === abi.UTIME_NOW ? undefined : mtime;
  node.times.stale = false;
}

/** The kernel sets times of its own. */
export function contentChanged({ times }: Node): void {
  if (times?.mtime !== undefined) times.stale = true;
}

/** `fd` is any descriptor of the node. */
export function restoreTimes(calls: KernelCalls, { times }: Node, fd: number): void {
  if (times === undefined || !times.stale || times.mtime === undefined) return;
  times.stale = false;
  calls.utimensat(fd, unchanged, times.mtime, times.ctime, 0, () => {});
}
