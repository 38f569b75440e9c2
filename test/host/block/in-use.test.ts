/**
 * What the host does with a source: in made-up trees of sysfs and procfs for what a test cannot set
 * up everywhere, and with real loop devices and mounts where it can (root, on Linux).
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertNotInUse, inUseWarnings } from '../../../src/block/linux/in-use.ts';
import type { HostFolders } from '../../../src/host/device-number.ts';
import {
  attachLoop,
  canUseLoop,
  patternBytes,
  refusal,
  run,
  scratchFolder,
  writeTree,
} from '../../support/block.ts';

const MIB = 1024 * 1024;
const onLinux = test.skipIf(process.platform !== 'linux');
const withLoop = test.skipIf(!canUseLoop);

interface MadeUpHost {
  readonly folders: HostFolders;
  readonly image: string;
}

/** A host with one image file attached to /dev/loop3 (7:3), which has one partition (259:9). */
function madeUpHost(options: {
  mounts?: string[];
  swaps?: string[];
  readOnly?: boolean;
}): MadeUpHost {
  const root = scratchFolder();
  const image = join(root, 'disk.img');
  fs.writeFileSync(image, patternBytes(4096));
  const link = join(root, 'link.img');
  fs.linkSync(image, link);
  const [sys, proc] = [join(root, 'sys'), join(root, 'proc')];
  writeTree(sys, {
    'block/loop3/dev': '7:3\n',
    'block/loop3/ro': options.readOnly ? '1\n' : '0\n',
    'block/loop3/loop/backing_file': `${link}\n`,
    'block/loop3/loop3p1/dev': '259:9\n',
    'block/loop3/loop3p1/partition': '1\n',
    'block/loop4/dev': '7:4\n',
    'block/loop4/ro': '0\n',
    'block/loop4/loop/backing_file': `${join(root, 'gone.img')} (deleted)\n`,
  });
  writeTree(proc, {
    'self/mountinfo': (options.mounts ?? []).map((line) => `${line}\n`).join(''),
    swaps: ['Filename Type Size Used Priority', ...(options.swaps ?? [])].join('\n'),
  });
  return { folders: { sys, proc }, image };
}

const MOUNT_OF_PARTITION =
  '36 35 259:9 / /media/my\\040disk rw,noatime shared:1 - ext4 /dev/loop3p1 rw';
const MOUNT_READ_ONLY = '36 35 7:3 / /mnt ro - erofs /dev/loop3 ro';
const MOUNT_OF_OTHERS = '27 1 254:0 / / rw,relatime - ext4 /dev/none rw';

onLinux('a file that nobody uses may be written', async () => {
  const { folders } = madeUpHost({ mounts: [MOUNT_OF_OTHERS] });
  const other = join(scratchFolder(), 'other.img');
  fs.writeFileSync(other, patternBytes(4096));
  await expect(assertNotInUse(other, folders)).resolves.toBeUndefined();
  expect(await inUseWarnings(other, folders)).toEqual([]);
});

onLinux(
  'a file on a loop device that can be written is in use, whatever its other name',
  async () => {
    const { folders, image } = madeUpHost({ mounts: [MOUNT_OF_OTHERS] });
    const error = await refusal(assertNotInUse(image, folders));
    expect(error.code).toBe('ERR_SOURCE_IN_USE');
    expect(error.why).toBe('it is attached to /dev/loop3, which can be written');
    expect(error.advice).toContain('losetup -d /dev/loop3');
    expect(await inUseWarnings(image, folders)).toEqual([]);
  },
);

onLinux('a file on a read-only loop device that nobody mounted is not in use', async () => {
  const { folders, image } = madeUpHost({ readOnly: true });
  await expect(assertNotInUse(image, folders)).resolves.toBeUndefined();
});

onLinux(
  'a mounted partition of a file is named with its folder, and a reader is warned',
  async () => {
    const { folders, image } = madeUpHost({ mounts: [MOUNT_OF_PARTITION] });
    const error = await refusal(assertNotInUse(image, folders));
    expect(error.why).toBe('it is mounted at /media/my disk through /dev/loop3p1');
    const [warning] = await inUseWarnings(image, folders);
    expect(warning).toContain('is mounted at /media/my disk through /dev/loop3p1');
  },
);

onLinux('a read-only mount keeps writers out, but does not worry readers', async () => {
  const { folders, image } = madeUpHost({ mounts: [MOUNT_READ_ONLY], readOnly: true });
  expect((await refusal(assertNotInUse(image, folders))).why).toBe(
    'it is mounted at /mnt through /dev/loop3',
  );
  expect(await inUseWarnings(image, folders)).toEqual([]);
});

onLinux(
  "a partition that belongs to a mapped device, and that device's mount, are told",
  async () => {
    const { folders, image } = madeUpHost({
      readOnly: true,
      mounts: ['36 35 253:0 / /srv rw - xfs /dev/mapper/vg-data rw'],
    });
    writeTree(folders.sys, {
      'block/loop3/loop3p1/holders/dm-0/.keep': '',
      'class/block/dm-0/dev': '253:0\n',
      'class/block/dm-0/ro': '0\n',
      'class/block/dm-0/dm/name': 'vg-data\n',
    });
    const error = await refusal(assertNotInUse(image, folders));
    expect(error.why).toBe(
      'it is part of /dev/mapper/vg-data; it is mounted at /srv through /dev/dm-0',
    );
    expect(await inUseWarnings(image, folders)).toHaveLength(2);
  },
);

onLinux('a second disk of a mounted btrfs is in use', async () => {
  const { folders, image } = madeUpHost({ readOnly: true });
  writeTree(folders.sys, { 'fs/btrfs/1234-abcd/devices/loop3/.keep': '' });
  expect((await refusal(assertNotInUse(image, folders))).why).toBe(
    'it is part of the mounted btrfs 1234-abcd',
  );
});

onLinux('a swap file is in use', async () => {
  const image = join(scratchFolder(), 'my swap');
  fs.writeFileSync(image, patternBytes(4096));
  const { folders } = madeUpHost({ swaps: [`${image.replace(' ', '\\040')} file 1024 0 -2`] });
  const error = await refusal(assertNotInUse(image, folders));
  expect(error.why).toBe("it is this computer's swap space");
});

onLinux('a file that a program mounts itself (FUSE) is in use by its source', async () => {
  const image = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(image, patternBytes(4096));
  const { folders } = madeUpHost({ mounts: [`90 27 0:55 / /mnt rw - fuse.fuse2fs ${image} rw`] });
  expect((await refusal(assertNotInUse(image, folders))).why).toBe('it is mounted at /mnt');
});

onLinux('a missing file is ENOENT', async () => {
  expect((await refusal(assertNotInUse(join(scratchFolder(), 'none')))).code).toBe('ENOENT');
});

function mountedImage(
  program: string,
  ...args: string[]
): { image: string; device: string; mount: string } {
  const folder = scratchFolder();
  const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mnt')];
  fs.mkdirSync(mount);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 128 * MIB);
  run(program, ...args, image);
  const device = attachLoop(image);
  run('mount', device, mount);
  onTestFinished(() => {
    run('umount', mount);
  });
  return { image, device, mount };
}

withLoop.for([
  ['mkfs.ext4', '-q'],
  // A btrfs has a device number of its own.
  ['mkfs.btrfs', '-q'],
])(
  'a file system that is really mounted is found by its file and by its disk: %s',
  async ([program = '', ...args]) => {
    const { image, device, mount } = mountedImage(program, ...args);
    expect((await refusal(assertNotInUse(image))).why).toBe(
      `it is mounted at ${mount} through ${device}`,
    );
    expect((await refusal(assertNotInUse(device))).why).toBe(`it is mounted at ${mount}`);
    expect(await inUseWarnings(image)).toHaveLength(1);
  },
);

withLoop('a file that is really attached is in use until it is detached', async () => {
  const image = join(scratchFolder(), 'disk.img');
  fs.writeFileSync(image, patternBytes(MIB));
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
