/**
 * `mount -o remount`: other flags for a mount that is there. They are this Linux's flags. The file
 * system inside stays as it was mounted, so a volume opened for reading is not written by it.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { FsBridgeError } from '../../errors.ts';
import { findMountPoint, fuseOwner } from '../../host/mountinfo.ts';
import { userName } from '../../host/user-name.ts';
import { ask, findMounts } from '../control/client.ts';
import { changedFlags } from './host-flags.ts';

const type = 'fuse.fsbridge';

/** Throws ERR_NOT_MOUNTED, EPERM for another user's mount, EROFS, or EIO with the words of mount(8). */
export async function remount(target: string, named: readonly string[]): Promise<void> {
  const place = fs.realpathSync(target);
  const entry = findMountPoint(place);
  if (entry?.type !== type) {
    throw new FsBridgeError('ERR_NOT_MOUNTED', target, 'fsbridge has nothing mounted there');
  }
  const owner = fuseOwner(entry);
  if (owner !== undefined && owner !== process.geteuid?.()) {
    const advice = 'Let that user unmount it, and mount it with other options.';
    throw new FsBridgeError('EPERM', target, `the user ${userName(owner)} mounted it`, advice);
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
    throw new FsBridgeError('EIO', target, `it cannot be remounted: ${why}`);
  }
  // As with any file system: when a mount becomes read-only, its data is on the disk.
  if (running !== undefined && flags.includes('ro'))
    await ask(running.control, { command: 'sync' }, 0);
}
