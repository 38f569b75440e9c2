/** `fsbridge umount`: ends mounts. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { ask, type FoundMount, findMounts, processBehind } from '../../daemon/control/client.ts';
import { describeMountUsers, findMountUsers } from '../../daemon/linux/mount-users.ts';
import type { UnmountOptions } from '../../daemon/transport.ts';
import { FsBridgeError } from '../../errors.ts';
import { findMountPoint, fuseOwner } from '../../host/mountinfo.ts';
import { userName } from '../../host/user-name.ts';
import { PartlyFailed, report, warn } from '../../observe/messages.ts';
import { newCommand } from '../options.ts';

/** With --force, a mount that does not answer for so long is killed. */
const forceTimeoutMs = 10_000;
/** How long umount(8) may take on another user's mount, whose process may never answer. */
const foreignTimeoutMs = 10_000;

/** All names by which a person may mean this place. */
function namesOf(target: string): ReadonlySet<string> {
  const names = new Set([target, path.resolve(target), target.toUpperCase()]);
  // "L:\" and "\\.\L:" name the same drive as "L:".
  const drive = /^(?:\\\\\.\\)?([A-Z]:)\\?$/.exec(target.toUpperCase())?.[1];
  if (drive !== undefined) names.add(drive).add(`\\\\.\\${drive}`);
  try {
    // The real path of the folder around it alone: the mount itself may be dead, or hang.
    const full = path.resolve(target);
    names.add(path.join(fs.realpathSync(path.dirname(full)), path.basename(full)));
  } catch {
    // The folder does not exist: the names above are all.
  }
  return names;
}

/** The mount at a place; or the mount of a source, where there is only one. */
function findMount(mounts: readonly FoundMount[], target: string): FoundMount | undefined {
  const names = namesOf(target);
  const atPlace = mounts.filter(({ status }) => status !== undefined && names.has(status.target));
  const ofSource = mounts.filter(({ status }) => status !== undefined && names.has(status.source));
  if (atPlace.length === 0 && ofSource.length > 1) {
    const places = ofSource.map(({ status }) => status?.target).join(', ');
    throw new FsBridgeError(
      'ERR_MOUNT_AMBIGUOUS',
      target,
      `it is mounted at several places: ${places}`,
      'Name one of these.',
    );
  }
  return atPlace.at(-1) ?? ofSource[0];
}

async function endMount(mount: FoundMount, options: UnmountOptions): Promise<void> {
  const { control, status } = mount;
  try {
    const timeoutMs = options.force === true ? forceTimeoutMs : 0;
    const answer = await ask(control, { command: 'umount', ...options }, timeoutMs);
    if ('ending' in answer && options.lazy !== true) {
      warn(
        `${status?.target}: it is also mounted at another place, and ends when that is unmounted.`,
      );
    }
  } catch (error) {
    if (!(error instanceof FsBridgeError)) throw error;
    if (error.code === 'ERR_NO_ANSWER' && options.force === true) {
      process.kill(processBehind(control), 'SIGKILL');
      if (status !== undefined) await detach(status.target);
      return;
    }
    throw error.code === 'EBUSY' && status !== undefined ? busy(status.target) : error;
  }
}

function busy(target: string): FsBridgeError {
  const users = describeMountUsers(findMountUsers(target));
  const why = users === '' ? 'programs still use it' : `it is still in use by ${users}`;
  return new FsBridgeError(
    'EBUSY',
    target,
    why,
    'End them, or leave the directory. --lazy detaches it now and ends it when they are done.',
  );
}

/**
 * Ends another user's mount. Only that user's own process knows what it has written, so this Linux
 * takes the mount out of the tree, and no more is promised. Throws EPERM for all but root.
 */
async function endForeign(target: string, owner: number, options: UnmountOptions): Promise<void> {
  const user = userName(owner);
  if (process.getuid?.() !== 0) {
    const advice = 'That user or root can unmount it.';
    throw new FsBridgeError('EPERM', target, `the user ${user} mounted it`, advice);
  }
  const isLazy = options.lazy === true || options.force === true;
  const ended = takeOut(['umount', '-i', ...(isLazy ? ['-l'] : []), target], target);
  const late = sleep(foreignTimeoutMs, true, { ref: false });
  if ((await Promise.race([ended, late])) === true) {
    const why = `the process of the user ${user}, who mounted it, does not let it go`;
    throw new FsBridgeError('ERR_NO_ANSWER', target, why, '--lazy detaches it now.');
  }
  warn(
    `${target}: it was the mount of another user, ${user}; it is out of the tree, and ` +
      'whether its data is written only that user can see.',
  );
}

/** Removes a mount from the tree of directories, where its process is dead. */
function detach(target: string): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const command = isRoot ? ['umount', '-i', '-l', target] : ['fusermount3', '-u', '-z', target];
  return takeOut(command, target);
}

async function takeOut([program, ...args]: readonly string[], target: string): Promise<void> {
  try {
    await promisify(execFile)(program as string, args);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    throw new FsBridgeError('EIO', target, `it cannot be detached: ${why}`);
  }
}

async function umountOne(target: string, options: UnmountOptions): Promise<void> {
  const mounts = await findMounts();
  const mount = findMount(mounts, target);
  if (mount !== undefined) return endMount(mount, options);
  for (const name of namesOf(target)) {
    const dead = findMountPoint(name);
    if (dead?.type !== 'fuse.fsbridge') continue;
    const owner = fuseOwner(dead);
    if (owner !== undefined && owner !== process.geteuid?.()) {
      return endForeign(name, owner, options);
    }
    const silent = mounts.find(({ status }) => status === undefined);
    if (silent === undefined) return detach(name);
    if (options.force !== true) throw noAnswer(target, silent);
    await detach(name);
    return;
  }
  throw new FsBridgeError(
    'ERR_NOT_MOUNTED',
    target,
    'fsbridge has nothing mounted there',
    '`fsbridge status` shows what is mounted.',
  );
}

function noAnswer(target: string, { control }: FoundMount): FsBridgeError {
  return new FsBridgeError(
    'ERR_NO_ANSWER',
    target,
    `its process, perhaps ${control.pid}, does not answer`,
    'Its disk may hang. --force detaches it anyway.',
  );
}

async function umount(targets: readonly string[], options: UnmountOptions): Promise<void> {
  let failed = 0;
  for (const target of targets) {
    try {
      await umountOne(target, options);
    } catch (error) {
      if (targets.length === 1 || !(error instanceof FsBridgeError)) throw error;
      report(error);
      failed++;
    }
  }
  if (failed > 0) throw new PartlyFailed(failed);
}

const notes = `
Returns when everything is written and the source is closed. Then the disk may be removed. With
--lazy it returns at once.`;

export function umountCommand(): Command {
  const command = newCommand('umount', 'end a mount', [
    'umount /mnt',
    'umount disk.img                # by its source',
    'umount /mnt --lazy             # ends when the last program leaves it',
  ]);
  return command
    .argument('<target...>', 'the place where it is mounted, or its source')
    .option('--lazy', 'detach it now; it ends when it is no longer used')
    .option('--force', 'end it now: programs that use it get errors')
    .addHelpText('after', notes)
    .action(umount);
}
