/** What `get` and `put` have in common: they run a copy and print what it did. */
import { FsBridgeError } from '../../errors.ts';
import { Interrupted } from '../../host/interrupt.ts';
import { describeError, PartlyFailed, print, warn } from '../../observe/messages.ts';
import { KernelFailedError } from '../../vfs-linux/errors.ts';
import { output } from '../output.ts';
import { Progress } from '../progress.ts';
import { type CopyRoot, copyTree } from './copy-tree.ts';
import { CopyReport } from './report.ts';
import type { SourceSide, TargetSide } from './sides.ts';

export interface CopyRun<S, T> {
  readonly source: SourceSide<S>;
  readonly target: TargetSide<T>;
  readonly root: CopyRoot<S, T>;
  /** How much there is to copy, where that is known beforehand. */
  readonly totalBytes: number | undefined;
}

/** Copies; answers what was done. Throws where the copy had to stop. */
export async function runCopy<S, T>(run: CopyRun<S, T>): Promise<CopyReport> {
  const report = new CopyReport();
  const progress = new Progress(run.totalBytes);
  const { source, target } = run;
  try {
    await copyTree({ source, target, report, onProgress: progress.add }, run.root);
  } catch (error) {
    throw stopped(error, report);
  } finally {
    progress.end();
    await source.close();
    await target.close();
  }
  return report;
}

/** The error of a copy that had to stop: its last line says what is complete. */
function stopped(error: unknown, report: CopyReport): unknown {
  const complete = `Complete before it stopped: ${report.sentence()}.`;
  if (error instanceof Interrupted) {
    print(`${complete}\n`);
    return error;
  }
  if (!(error instanceof FsBridgeError) || error instanceof KernelFailedError) return error;
  const { code, what, why, advice } = describeError(error);
  return new FsBridgeError(code, what, why, `${advice}\n${complete}`, { cause: error });
}

/**
 * Prints what was copied, when all of it is on the disk. Throws PartlyFailed where something is
 * missing.
 */
export async function printCopy(report: CopyReport, json: boolean): Promise<void> {
  for (const warning of report.warnings()) warn(warning);
  if (json) await output.jsonLine(JSON.stringify(report.summary()));
  else await output.line(`Copied ${report.sentence()}.`);
  if (report.failedEntries > 0) throw new PartlyFailed(report.failedEntries);
}
