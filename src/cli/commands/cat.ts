/** `fsbridge cat`: a file's content to standard output. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { FsBridgeError } from '../../errors.ts';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { escapeName } from '../../observe/display-names.ts';
import { check } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../../vfs-linux/calls.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { typeName } from '../file-types.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { findPlace, openAt, typeAt } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

const pieceBytes = 1024 * 1024;

/** Copies the content to standard output, and reads one piece ahead of the one it writes. */
async function copyOut(calls: LinuxCalls, fd: Fd, path: Buffer): Promise<void> {
  let [current, next] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
  let offsetBytes = 0;
  let reading = calls.pread(fd, current, offsetBytes);
  for (;;) {
    const got = check(await reading, path);
    if (got === 0) return;
    offsetBytes += got;
    reading = calls.pread(fd, next, offsetBytes);
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
    const { calls } = volume;
    const place = await findPlace(calls, argumentBytes(path));
    const type = await typeAt(calls, place);
    // open(2) of a fifo would wait for a writer, and open(2) of a device would open one of this
    // kernel.
    if (type !== abi.S_IFREG && type !== abi.S_IFDIR) {
      const why = `it is a ${typeName(type)}, which has no content of its own`;
      const advice = '`fsbridge ls -l` shows what it is; `fsbridge get` copies it.';
      throw new FsBridgeError('EINVAL', escapeName(place.path), why, advice);
    }
    const fd = await openAt(calls, place, abi.O_RDONLY | abi.O_NOATIME);
    await copyOut(calls, fd, place.path);
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
