/** Tells whether a sparse file was changed: see test/support/images/sparse-digest.py. */
import { fileURLToPath } from 'node:url';
import { mustRun } from '../run-program.ts';

const script = fileURLToPath(new URL('sparse-digest.py', import.meta.url));

/** A digest of what is not zero in a file, and of where that is. */
export async function sparseDigest(path: string): Promise<string> {
  return (await mustRun(['python3', script, path])).stdout.toString('utf8').trim();
}
