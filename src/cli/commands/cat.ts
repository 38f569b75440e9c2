/** `fsbridge cat`: a file's content to standard output. */
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { copyContent } from '../file-content.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { withVolume } from '../with-volume.ts';

async function cat(source: string, path: string, options: VolumeOptions): Promise<void> {
  await withVolume(source, options, ({ calls }) =>
    copyContent(calls, argumentBytes(path), (bytes) => output.write(bytes)),
  );
}

export function catCommand(): Command {
  const command = newCommand('cat', "write a file's content to standard output", [
    'cat disk.img /etc/fstab',
    'cat --volume 2 disk.img /var/log/syslog | tail',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<path>', 'the file')
    .action(cat);
}
