/** `fsbridge mount`: shows a volume as a directory of Linux or a drive of Windows. */
import { type Command, Option } from 'commander';
import { collectIdMapping } from '../../daemon/id-mapping.ts';
import type { MountCommandOptions } from '../../daemon/mount-command-options.ts';
import { runMount } from '../../daemon/run-mount.ts';
import { newCommand, withVolumeOptions } from '../options.ts';

const notes = `
TARGET is an empty directory on Linux. On Windows it is a drive letter (L:), * for a free letter,
\\\\.\\L: for all users, or a directory that does not exist yet.
The command returns when the mount answers. A process of its own serves the mount until
\`fsbridge umount\`, umount(8) or a signal such as SIGTERM ends it. \`fsbridge status\` shows it.
Without --rw nothing in SOURCE changes: if its journal has to be replayed, that happens in memory.
With --rw, data is on the disk after fsync(2), after umount, or some seconds after it was written.
sync(1) alone does not reach the disk, as Linux does not pass it on to FUSE. Reading changes no time
of access; with \`--options relatime\` it does, as on a mount of Linux's own.
mount(8) of Linux and /etc/fstab can mount as well:
  mount -t fuse.fsbridge SOURCE TARGET -o rw,volume=2
There the volume is writable only if rw was among the options that were given, because mount(8)
adds rw of its own accord; \`-o write\` is never ambiguous. umount(8) alone returns while data is
still being written. \`fsbridge umount\` and the next mount wait for it, and so does umount(8) if
/sbin/umount.fuse.fsbridge is a link to the command of that name.`;

export function mountCommand(): Command {
  const command = newCommand('mount', 'show a volume as a directory or a drive', [
    'mount disk.img /mnt                            # for reading',
    'mount /dev/sdb /mnt --volume 2 --rw            # one partition, for writing',
    'mount disk.img /mnt --foreground --verbose     # stay, and show the kernel log',
    'mount \\\\.\\PhysicalDrive1 L: --volume 1         # a drive letter',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<target>', 'an empty directory, or a drive letter')
    .option('--foreground', 'stay in this process, until Ctrl-C')
    .option('--log <file>', "write the log of the mount's process to this file")
    .option('--trace <file>', 'record how long each request takes, for ui.perfetto.dev')
    .option('--allow-other', 'Linux: let other users in, as modes allow (default for root)')
    .option('--host-options <options>', "Linux: the mount's own flags, such as nosuid,noexec")
    .option('--network', 'Windows: a network drive, without recycle bin and thumbnails')
    .option('--label <label>', "Windows: the drive's name, instead of the volume's label")
    .addOption(
      new Option('--permissions <how>', 'Windows: how access is checked (default: map)').choices([
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
