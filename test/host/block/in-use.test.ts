/** How a host uses a source, with real loop devices and mounts. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { assertNotInUse, inUseWarnings } from '../../../src/block/linux/in-use.ts';
import { patternBytes, refusal, run, scratchFolder } from '../../support/block.ts';
import { attachLoop, noLoop } from '../../support/native/loop-device.ts';
import { testUnless } from '../../support/needs.ts';

const mib = 1024 * 1024;
const withLoop = testUnless(noLoop);

function mountedImage(
  program: string,
  ...args: string[]
): { image: string; device: string; mount: string } {
  const folder = scratchFolder();
  const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mnt')];
  fs.mkdirSync(mount);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 128 * mib);
  run(program, ...args, image);
  const device = attachLoop(image);
  run('mount', device, mount);
  onTestFinished(() => {
    run('umount', mount);
  });
  return { image, device, mount };
}

// A btrfs has a device number of its own.
for (const program of ['mkfs.ext4', 'mkfs.btrfs']) {
  withLoop(`a mounted file system is found by its file and by its disk: ${program}`, async () => {
    const { image, device, mount } = mountedImage(program, '-q');
    expect((await refusal(assertNotInUse(image))).why).toBe(
      `it is mounted at ${mount} through ${device}`,
    );
    expect((await refusal(assertNotInUse(device))).why).toBe(`it is mounted at ${mount}`);
    expect(await inUseWarnings(image)).toHaveLength(1);
  });
}

withLoop('an attached file is in use until it is detached', async () => {
  const image = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(image, patternBytes(mib));
  const device = run('losetup', '--find', '--show', image);
  try {
    const error = await refusal(assertNotInUse(image));
    expect(error.why).toBe(`it is attached to ${device}, which can be written`);
    await expect(assertNotInUse(device)).resolves.toBeUndefined();
  } finally {
    run('losetup', '--detach', device);
  }
  await expect(assertNotInUse(image)).resolves.toBeUndefined();
});

withLoop(
  'a file system that is mounted through another loop device on the same file is found',
  async () => {
    const { image, device, mount } = mountedImage('mkfs.ext4', '-q');
    const other = attachLoop(image);
    expect((await refusal(assertNotInUse(other))).why).toBe(
      `it is mounted at ${mount} through ${device}`,
    );
    expect(await inUseWarnings(other)).toHaveLength(1);
  },
);
