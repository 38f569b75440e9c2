/**
 * All of POSIX's file calls, by several users, on the mount and on a twin that this machine's own
 * kernel has mounted. The answers must be the same, line by line, and so must the disks at the end.
 * The differences that Linux's FUSE makes are named here.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  emptyImage,
  expectClean,
  type FuseType,
  fuseTypes,
  type MountChoice,
  type Mounter,
  mounter,
  mountImage,
  noFuse,
  withScratch,
} from '../../support/native/fuse-scene.ts';
import { saveDifferences } from '../../support/native/manifest-compare.ts';
import { describeUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';

const program = fileURLToPath(new URL('../programs/posix.ts', import.meta.url));
const parts = ['paths', 'pairs', 'scenarios'] as const;
/** The number of lines that a part has at least. */
const minLines = { paths: 500, pairs: 500, scenarios: 500, accesses: 60 } as const;

/** Lines that may differ, with the reason. They are not compared. */
const allowed: readonly (readonly [RegExp, string])[] = [
  [/^fallocate: (collapse|insert) /, 'fs/fuse/file.c, fuse_file_fallocate: EOPNOTSUPP'],
];

/** The lines to compare. A call's consequence is in a line of its own, which goes with the call. */
function comparable(transcript: string): string[] {
  const lines: string[] = [];
  let leftOut = false;
  for (const line of transcript.split('\n')) {
    const consequence = /: (then|names): /.test(line);
    if (!consequence) leftOut = allowed.some(([pattern]) => pattern.test(line));
    if (!leftOut) lines.push(line);
  }
  return lines;
}

async function transcripts(
  type: FuseType,
  how: Mounter,
  folder: string,
  parts: readonly string[],
  choice: MountChoice,
): Promise<string[]> {
  await mkdir(folder);
  const image = await emptyImage(join(folder, 'image'), type);
  const mount = await mountImage(image, type, join(folder, 'mount'), how, choice);
  const transcripts: string[] = [];
  try {
    for (const part of parts) {
      const result = await mustRun([process.execPath, program, mount.folder, part]);
      transcripts.push(result.stdout.toString());
    }
  } finally {
    await mount.unmount();
  }
  await expectClean(image, type);
  return transcripts;
}

async function compare(
  type: FuseType,
  parts: readonly (keyof typeof minLines)[],
  choice: MountChoice = {},
): Promise<void> {
  await withScratch(async (scratch) => {
    const native = await transcripts(type, 'native', join(scratch, 'native'), parts, choice);
    const ours = await transcripts(type, mounter, join(scratch, 'ours'), parts, choice);
    const differences: string[] = [];
    for (const [index, part] of parts.entries()) {
      const theirs = comparable(native[index] as string);
      const mine = comparable(ours[index] as string);
      expect(theirs.length, part).toBeGreaterThan(minLines[part]);
      const [has, had] = [new Set(mine), new Set(theirs)];
      for (const line of theirs) if (!has.has(line)) differences.push(`native:   ${line}`);
      for (const line of mine) if (!had.has(line)) differences.push(`fsbridge: ${line}`);
      if (differences.length === 0) expect(mine).toEqual(theirs);
    }
    if (differences.length === 0) return;
    const file = await saveDifferences(`fuse-posix-${type}`, differences);
    const some = differences.slice(0, 20).join('\n');
    throw new Error(`${differences.length} differences, in ${file}:\n${some}`);
  });
}

describeUnless(noFuse)('programs get the answers of a native mount, on', () => {
  for (const type of fuseTypes) {
    test(type, () => compare(type, parts));
    test(`${type} with times of access`, () => compare(type, ['accesses'], { relatime: true }));
  }
});
