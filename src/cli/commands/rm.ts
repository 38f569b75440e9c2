/** `fsbridge rm`: remove files and trees. */
import type { Command } from 'commander';
import { FsBridgeError } from '../../errors.ts';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { PartlyFailed, report } from '../../observe/messages.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { withVolume } from '../../volumes/with-volume.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { removeTree } from '../remove-tree.ts';
import { openPlace } from '../volume-path.ts';

interface RmOptions extends VolumeOptions {
  readonly recursive?: boolean;
  readonly force?: boolean;
}

async function rm(source: string, paths: readonly string[], options: RmOptions): Promise<void> {
  requireWrite('rm', options);
  let failed = 0;
  const onError = (error: unknown): void => {
    const absent = error instanceof FsBridgeError && error.code === 'ENOENT';
    if (absent && options.force === true) return;
    failed++;
    if (error instanceof FsBridgeError && error.code === 'EISDIR') {
      report(new FsBridgeError(error.code, error.what, error.why, 'Add -r to remove directories.'));
    } else {
      report(error);
    }
  };
  await withVolume(source, options, async (volume) => {
    for (const path of paths) {
      try {
        const place = await openPlace(volume, argumentBytes(path));
        if (place.name.toString() === '.') {
          const advice = 'Remove what is in it: name the entries one by one.';
          throw new FsBridgeError('EBUSY', '/', 'the root directory cannot be removed', advice);
        }
        await removeTree(volume, place, { recursive: options.recursive === true, onError });
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
    .option('-f, --force', 'say nothing of what is not there')
    .action(rm);
}
