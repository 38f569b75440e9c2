/**
 * The files that the stand-in's scripts leave on the volume (stand-in/scripts.c), for a comparison
 * with those that the machine's own kernel sees.
 */

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type ManifestEntry, nativeManifest } from '../../support/native/native-mount.ts';

const loadThreads = 4;
const loadFiles = 40;
const manyFiles = 300;
const largeBytes = 100_000;
/** 132000000000000000 as a FILETIME, in seconds of Unix. */
const largeMtimeSec = 1_555_526_400;

/** scripts.c's pattern(). */
function pattern(lengthBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let at = 0; at < lengthBytes; at++) bytes[at] = at * 31 + (at >> 8) * 7 + seed;
  return bytes;
}

const sha256 = (content: Buffer | string): string =>
  createHash('sha256').update(content).digest('hex');

interface Expected {
  readonly path: string;
  readonly content?: Buffer | string;
  readonly mtimeSec?: number;
}

const story: readonly Expected[] = [
  { path: 'folder/a.txt', content: 'second' },
  { path: 'folder/ä€ 中.txt', content: 'umlaut, euro, han' },
  { path: 'folder/colon:.txt', content: 'a reserved character' },
  { path: 'moved/new', content: 'renamed' },
  { path: 'large', content: pattern(largeBytes, 1), mtimeSec: largeMtimeSec },
  ...Array.from({ length: manyFiles }, (_, i) => ({
    path: `many/file ${String(i).padStart(3, '0')}`,
    content: '',
  })),
  ...Array.from({ length: loadThreads * loadFiles }, (_, i) => ({
    path: `load ${Math.floor(i / loadFiles)}/g${i % loadFiles}`,
  })),
];
const gone: readonly string[] = ['old', 'in the way', 'doomed', 'empty', 'folder/inner'];

/** Answers a line for each difference, and how many facts were compared. */
export async function compareTree(
  image: string,
  type: string,
): Promise<{ readonly looked: number; readonly wrong: readonly string[] }> {
  const entries = await nativeManifest(image, { hash: true, mount: { type } });
  const byPath = new Map<string, ManifestEntry>();
  for (const entry of entries) {
    const name = (entry.path ?? '').replace(/^\.?\//, '');
    byPath.set(name, entry);
  }
  const wrong: string[] = [];
  for (const { path, content, mtimeSec } of story) {
    const entry = byPath.get(path);
    if (entry === undefined) wrong.push(`${path} is missing`);
    else if (content !== undefined && entry.sha256 !== sha256(content)) {
      wrong.push(`${path} has another content`);
    } else if (mtimeSec !== undefined && Number.parseInt(entry.mtime ?? '', 10) !== mtimeSec) {
      wrong.push(`${path} has another time: ${entry.mtime}`);
    }
  }
  for (const path of gone) if (byPath.has(path)) wrong.push(`${path} still exists`);
  const ea = byPath.get('folder/a.txt')?.xattrs ?? {};
  if (!Object.keys(ea).some((name) => name.startsWith('user.') && /test\.ea$/i.test(name))) {
    wrong.push(`folder/a.txt lacks its attribute: ${Object.keys(ea).join(' ')}`);
  }
  return { looked: story.length + gone.length + 1, wrong };
}
