/** The images that guests mount, and what becomes of them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { isRoot } from '../../support/native/native-mount.ts';
import { mustRun, run } from '../../support/run-program.ts';
import { compareTree } from './guest-tree.ts';

const imageBytes = 256 * 1024 * 1024;

/** Why images cannot be made here, or undefined. */
export function whyNoImages(): string | undefined {
  return spawnSync('mkfs.ext4', ['-V']).status === 0 ? undefined : 'mkfs.ext4 is not installed';
}

/** An ext4 whose root belongs to the Linux user 1000: the user of the drive may write there. */
export async function makeImage(folder: string, name: string): Promise<string> {
  const image = path.join(folder, name);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, imageBytes);
  await mustRun(['mkfs.ext4', '-q', '-E', 'root_owner=1000:1000', image]);
  return image;
}

export async function expectClean(image: string): Promise<void> {
  const { clean, output } = await fsckVerdict(image, 'ext4');
  expect(clean, output).toBe(true);
}

/**
 * What the stand-in's scripts wrote is what the machine's own kernel sees. Needs root, else
 * nothing.
 */
export async function expectTree(image: string): Promise<void> {
  if (!isRoot) return;
  const { looked, wrong } = await compareTree(image, 'ext4');
  expect(wrong).toEqual([]);
  console.log(`The machine’s own kernel was asked for ${looked} things.`);
}

/** A process that ended in the middle leaves what a power cut leaves: the journal mends it. */
export async function expectMendedByJournal(image: string): Promise<void> {
  const { status, stdout } = await run(['e2fsck', '-p', image]);
  expect(status, stdout.toString('utf8')).toBeLessThanOrEqual(1);
  await expectClean(image);
}
