/** Fills a folder with the standard tree of the tests; fill-tree.py lists its content. */
import { fileURLToPath } from 'node:url';
import { mustRun } from '../run-program.ts';

export interface FillReport {
  readonly made: number;
  /** What the file system refused ('xattr user: ENOSPC'), and how often. */
  readonly skipped: Readonly<Record<string, number>>;
}

/**
 * Fills a folder with the standard tree; `options` are those of test/support/images/fill-tree.py.
 */
export async function fillStandard(
  folder: string,
  seed = 1,
  options: readonly string[] = [],
): Promise<FillReport> {
  const script = fileURLToPath(new URL('fill-tree.py', import.meta.url));
  const argv = ['python3', script, folder, `--seed=${seed}`, ...options];
  const result = await mustRun(argv);
  return JSON.parse(result.stdout.toString('utf8')) as FillReport;
}
