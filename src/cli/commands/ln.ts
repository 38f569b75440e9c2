/** `fsbridge ln`: makes a hard link, or with -s a symbolic link. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { check } from '../../observe/messages.ts';
import { at } from '../../vfs-linux/calls.ts';
import { splitPath } from '../../vfs-linux/tree/place.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { volumeTarget } from '../copy/places.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { findPlace } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

interface LnOptions extends VolumeOptions {
  readonly symbolic?: boolean;
}

async function ln(source: string, target: string, link: string, options: LnOptions): Promise<void> {
  requireWrite('ln', options);
  await withVolume(source, options, async (volume) => {
    const { calls } = volume;
    const text = argumentBytes(target);
    const lastName = splitPath(text).at(-1) ?? Buffer.from('.');
    const to = await volumeTarget(volume.calls, argumentBytes(link), lastName);
    if (options.symbolic === true) {
      check(await calls.symlinkat(text, to.folder, to.name), link);
      return;
    }
    const file = await findPlace(volume.calls, text);
    const ret = await calls.linkat(file, at(to.folder, to.name));
    check(ret, `${target} -> ${link}`);
  });
}

export function lnCommand(): Command {
  const command = newCommand('ln', 'make a hard link or a symbolic link', [
    'ln disk.img /srv/data.csv /home/me/data.csv --rw     # a hard link',
    'ln -s disk.img ../usr/lib/os-release /etc/os-release --rw',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<target>', 'the file to link to; with -s any text')
    .argument('<link>', 'the new name, or a directory to put it in')
    .option('-s, --symbolic', 'make a symbolic link')
    .action(ln);
}
