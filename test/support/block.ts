/** Helpers of src/block's tests: scratch folders, recognisable bytes, refusals. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FsBridgeError } from '../../src/errors.ts';

/** A folder that is removed after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fsbridge-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes in which every few tell their place; another `seed` gives other bytes. */
export function patternBytes(lengthBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  const words = new Uint32Array(bytes.buffer, 0, lengthBytes >>> 2);
  for (let i = 0; i < words.length; i += 1) words[i] = Math.imul(i + seed, 2654435761) >>> 0;
  return bytes;
}

/** The FsBridgeError with which the promise rejects; throws where it does not. */
export async function refusal(promise: Promise<unknown>): Promise<FsBridgeError> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof FsBridgeError) return error;
  throw error;
}

/** Runs a program of the host and answers what it printed; throws where it fails. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** Writes a tree of small files: { 'a/b': 'text' }. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
