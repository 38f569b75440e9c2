/** `fsbridge cat`: a file's content to standard output. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { FsBridgeError } from '../../errors.ts';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { escapeName } from '../../observe/display-names.ts';
import { check } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { withVolume } from '../../volumes/with-volume.ts';
import { typeName } from '../describe.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { openHeld, openPlace } from '../volume-path.ts';

const pieceBytes = 1024 * 1024;

/** Reads one piece ahead of the one that is written. */
async function copyOut(volume: Volume, fd: number, path: Buffer): Promise<void> {
  let [current, next] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
  let offsetBytes = 0;
  let reading = volume.calls.pread(fd, current, offsetBytes);
  for (;;) {
    const got = check(await reading, path);
    if (got === 0) return;
    offsetBytes += got;
    reading = volume.calls.pread(fd, next, offsetBytes);
    try {
      await output.write(current.subarray(0, got));
    } catch (error) {
      await reading;
      throw error;
    }
    [current, next] = [next, current];
  }
}

async function cat(source: string, path: string, options: VolumeOptions): Promise<void> {
  await withVolume(source, options, async (volume) => {
    const place = await openPlace(volume, argumentBytes(path));
    const found = check(await volume.calls.statx(place.fd, place.name), place.path);
    // open(2) of a fifo would wait for a writer, and that of a device reach into this kernel.
    if (found.type !== abi.S_IFREG && found.type !== abi.S_IFDIR) {
      const why = `it is a ${typeName(found.type)}, which has no content of its own`;
      const advice = '`fsbridge ls -l` shows what it is; `fsbridge get` copies it.';
      throw new FsBridgeError('EINVAL', escapeName(place.path), why, advice);
    }
    const opened = await openHeld(volume, place.fd, place.name, abi.O_RDONLY | abi.O_NOATIME);
    const { fd } = check(opened, place.path);
    await copyOut(volume, fd, place.path);
  });
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
