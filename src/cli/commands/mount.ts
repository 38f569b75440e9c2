/** `fsbridge mount`: a volume as a directory of Linux or a drive of Windows. */
import { type Command, Option } from 'commander';
import { collectIdMapping } from '../../daemon/id-mapping.ts';
import type { MountCommandOptions } from '../../daemon/mount-command-options.ts';
import { runMount } from '../../daemon/run-mount.ts';
import { newCommand, withVolumeOptions } from '../options.ts';

const notes = `
TARGET is an empty directory on Linux; on Windows a drive letter (L:), * for a free one, \\\\.\\L: for
all users, or a directory that does not exist yet.
The command returns when the mount answers; a process of its own serves it until \`fsbridge umount\`,
umount(8) or a signal such as SIGTERM ends it. \`fsbridge status\` shows it.
Without --rw nothing in SOURCE changes: a journal that waits for its replay is replayed in memory.
With it, what programs write is on the disk after fsync(2) or umount, or else some seconds later;
sync(1) alone does not reach the disk, as Linux does not pass it on to FUSE. Reading changes no time
of access; with \`--options relatime\` it does, as on a mount of Linux's own.
Linux's mount(8) knows it as \`mount -t fuse.fsbridge SOURCE TARGET -o rw,volume=2\`, and /etc/fstab
too. There it is written only where rw is among the options that were given, for mount(8) itself
says rw to everybody; \`-o write\` says it without doubt. umount(8) alone returns while the rest is still
being written; \`fsbridge umount\` and the next mount wait for it, and so does umount(8) where
/sbin/umount.fuse.fsbridge is a link to the command of that name.`;

export function mountCommand(): Command {
  const command = newCommand('mount', 'show a volume as a directory or a drive', [
    'mount disk.img /mnt                            # for reading',
    'mount /dev/sdb /mnt --volume 2 --rw            # one partition, for writing',
    'mount disk.img /mnt --foreground --verbose     # stay, and tell what happens',
    'mount \\\\.\\PhysicalDrive1 L: --volume 1         # a drive letter',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<target>', 'where to: an empty directory, or a drive letter')
    .option('--foreground', 'do not become a process of its own: end it with Ctrl-C')
    .option('--log <file>', "the log of the mount's process, instead of the common one")
    .option('--trace <file>', 'write where the time goes, for ui.perfetto.dev')
    .option('--allow-other', 'Linux: let other users in, where modes allow it (root does so)')
    .option('--host-options <options>', "Linux: the mount's own flags, such as nosuid,noexec")
    .option('--network', 'Windows: a network drive, without recycle bin and thumbnails')
    .option('--label <label>', "Windows: the drive's name, instead of the volume's label")
    .addOption(
      new Option('--permissions <how>', 'Windows: who may do what (default: map)').choices([
        'ignore',
        'map',
        'enforce',
      ]),
    )
    .addOption(
      new Option('--case <how>', 'Windows: whether names differ in case alone').choices([
        'sensitive',
        'insensitive',
      ]),
    )
    .option(
      '--uid-map <id=sid>',
      'Windows: the SID of a Linux user (g before the id: group)',
      collectIdMapping,
    )
    .addHelpText('after', notes)
    .action((source: string, target: string, options: MountCommandOptions) =>
      runMount(source, target, options),
    );
}
