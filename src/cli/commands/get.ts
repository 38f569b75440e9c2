/** `fsbridge get`: from a volume to the host. */
import type { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { callError } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Fd } from '../../vfs-linux/calls.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { traitsOf } from '../../vfs-linux/file-system-traits.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { HostSide } from '../copy/host-side.ts';
import type { CopyPlace } from '../copy/places.ts';
import { hostTarget, volumeSource } from '../copy/places.ts';
import { CopyReport } from '../copy/report.ts';
import { printCopy, runCopy } from '../copy/run-copy.ts';
import { VolumeSide } from '../copy/volume-side.ts';
import { copyContent } from '../file-content.ts';
import { type NamedOutput, namedOutput } from '../named-output.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { withVolume } from '../with-volume.ts';

/** How many bytes there are to copy, which is known beforehand of a file and of a whole volume. */
async function totalOf(volume: Volume, from: CopyPlace<Fd>): Promise<number | undefined> {
  const found = await volume.calls.statx(from.folder, from.name, abi.AT_SYMLINK_NOFOLLOW);
  if (isErrno(found)) throw callError(found, from.name);
  if (found.type === abi.S_IFREG) return found.size;
  if (from.name.toString() !== '.') return undefined;
  const { blocks, bfree, frsize } = await volume.statfs();
  return (blocks - bfree) * frsize;
}

/** Whether the content is meant, and not the entry: a link can also be replaced by a folder. */
async function hasContentFor(to: NamedOutput, volume: Volume, path: string): Promise<boolean> {
  if (!to.isFile) return true;
  const from = await volumeSource(volume.calls, argumentBytes(path));
  const found = await volume.calls.statx(from.folder, from.name, abi.AT_SYMLINK_NOFOLLOW);
  return !isErrno(found) && found.type === abi.S_IFREG;
}

/** Writes a file's content to an output that a person has named. */
async function writeContent(volume: Volume, path: Buffer, to: NamedOutput): Promise<CopyReport> {
  const report = new CopyReport();
  await to.withSink((sink) =>
    copyContent(volume.calls, path, (bytes) => {
      report.bytes += bytes.length;
      return sink(bytes);
    }),
  );
  report.copied(abi.S_IFREG);
  return report;
}

async function get(
  source: string,
  path: string,
  destination: string,
  options: VolumeOptions,
): Promise<void> {
  const through = namedOutput(argumentBytes(destination));
  const report = await withVolume(source, options, async (volume) => {
    if (through !== undefined && (await hasContentFor(through, volume, path))) {
      return writeContent(volume, argumentBytes(path), through);
    }
    const from = await volumeSource(volume.calls, argumentBytes(path));
    const totalBytes = await totalOf(volume, from);
    const host = new HostSide();
    const into = await hostTarget(host, argumentBytes(destination), from.name);
    return runCopy({
      source: new VolumeSide(volume.calls, traitsOf(volume.type)),
      target: host,
      root: { source: from.folder, sourceName: from.name, target: into.folder, name: into.name },
      totalBytes,
    });
  });
  if (through?.isStdout !== true) await printCopy(report, options.json === true);
}

const notes = `
Copies as \`cp -a\` does: into DEST if that is a directory, else under the name DEST. Keeps modes,
hard links between the files, symbolic links and holes; root also gets owners and devices. On a
Linux host times are exact to the nanosecond, and extended attributes (access lists, capabilities)
are kept. On another host times are as exact as Node can set them, and attributes and special
files are left out. A DEST that is a symbolic link to a file, a fifo or /dev/stdout is written
through; - is standard output. If an entry cannot be copied, it is named, the rest is copied, and
the exit code is 1.`;

export function getCommand(): Command {
  const command = newCommand('get', 'copy a file or a tree out of a volume', [
    'get disk.img /etc/hosts .          # one file into this directory',
    'get disk.img /home backup          # a tree, as "backup" or into it',
    'get disk.img /var/log/syslog - | tail  # to standard output',
    'get --volume root disk.img / tree  # everything on the volume labelled "root"',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<path>', 'what to copy')
    .argument('<dest>', 'where to, on this computer; - is standard output')
    .option('--json', 'print what was copied as JSON')
    .addHelpText('after', notes)
    .action(get);
}
