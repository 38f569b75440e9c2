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
  node.ctime = ctime;
  if (mtime.nsec === abi.UTIME_OMIT) return;
  node.mtime = mtime.nsec === abi.UTIME_NOW ? undefined : mtime;
  node.timesStale = false;
}

/** The kernel sets times of its own. */
export function contentChanged(node: Node): void {
  if (node.mtime !== undefined) node.timesStale = true;
}

/** `fd` is any descriptor of the node. */
export function restoreTimes(calls: KernelCalls, node: Node, fd: number): void {
  if (!node.timesStale || node.mtime === undefined) return;
  node.timesStale = false;
  calls.utimensat(fd, unchanged, node.mtime, node.ctime, 0, () => {});
}
