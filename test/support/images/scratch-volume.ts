/** A fresh file system of a test's own, mounted by a kernel of its own, and gone afterwards. */
import { mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openFileSource } from '../../../src/block/file/file-source.ts';
import { type Errno, isErrno } from '../../../src/vfs-linux/errno.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { mustRun } from '../run-program.ts';
import { fsckKnows, fsckVerdict } from './fsck.ts';

export interface ScratchRecipe {
  /** The kernel's name of the file system. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Words between spaces; the image's path comes last. */
  readonly mkfs: string;
  /** Of the mount. */
  readonly options?: string;
  readonly memoryBytes?: number;
  /** Where the image is made; the folder for temporary files where not given. */
  readonly folder?: string;
}

export interface ScratchImage extends ScratchRecipe {
  readonly image: string;
}

/** Makes an image, lets `use` work, and throws it away. */
export async function withImage<T>(
  recipe: ScratchRecipe,
  use: (scratch: ScratchImage) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(recipe.folder ?? tmpdir(), 'fsbridge-scratch-'));
  try {
    const image = join(folder, 'image');
    await (await open(image, 'w')).close();
    await truncate(image, recipe.sizeBytes);
    await mustRun([...recipe.mkfs.split(' '), image]);
    return await use({ ...recipe, image });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Boots a kernel, mounts the image to write, lets `use` work, and unmounts. */
export async function withVolume<T>(
  scratch: ScratchImage,
  use: (volume: Volume) => Promise<T>,
): Promise<T> {
  const { memoryBytes, type, options = '', image } = scratch;
  const kernel = await Kernel.boot(memoryBytes === undefined ? {} : { memoryBytes });
  try {
    const disk = await kernel.attach(await openFileSource(image, { write: true }));
    const request = { device: disk.name, types: [type], options, readOnly: false };
    const volume = await kernel.mount(request);
    const answer = await use(volume);
    await volume.close();
    await kernel.close();
    return answer;
  } catch (error) {
    // Files left open after a failure keep the volume busy; the failure itself counts.
    await kernel.close().catch(() => {});
    throw error;
  }
}

/** Both in one, with the checker's verdict after. */
export async function onScratch<T>(
  recipe: ScratchRecipe,
  use: (volume: Volume) => Promise<T>,
): Promise<T> {
  return await withImage(recipe, async (scratch) => {
    const answer = await withVolume(scratch, use);
    await expectClean(scratch);
    return answer;
  });
}

export async function expectClean(scratch: ScratchImage): Promise<void> {
  if (!fsckKnows(scratch.type)) return;
  const verdict = await fsckVerdict(scratch.image, scratch.type);
  expect(verdict.clean, verdict.output).toBe(true);
}

/** Throws where a call answered a negative errno. */
export function done<T>(answer: T | Errno): T {
  if (isErrno(answer)) throw new Error(`a call answered ${answer}`);
  return answer;
}
