/** Tells whether a sparse file was changed: see test/support/images/sparse-digest.py. */
import { fileURLToPath } from 'node:url';
import { mustRun } from '../run-program.ts';

const script = fileURLToPath(new URL('sparse-digest.py', import.meta.url));

/** A digest of the bytes of a file that are not zero, and of their places. */
export async function sparseDigest(path: string): Promise<string> {
  return (await mustRun(['python3', script, path])).stdout.toString('utf8').trim();
}
