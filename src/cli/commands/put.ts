/** `fsbridge put`: from the host into a volume. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { traitsOf } from '../../vfs-linux/file-system-traits.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { HostSide } from '../copy/host-side.ts';
import { hostSource, volumeTarget } from '../copy/places.ts';
import { printCopy, runCopy } from '../copy/run-copy.ts';
import { StdinSide } from '../copy/stdin-side.ts';
import { VolumeSide } from '../copy/volume-side.ts';
import { newCommand, requireWrite, withVolumeOptions } from '../options.ts';
import { withVolume } from '../with-volume.ts';

/** Puts what standard input has into one file. */
async function putStdin(source: string, path: string, options: VolumeOptions): Promise<void> {
  const report = await withVolume(source, options, async (volume) => {
    // With this name the path is the file's own, also where a directory is there.
    const into = await volumeTarget(volume.calls, argumentBytes(path), Buffer.from('.'));
    return runCopy({
      source: new StdinSide(),
      target: new VolumeSide(volume.calls, traitsOf(volume.type)),
      root: { source: undefined, sourceName: into.name, target: into.folder, name: into.name },
      totalBytes: undefined,
    });
  });
  await printCopy(report, options.json === true);
}

async function put(
  source: string,
  local: string,
  path: string,
  options: VolumeOptions,
): Promise<void> {
  requireWrite('put', options);
  if (local === '-') return putStdin(source, path, options);
  const host = new HostSide();
  // Looked up before the volume is opened for writing, as a mistake in this name is the likeliest
  // one.
  const from = await hostSource(host, argumentBytes(local));
  const { type, sizeBytes } = await host.attributes(from.folder, from.name);
  const report = await withVolume(source, options, async (volume) => {
    const into = await volumeTarget(volume.calls, argumentBytes(path), from.name);
    return runCopy({
      source: host,
      target: new VolumeSide(volume.calls, traitsOf(volume.type)),
      root: { source: from.folder, sourceName: from.name, target: into.folder, name: into.name },
      totalBytes: type === abi.S_IFREG ? sizeBytes : undefined,
    });
  });
  await printCopy(report, options.json === true);
}

const notes = `
Copies as \`cp -a\` does: into PATH if that is a directory, else under the name PATH. Keeps modes,
owners, times, hard links between the files, symbolic links, holes and special files, and on a Linux
host also nanoseconds and extended attributes. Files that exist already are replaced. If an entry
cannot be copied, it is named, the rest is copied, and the exit code is 1.`;

export function putCommand(): Command {
  const command = newCommand('put', 'copy a file or a tree into a volume', [
    'put disk.img notes.txt /home/me --rw  # one file into a directory',
    'put disk.img site /srv/www --rw       # a tree, as /srv/www or into it',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('<local>', 'what to copy, on this computer; - is standard input')
    .argument('<path>', 'where to')
    .option('--json', 'print what was copied as JSON')
    .addHelpText('after', notes)
    .action(put);
}
