/**
 * The time of a file's last change of content, where the host keeps it (the writeback cache). The host
 * says it with a SETATTR, and believes from then on that it stays; but what it hands over afterwards,
 * pages that were written before, sets it anew here. So the host's own time is put back when it can
 * hand over no more: with the last close, and with an fsync.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { KernelCalls, Time } from './kernel-calls.ts';
import type { Node } from './nodes.ts';
import type { Session } from './session.ts';

const unchanged: Time = { sec: 0, nsec: abi.UTIME_OMIT };

/** The host has said the time. */
export function noteMtime(session: Session, node: Node, mtime: Time): void {
  const kept = session.features.writeback && mtime.nsec !== abi.UTIME_NOW;
  node.mtime = kept ? mtime : undefined;
  node.mtimeStale = false;
}

/** The kernel sets a time of its own. */
export function contentChanged(node: Node): void {
  if (node.mtime !== undefined) node.mtimeStale = true;
}

/** `fd` is any descriptor of the node. */
export function restoreMtime(calls: KernelCalls, node: Node, fd: number): void {
  if (!node.mtimeStale || node.mtime === undefined) return;
  node.mtimeStale = false;
  calls.utimensat(fd, unchanged, node.mtime, 0, () => {});
}
