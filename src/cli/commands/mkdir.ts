/** `fsbridge mkdir`: makes directories. */
import type { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { callError, check } from '../../observe/messages.ts';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../vfs-linux/calls.ts';
import { closePlace, joinNames, splitPath } from '../../vfs-linux/tree/place.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { parseMode } from '../format.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { findPlace } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

interface MkdirOptions extends VolumeOptions {
  readonly parents?: boolean;
  readonly mode?: number;
}

const defaultMode = 0o755;

/** Makes one directory. With `orPresent`, one that is there already is no failure. */
async function makeOne(
  calls: LinuxCalls,
  path: Buffer,
  mode: number | undefined,
  orPresent: boolean,
): Promise<void> {
  const place = await findPlace(calls, path);
  const ret = await calls.mkdirat(place.dirfd, place.name, mode ?? defaultMode);
  if (ret === -errno.EEXIST && orPresent) {
    const found = check(await calls.statx(place.dirfd, place.name), path);
    if (found.type !== abi.S_IFDIR) throw callError(ret, path);
  } else {
    check(ret, path);
    // mkdir(2) ignores the setuid, setgid and sticky bits.
    if (mode !== undefined) check(await calls.fchmodat2(place.dirfd, place.name, mode), path);
  }
  await closePlace(calls, place);
}

async function mkdir(
  source: string,
  paths: readonly string[],
  options: MkdirOptions,
): Promise<void> {
  requireWrite('mkdir', options);
  const parents = options.parents === true;
  await withVolume(source, options, async (volume) => {
    for (const path of paths) {
      const names = splitPath(argumentBytes(path));
      for (let depth = parents ? 1 : names.length; depth < names.length; depth++) {
        await makeOne(volume.calls, joinNames(names.slice(0, depth)), undefined, true);
      }
      await makeOne(volume.calls, joinNames(names), options.mode, parents);
    }
  });
}

export function mkdirCommand(): Command {
  const command = newCommand('mkdir', 'make directories', [
    'mkdir disk.img /srv/www --rw',
    'mkdir -p --mode 700 disk.img /home/me/.ssh --rw',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<path...>', 'the directories')
    .option('-p, --parents', 'make the directories above too; existing ones are no error')
    .option('--mode <mode>', 'permissions in octal (default: 755)', (text) =>
      parseMode(text, '--mode'),
    )
    .action(mkdir);
}
