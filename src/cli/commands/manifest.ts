/** `fsbridge manifest`: prints every entry as a line of JSON. */
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { readManifest } from '../manifest.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { Progress } from '../progress.ts';
import { withVolume } from '../with-volume.ts';

interface ManifestOptions extends VolumeOptions {
  readonly hash?: boolean;
}

async function manifest(source: string, path: string, options: ManifestOptions): Promise<void> {
  const hash = options.hash === true;
  await withVolume(source, options, async (volume) => {
    const { blocks, bfree, frsize } = await volume.statfs();
    const progress = new Progress(hash ? (blocks - bfree) * frsize : undefined);
    try {
      const reading = { hash, onProgress: progress.add };
      const lines = await readManifest(volume.calls, argumentBytes(path), reading);
      progress.end();
      for (const line of lines) await output.jsonLine(line.text);
    } finally {
      progress.end();
    }
  });
}

const notes = `
A line has path, type, mode (a number), uid, gid, nlink, mtime (seconds and nanoseconds), and where
they apply size, rdev, target, xattrs (values in base64) and sha256. A path or target that is not
UTF-8 is given in base64 as path64 or target64. An entry that cannot be read has the errno as error.
Lines are sorted by the bytes of their paths, so two manifests can be compared with diff(1).`;

export function manifestCommand(): Command {
  const command = newCommand('manifest', 'list everything on a volume, one JSON object a line', [
    'manifest disk.img > before.jsonl     # for comparing with diff(1) later',
    'manifest --hash disk.img /etc        # with the sha256 of each file',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('[path]', 'where to start', '/')
    .option('--hash', 'add the sha256 of regular files')
    .option('--json', 'accepted, without effect: a manifest is always JSON')
    .addHelpText('after', notes)
    .action(manifest);
}
