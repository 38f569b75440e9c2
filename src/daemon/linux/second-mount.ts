/**
 * mount(8) for a volume that fsbridge has mounted elsewhere. As with any file system it is shown at
 * the second place too, and ends when it is unmounted from both. This works only where the options
 * are those of the first mount.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findMountPoint, fuseOwner } from '../../host/mountinfo.ts';
import type { MountStatus } from '../control/control-protocol.ts';
import { sourceName } from '../source-name.ts';
import { prepareFuseTarget } from './fuse-target.ts';
import { changedFlags } from './host-flags.ts';

/** The flags of a new mount, before those that the caller names. */
const defaultFlags = 'nosuid,nodev';

export interface SecondMount {
  readonly source: string;
  readonly target: string;
  /** fsbridge's own options, as on its command line. */
  readonly options: readonly string[];
  readonly hostFlags: readonly string[];
}

/** Whether that running mount shows the same volume with the same options. */
function isTheSame(asked: SecondMount, status: MountStatus): boolean {
  const { id, label, uuid } = status.volume;
  const others = asked.options.filter((option) => option !== '--rw' && option !== '--verbose');
  const [name, volume, ...rest] = others;
  const isOnlyVolume = name === '--volume' && rest.length === 0;
  const isVolume = isOnlyVolume && [id, label, uuid].includes(volume ?? '');
  return (
    status.source === sourceName(asked.source) &&
    status.target !== asked.target &&
    status.readOnly === !asked.options.includes('--rw') &&
    (others.length === 0 || isVolume)
  );
}

/** Shows a running mount of the same volume at the second place; answers whether there is one. */
export async function mountSecond(
  asked: SecondMount,
  running: readonly (MountStatus | undefined)[],
): Promise<boolean> {
  const first = running.find((status) => status !== undefined && isTheSame(asked, status));
  if (first === undefined) return false;
  const entry = findMountPoint(first.target);
  // The tree that is shown again must be this user's, as this Linux has it.
  const isOwn = entry !== undefined && fuseOwner(entry) === process.geteuid?.();
  if (!isOwn || entry.source !== first.source) return false;
  const target = prepareFuseTarget(asked.target);
  const flags = changedFlags(defaultFlags, asked.hostFlags).join(',');
  await promisify(execFile)('mount', ['-i', '-o', `bind,${flags}`, first.target, target]);
  return true;
}
