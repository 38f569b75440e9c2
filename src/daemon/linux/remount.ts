/**
 * `mount -o remount`: other flags for a mount that is there. They are this Linux's; the file system
 * inside stays as it was mounted, so what was opened for reading is not written by it.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { FsBridgeError } from '../../errors.ts';
import { findMountPoint } from '../../host/mountinfo.ts';
import { ask, findMounts } from '../control/client.ts';

const type = 'fuse.fsbridge';

/** The flags that a mount has, and then those that are named: each takes its opposite's place. */
export function changedFlags(had: string, named: readonly string[]): string[] {
  const flags = new Map<string, string>();
  for (const flag of [...had.split(','), ...named]) {
    const subject = flag === 'ro' || flag === 'rw' ? 'rw' : flag.replace(/^no/, '');
    flags.set(subject, flag);
  }
  return [...flags.values()];
}

/** Throws ERR_NOT_MOUNTED, EROFS, or what mount(8) has against it. */
export async function remount(target: string, named: readonly string[]): Promise<void> {
  const place = fs.realpathSync(target);
  const entry = findMountPoint(place);
  if (entry?.type !== type) {
    throw new FsBridgeError('ERR_NOT_MOUNTED', target, 'fsbridge has nothing mounted there');
  }
  const flags = changedFlags(entry.flags, named);
  const running = (await findMounts()).find(({ status }) => status?.target === place);
  if (flags.includes('rw') && running?.status?.readOnly === true) {
    const advice = 'Unmount it, and mount it with rw.';
    throw new FsBridgeError('EROFS', target, 'it was opened for reading only', advice);
  }
  const options = ['remount', ...flags].join(',');
  try {
    await promisify(execFile)('mount', ['-i', '-t', type, '-o', options, entry.source, place]);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    throw new FsBridgeError('EIO', target, `it cannot be mounted anew: ${why}`);
  }
  // As with any file system: what is for reading from now on is on the disk.
  if (running !== undefined && flags.includes('ro'))
    await ask(running.control, { command: 'sync' }, 0);
}
