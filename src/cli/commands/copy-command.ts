/** What `get` and `put` have in common: run the copy, tell of it. */

import { PartlyFailed, warn } from '../../observe/messages.ts';
import { type CopyRoot, type CopyWish, copyTree } from '../copy/copy-tree.ts';
import { CopyReport } from '../copy/report.ts';
import type { SourceSide, TargetSide } from '../copy/sides.ts';
import { output } from '../output.ts';
import { Progress } from '../progress.ts';

export interface CopyRun<S, T> {
  readonly source: SourceSide<S>;
  readonly target: TargetSide<T>;
  readonly root: CopyRoot<S, T>;
  readonly totalBytes: number | undefined;
}

/** Copies; answers what was done. Throws where the copy had to stop. */
export async function runCopy<S, T>(run: CopyRun<S, T>): Promise<CopyReport> {
  const report = new CopyReport();
  const progress = new Progress(run.totalBytes);
  const { source, target } = run;
  const wish: CopyWish<S, T> = { source, target, report, onProgress: progress.add };
  try {
    await copyTree(wish, run.root);
  } finally {
    progress.end();
    await source.close();
    await target.close();
  }
  return report;
}

/** Says what was copied, after all of it is on the disk; throws where something is missing. */
export async function tellCopy(report: CopyReport, json: boolean): Promise<void> {
  for (const warning of report.warnings()) warn(warning);
  if (json) await output.line(JSON.stringify(report.summary()));
  else await output.line(`Copied ${report.sentence()}.`);
  if (report.failedEntries > 0) throw new PartlyFailed(report.failedEntries);
}
