/** `fsbridge rm`: removes files and trees. */
import type { Command } from 'commander';
import { FsBridgeError } from '../../errors.ts';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { interruption } from '../../host/interrupt.ts';
import { callError, check, PartlyFailed, report } from '../../observe/messages.ts';
import { type Place, pathOf } from '../../vfs-linux/tree/place.ts';
import { removeTree } from '../../vfs-linux/tree/remove.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { findPlace } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

/** Entries that are removed at a time. */
const width = 16;

interface RmOptions extends VolumeOptions {
  readonly recursive?: boolean;
  readonly force?: boolean;
}

/** Removes the entry at a place. `onError` gets each failure; everything else is removed. */
async function removePlace(
  volume: Volume,
  place: Place,
  recursive: boolean,
  onError: (error: FsBridgeError) => void,
): Promise<void> {
  const { calls } = volume;
  if (place.name.toString() === '.') {
    const advice = 'Name the entries in it one by one.';
    throw new FsBridgeError('EBUSY', '/', 'the root directory cannot be removed', advice);
  }
  if (!recursive) {
    check(await calls.unlinkat(place.dirfd, place.name), place.path);
    return;
  }
  await removeTree(calls, place, {
    width,
    signal: interruption,
    onError: ({ ret, path }) => {
      if (volume.kernel.failure !== undefined) throw volume.kernel.failure;
      onError(callError(ret, pathOf(path)));
    },
  });
}

async function rm(source: string, paths: readonly string[], options: RmOptions): Promise<void> {
  requireWrite('rm', options);
  let failed = 0;
  const onError = (error: FsBridgeError): void => {
    if (error.code === 'ENOENT' && options.force === true) return;
    failed++;
    const isDirectory = error.code === 'EISDIR';
    const advice = isDirectory ? 'Add -r to remove directories.' : error.advice;
    report(new FsBridgeError(error.code, error.what, error.why, advice));
  };
  await withVolume(source, options, async (volume) => {
    for (const path of paths) {
      try {
        const place = await findPlace(volume.calls, argumentBytes(path));
        await removePlace(volume, place, options.recursive === true, onError);
      } catch (error) {
        if (!(error instanceof FsBridgeError)) throw error;
        if (volume.kernel.failure !== undefined) throw error;
        onError(error);
      }
    }
  });
  if (failed > 0) throw new PartlyFailed(failed);
}

export function rmCommand(): Command {
  const command = newCommand('rm', 'remove files, and with -r directories', [
    'rm disk.img /etc/nologin --rw',
    'rm -r disk.img /var/tmp/build --rw',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<path...>', 'what to remove')
    .option('-r, --recursive', 'remove directories and everything in them')
    .option('-f, --force', 'do not complain about paths that do not exist')
    .action(rm);
}
