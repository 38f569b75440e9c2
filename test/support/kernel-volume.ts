/**
 * A booted kernel with a fresh volume in memory, for tests: one kernel for a test file, as a boot
 * takes some 100 ms.
 *
 *     const mounted = await mountFresh();
 *     mounted.fs is a VolumeFs on an empty ext4; afterAll(() => mounted.close())
 *
 * Where the machine has no mkfs for it, `cannotMount` says so, for describeUnless
 * (test/support/needs.ts).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MemoryDevice } from '../../src/block/memory-device.ts';
import { type VolumeFs, volumeFs } from '../../src/node-fs/volume-fs.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../src/vfs-linux/volume.ts';

export type FreshType = 'ext4' | 'xfs' | 'btrfs' | 'vfat';

const recipes: Readonly<Record<FreshType, { mkfs: readonly string[]; sizeBytes: number }>> = {
  ext4: { mkfs: ['mkfs.ext4', '-q', '-F', '-b', '4096'], sizeBytes: 128 * 1048576 },
  xfs: { mkfs: ['mkfs.xfs', '-q', '-f'], sizeBytes: 320 * 1048576 },
  btrfs: { mkfs: ['mkfs.btrfs', '-q', '-f'], sizeBytes: 160 * 1048576 },
  vfat: { mkfs: ['mkfs.vfat', '-F', '32'], sizeBytes: 64 * 1048576 },
};

export interface FreshVolume extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly volume: Volume;
  readonly fs: VolumeFs;
  close(): Promise<void>;
}

/** Why there is no such volume on this machine; undefined where there is. */
export function cannotMount(type: FreshType = 'ext4'): string | undefined {
  const [program] = recipes[type].mkfs as [string];
  const image = path.resolve(import.meta.dirname, '../../build/fsbridge-kernel.wasm');
  if (!fs.existsSync(image)) return 'no kernel image: npm run kernel builds it';
  const found = spawnSync(program, ['-V']).error === undefined;
  return found ? undefined : `${program} is not installed here`;
}

/** The bytes of an empty file system. */
async function makeImage(type: FreshType): Promise<Buffer> {
  const { mkfs, sizeBytes } = recipes[type];
  const [program, ...options] = mkfs as [string, ...string[]];
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fsbridge-fresh-'));
  try {
    const image = path.join(folder, 'image');
    await writeFile(image, '');
    await truncate(image, sizeBytes);
    execFileSync(program, [...options, image], { stdio: 'pipe' });
    return await readFile(image);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Boots, makes the file system, and mounts it to be written. */
export async function mountFresh(type: FreshType = 'ext4', options = ''): Promise<FreshVolume> {
  const kernel = await Kernel.boot();
  try {
    const disk = await kernel.attach(new MemoryDevice(await makeImage(type)));
    const request = { device: disk.name, types: [type], readOnly: false, options };
    const volume = await kernel.mount(request);
    const close = (): Promise<void> => kernel.close();
    const made = volumeFs(volume);
    return { kernel, volume, fs: made, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await kernel.close();
    throw error;
  }
}
