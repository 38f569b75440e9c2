/**
 * Checks whether something can be mounted at a place of this Linux. It runs before anything is
 * opened, because the likeliest mistakes are made here.
 *
 * mount(8) would hide files in the folder, or a mount that is there already. A person who asks for
 * that has usually mistyped, so both are refused.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../../errors.ts';
import { checkFuse } from '../../fuse/requirements.ts';
import { hostCode } from '../../host/host-error.ts';
import { findMountPoint } from '../../host/mountinfo.ts';

/** The target's full name. Throws FsBridgeError with the host's code, or ERR_TARGET_IN_USE. */
export function prepareFuseTarget(target: string): string {
  const full = realName(target);
  checkFuse();
  const mounted = findMountPoint(full);
  if (mounted !== undefined) {
    const what = mounted.source === '' ? mounted.type : `${mounted.source} (${mounted.type})`;
    throw new FsBridgeError(
      'ERR_TARGET_IN_USE',
      target,
      `${what} is mounted there already`,
      'Unmount that first (`fsbridge umount` if it is ours), or take another directory.',
    );
  }
  checkEmpty(target, full);
  return full;
}

function realName(target: string): string {
  try {
    return fs.realpathSync(target);
  } catch (error) {
    throw hostError(error, target);
  }
}

function checkEmpty(target: string, full: string): void {
  let first: fs.Dirent | null;
  try {
    const folder = fs.opendirSync(full);
    first = folder.readSync();
    folder.closeSync();
  } catch (error) {
    throw hostError(error, target);
  }
  if (first === null) return;
  throw new FsBridgeError(
    'ENOTEMPTY',
    target,
    'the directory is not empty, and the mount would hide its files',
    `Take an empty one: mkdir ${path.join(path.dirname(full), 'NAME')}`,
  );
}

function hostError(error: unknown, target: string): FsBridgeError {
  const code = hostCode(error);
  const words: Readonly<Record<string, readonly [string, string]>> = {
    ENOENT: ['there is no such directory', `Make it first: mkdir -p ${target}`],
    ENOTDIR: ['it is not a directory', 'A volume is mounted at an empty directory.'],
    EACCES: ['you may not look into it', 'Take a directory of your own.'],
    ENOTCONN: [
      'there is a mount whose process has ended',
      `Remove that first: fsbridge umount ${target}`,
    ],
  };
  const [why, advice] = words[code] ?? ['it cannot be read', undefined];
  return new FsBridgeError(code, target, why, advice, { cause: error });
}
