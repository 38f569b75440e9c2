/**
 * A mount(8) of what fsbridge has mounted elsewhere: as with any file system it is shown at the
 * second place too, and ends when it has left both. Only where nothing is asked for that the first
 * does not have.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findMountPoint } from '../../host/mountinfo.ts';
import type { MountStatus } from '../control/messages.ts';
import { sourceName } from '../source-name.ts';
import { prepareFuseTarget } from './fuse-target.ts';
import { changedFlags } from './remount.ts';

/** What a new mount has, unless it is told otherwise. */
const defaultFlags = 'nosuid,nodev';

export interface SecondMount {
  readonly source: string;
  readonly target: string;
  /** fsbridge's own options, as for its command line. */
  readonly options: readonly string[];
  readonly hostFlags: readonly string[];
}

/** Whether that running mount is what is asked for. */
function isTheSame(wish: SecondMount, status: MountStatus): boolean {
  const { id, label, uuid } = status.volume;
  const others = wish.options.filter((option) => option !== '--rw' && option !== '--verbose');
  const [name, volume, ...rest] = others;
  const isOnlyVolume = name === '--volume' && rest.length === 0;
  const isVolume = isOnlyVolume && [id, label, uuid].includes(volume ?? '');
  return (
    status.source === sourceName(wish.source) &&
    status.target !== wish.target &&
    status.readOnly === !wish.options.includes('--rw') &&
    (others.length === 0 || isVolume)
  );
}

/** Shows it at the second place where it is mounted already; answers whether it is. */
export async function mountSecond(
  wish: SecondMount,
  running: readonly (MountStatus | undefined)[],
): Promise<boolean> {
  const first = running.find((status) => status !== undefined && isTheSame(wish, status));
  if (first === undefined || findMountPoint(first.target)?.source !== first.source) return false;
  const target = prepareFuseTarget(wish.target);
  const flags = changedFlags(defaultFlags, wish.hostFlags).join(',');
  await promisify(execFile)('mount', ['-i', '-o', `bind,${flags}`, first.target, target]);
  return true;
}
