/** What FUSE agrees on with the host, by what the volume's driver can do. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { type Features, probeFeatures } from '../../../src/fuse/negotiation.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless, notInstalled, testUnless } from '../../support/needs.ts';

type Row = readonly [
  type: string,
  mkfs: readonly [string, ...string[]],
  options: string,
  expected: Pick<Features, 'handles' | 'namesLast' | 'writeback'>,
];

/** "A" may be "a", in some directory at least. */
const folding = { handles: true, namesLast: false, writeback: true } as const;
const rows: readonly Row[] = [
  ['ext4', ['mkfs.ext4', '-qF'], '', { handles: true, namesLast: true, writeback: true }],
  [
    // Inodes of 128 bytes have room for whole seconds only.
    'ext4',
    ['mkfs.ext4', '-qF', '-I', '128'],
    '',
    { handles: true, namesLast: true, writeback: false },
  ],
  ['ext4', ['mkfs.ext4', '-qFO', 'casefold'], '', folding],
  ['f2fs', ['mkfs.f2fs', '-fq'], '', { handles: true, namesLast: true, writeback: true }],
  ['f2fs', ['mkfs.f2fs', '-fq', '-O', 'casefold', '-C', 'utf8'], '', folding],
  ['xfs', ['mkfs.xfs', '-qf'], '', { handles: true, namesLast: true, writeback: true }],
  ['xfs', ['mkfs.xfs', '-qfn', 'version=ci'], '', folding],
  ['jfs', ['mkfs.jfs', '-q'], '', { handles: true, namesLast: true, writeback: true }],
  ['jfs', ['mkfs.jfs', '-qO'], '', folding],
  ['vfat', ['mkfs.vfat'], '', { handles: false, namesLast: false, writeback: false }],
  ['exfat', ['mkfs.exfat'], '', { handles: false, namesLast: false, writeback: false }],
  ['ntfs3', ['mkfs.ntfs', '-FQq'], '', { handles: true, namesLast: true, writeback: false }],
  ['ntfs3', ['mkfs.ntfs', '-FQq'], 'nocase', { handles: true, namesLast: false, writeback: false }],
];

async function withVolume(
  [type, [program, ...args], options]: Row,
  use: (features: Features) => void,
): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fsbridge-negotiation-'));
  try {
    const image = path.join(folder, 'image');
    await writeFile(image, '');
    await truncate(image, 320 * 1048576);
    execFileSync(program, [...args, image], { stdio: 'pipe' });
    await using kernel = await Kernel.boot();
    const { name: device } = await kernel.attach(new MemoryDevice(await readFile(image)));
    await using volume = await kernel.mount({ device, types: [type], readOnly: false, options });
    use(await probeFeatures(volume, true));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describeUnless(cannotMount())('what FUSE takes a volume for:', () => {
  for (const row of rows) {
    const [type, mkfs, options, expected] = row;
    testUnless(notInstalled(mkfs[0]))(`${type} of \`${mkfs.join(' ')}\` with "${options}"`, () =>
      withVolume(row, (features) => expect(features).toMatchObject(expected)),
    );
  }
});
