/** How a host uses a source, read from made-up trees of sysfs and procfs. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { assertNotInUse, inUseWarnings } from '../../../../src/block/linux/in-use.ts';
import type { HostFolders } from '../../../../src/host/device-number.ts';
import { patternBytes, refusal, scratchFolder, writeTree } from '../../../support/block.ts';
import { notLinux, testUnless } from '../../../support/needs.ts';

const onLinux = testUnless(notLinux);

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

const partitionMount =
  '36 35 259:9 / /media/my\\040disk rw,noatime shared:1 - ext4 /dev/loop3p1 rw';
const readOnlyMount = '36 35 7:3 / /mnt ro - erofs /dev/loop3 ro';
const otherMount = '27 1 254:0 / / rw,relatime - ext4 /dev/none rw';

onLinux('an unused file may be written', async () => {
  const { folders } = madeUpHost({ mounts: [otherMount] });
  const other = join(scratchFolder(), 'other.img');
  fs.writeFileSync(other, patternBytes(4096));
  await expect(assertNotInUse(other, folders)).resolves.toBeUndefined();
  expect(await inUseWarnings(other, folders)).toEqual([]);
});

onLinux(
  'a file on a loop device that can be written is in use, whatever its other name',
  async () => {
    const { folders, image } = madeUpHost({ mounts: [otherMount] });
    const error = await refusal(assertNotInUse(image, folders));
    expect(error.code).toBe('ERR_SOURCE_IN_USE');
    expect(error.why).toBe('it is attached to /dev/loop3, which can be written');
    expect(error.advice).toContain('losetup -d /dev/loop3');
    expect(await inUseWarnings(image, folders)).toEqual([]);
  },
);

onLinux('a file on a read-only loop device without a mount is not in use', async () => {
  const { folders, image } = madeUpHost({ readOnly: true });
  await expect(assertNotInUse(image, folders)).resolves.toBeUndefined();
});

onLinux(
  'a mounted partition of a file is named with its folder, and a reader is warned',
  async () => {
    const { folders, image } = madeUpHost({ mounts: [partitionMount] });
    const error = await refusal(assertNotInUse(image, folders));
    expect(error.why).toBe('it is mounted at /media/my disk through /dev/loop3p1');
    const [warning] = await inUseWarnings(image, folders);
    expect(warning).toContain('is mounted at /media/my disk through /dev/loop3p1');
  },
);

onLinux('a read-only mount keeps writers out, and brings readers no warning', async () => {
  const { folders, image } = madeUpHost({ mounts: [readOnlyMount], readOnly: true });
  expect((await refusal(assertNotInUse(image, folders))).why).toBe(
    'it is mounted at /mnt through /dev/loop3',
  );
  expect(await inUseWarnings(image, folders)).toEqual([]);
});

onLinux(
  'a partition that belongs to a mapped device is in use by it, and by its mount',
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
