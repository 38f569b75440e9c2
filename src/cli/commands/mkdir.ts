/** `fsbridge mkdir`: make directories. */
import type { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { callError, check } from '../../observe/messages.ts';
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { withVolume } from '../../volumes/with-volume.ts';
import { parseMode } from '../format.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { openPlace, pathOf, splitPath } from '../volume-path.ts';

interface MkdirOptions extends VolumeOptions {
  readonly parents?: boolean;
  readonly mode?: number;
}

const usualMode = 0o755;

/** Makes one directory; with `orPresent` one that is there already will do. */
async function makeOne(
  volume: Volume,
  path: Buffer,
  mode: number | undefined,
  orPresent: boolean,
): Promise<void> {
  const place = await openPlace(volume, path);
  const { calls } = volume;
  const ret = await calls.mkdirat(place.fd, place.name, mode ?? usualMode);
  if (ret === -errno.EEXIST && orPresent) {
    const found = check(await calls.statx(place.fd, place.name), path);
    if (found.type !== abi.S_IFDIR) throw callError(ret, path);
  } else {
    check(ret, path);
    // mkdir(2) leaves out the setuid, setgid and sticky bits.
    if (mode !== undefined) check(await calls.fchmodat2(place.fd, place.name, mode), path);
  }
  await place.close();
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
        await makeOne(volume, pathOf(names.slice(0, depth)), undefined, true);
      }
      await makeOne(volume, pathOf(names), options.mode, parents);
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
    .option('-p, --parents', 'make the directories above as well; what is there already will do')
    .option('--mode <mode>', 'permissions in octal (default: 755)', (text) =>
      parseMode(text, '--mode'),
    )
    .action(mkdir);
}
