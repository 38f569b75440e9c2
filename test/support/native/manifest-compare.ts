/**
 * Compares two manifests, and says in one sentence where they part.
 *
 * Invariants:
 * 1. Every line counts: an entry that only one of them has is a difference, and so is one more line
 *    for the same path. (A damaged directory may hold a name twice.)
 * 2. Lines of the same path are compared in the order of their text: readdir's order is no fact.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ManifestEntry } from './native-mount.ts';

export interface Difference {
  /** As in the manifest; base64 where it is no UTF-8. */
  readonly path: string;
  /** The field that differs; 'entry' where one side has nothing of that path. */
  readonly field: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** The bytes of an entry's path. */
export function pathBytes(entry: ManifestEntry): Buffer {
  const { path, path64 } = entry;
  return path === undefined ? Buffer.from(path64 ?? '', 'base64') : Buffer.from(path);
}

/** Something to call the entry by: its path, base64 where that is no UTF-8. */
export function pathText(entry: ManifestEntry): string {
  return entry.path ?? `base64:${entry.path64}`;
}

function byPath(entries: readonly ManifestEntry[]): Map<string, ManifestEntry[]> {
  const found = new Map<string, ManifestEntry[]>();
  for (const entry of entries) {
    const key = pathBytes(entry).toString('latin1');
    const known = found.get(key);
    if (known === undefined) found.set(key, [entry]);
    else known.push(entry);
  }
  for (const same of found.values()) {
    if (same.length > 1) same.sort((a, b) => (keyText(a) < keyText(b) ? -1 : 1));
  }
  return found;
}

/** The same for equal entries: JSON with its keys in order. */
function keyText(entry: ManifestEntry): string {
  return JSON.stringify(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function* compareEntries(
  ours: ManifestEntry | undefined,
  theirs: ManifestEntry | undefined,
): Generator<Difference> {
  const one = ours ?? theirs;
  if (one === undefined) return;
  const path = pathText(one);
  if (ours === undefined || theirs === undefined) {
    yield { path, field: 'entry', ours, theirs };
    return;
  }
  const fields = new Set([...Object.keys(ours), ...Object.keys(theirs)]) as Set<
    keyof ManifestEntry
  >;
  for (const field of fields) {
    if (isDeepStrictEqual(ours[field], theirs[field])) continue;
    yield { path, field, ours: ours[field], theirs: theirs[field] };
  }
}

/** Where two manifests differ, in the order of the paths. */
export function compareManifests(
  ours: readonly ManifestEntry[],
  theirs: readonly ManifestEntry[],
): Difference[] {
  const left = byPath(ours);
  const right = byPath(theirs);
  const differences: Difference[] = [];
  for (const key of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [mine = [], other = []] = [left.get(key), right.get(key)];
    for (let at = 0; at < Math.max(mine.length, other.length); at++) {
      differences.push(...compareEntries(mine[at], other[at]));
    }
  }
  return differences;
}

function short(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** "/a/b: mtime is "1.0" here and "2.0" natively, and 3 more differences". */
export function firstDifference(differences: readonly Difference[]): string {
  const [first] = differences;
  if (first === undefined) return 'no difference';
  const more = differences.length - 1;
  const rest = more > 0 ? `, and ${more} more differences` : '';
  const { path, field, ours, theirs } = first;
  return `${short(path)}: ${field} is ${short(ours)} here and ${short(theirs)} there${rest}`;
}

/** Writes all differences to a file in the temporary folder, one a line; answers its path. */
export async function saveDifferences(
  name: string,
  differences: readonly unknown[],
): Promise<string> {
  const folder = join(tmpdir(), 'fsbridge-differences');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.jsonl`);
  await writeFile(file, differences.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return file;
}

/** Throws with the first difference, and where the rest is written. */
export async function expectSameManifest(
  name: string,
  ours: readonly ManifestEntry[],
  theirs: readonly ManifestEntry[],
): Promise<void> {
  const differences = compareManifests(ours, theirs);
  if (differences.length === 0) return;
  const file = await saveDifferences(name, differences);
  throw new Error(`${firstDifference(differences)}\nAll of them: ${file}`);
}
