/** `fsbridge mv`: renames an entry, or moves it to another directory of the same volume. */
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { check } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { at } from '../../vfs-linux/calls.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { volumeTarget } from '../copy/places.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { findPlace } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

async function mv(source: string, from: string, to: string, options: VolumeOptions): Promise<void> {
  requireWrite('mv', options);
  await withVolume(source, options, async (volume) => {
    const { calls } = volume;
    const old = await findPlace(volume.calls, argumentBytes(from));
    check(await calls.statx(old.dirfd, old.name, abi.AT_SYMLINK_NOFOLLOW), old.path);
    const target = await volumeTarget(volume.calls, argumentBytes(to), old.name);
    const ret = await calls.renameat2(at(old.dirfd, old.name), at(target.folder, target.name));
    check(ret, `${from} -> ${to}`);
  });
}

export function mvCommand(): Command {
  const command = newCommand('mv', 'rename, or move to another directory of the volume', [
    'mv disk.img /etc/fstab /etc/fstab.old --rw',
    'mv disk.img /home/me/notes /srv --rw      # to /srv/notes if /srv is a directory',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<from>', 'what to move')
    .argument('<to>', 'its new name, or a directory')
    .action(mv);
}
