/**
 * Runs cases: those of one volume one after the other, each in a directory of its own, each with its
 * time. After each, nothing may be open that it opened, and no buffer may have been touched late.
 */
import assert from 'node:assert/strict';
import type { Case, FsType, Scene, VolumeKind } from './case.ts';
import { ProtocolFault } from './driver/protocol-fault.ts';
import { mistakes, type OpenVolume, openVolume, type TransportFactory } from './volumes.ts';

const caseMostMs = 30_000;

/** On which file system, over what. */
export interface Setting {
  readonly type: FsType;
  /** "ext4", or "ext4, kept for ever". */
  readonly title: string;
  readonly factory: TransportFactory;
}

export interface Outcome {
  readonly name: string;
  readonly rule: string;
  readonly setting: Setting;
  readonly failure?: string;
  readonly tookMs: number;
}

function sceneOf(open: OpenVolume, index: number): Scene {
  const name = String(index).padStart(3, '0');
  const { type, driver, win, linux, volume, kernel, disk } = open;
  const dir = `\\${name}`;
  const linuxDir = `/${name}`;
  return {
    dir,
    linuxDir,
    type,
    driver,
    win,
    linux,
    calls: volume.calls,
    kernel,
    disk,
    path: (file) => `${dir}\\${file}`,
    linuxPath: (file) => `${linuxDir}/${file}`,
  };
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${caseMostMs} ms`)), caseMostMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a case may not leave behind. */
async function checkAfter(open: OpenVolume): Promise<void> {
  await open.driver.settle();
  if (mistakes.length > 0) {
    const mistake = mistakes[0];
    throw new ProtocolFault(
      `an exception inside: ${mistake instanceof Error ? mistake.stack : String(mistake)}`,
    );
  }
  const handles = open.driver.openHandles;
  assert.deepEqual(handles, [], 'the case closes its handles');
  if (open.kernel.failure === undefined) {
    assert.equal(open.openFiles(), 0, 'files that are open inside after every Close');
  }
}

function textOf(error: unknown, open: OpenVolume): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const short = text
    .split('\n')
    .filter((line) => !line.includes('node:internal'))
    .slice(0, 14);
  return `${short.join('\n')}\nThe last requests:\n  ${open.driver.trace.slice(-8).join('\n  ')}`;
}

async function runCase(
  one: Case,
  setting: Setting,
  open: OpenVolume,
  index: number,
): Promise<Outcome> {
  const scene = sceneOf(open, index);
  const started = performance.now();
  const outcome = (failure?: string): Outcome => ({
    name: one.name,
    rule: one.rule,
    setting,
    tookMs: performance.now() - started,
    ...(failure === undefined ? {} : { failure }),
  });
  mistakes.length = 0;
  try {
    // By Windows' hand where that can be: what Linux does behind its back it may not notice.
    if (open.kind !== 'read-only') await open.win.makeDirectory(scene.dir);
    else await open.linux.mkdir(scene.linuxDir);
    await open.linux.chown(scene.linuxDir, 1000, 1000);
    await inTime(
      (async () => {
        await one.run(scene);
        await checkAfter(open);
      })(),
    );
    return outcome();
  } catch (error) {
    return outcome(textOf(error, open));
  }
}

/** All cases of one kind of volume, on one file system. A failure may spoil a volume: a new one. */
async function runOnVolume(
  cases: readonly Case[],
  setting: Setting,
  kind: VolumeKind,
  report: (outcome: Outcome) => void,
): Promise<void> {
  let open: OpenVolume | undefined;
  const checked = `the checker finds nothing on the volume "${kind}" when all is done`;
  const close = async (): Promise<void> => {
    if (open === undefined) return;
    const started = performance.now();
    const failure = await open.close().catch((error: unknown) => String(error));
    const base = { name: checked, rule: 'e2fsck(8), xfs_repair(8)', setting };
    const tookMs = performance.now() - started;
    report({ ...base, tookMs, ...(failure === undefined ? {} : { failure }) });
  };
  for (const [index, one] of cases.entries()) {
    open ??= await openVolume({ kind, type: setting.type, factory: setting.factory });
    const outcome = await runCase(one, setting, open, index);
    report(outcome);
    if (outcome.failure !== undefined && open !== undefined) {
      // What hangs or stays open would fail the others too.
      const spoilt = open;
      open = undefined;
      await Promise.race([
        spoilt.kernel.close(),
        new Promise((resolve) => setTimeout(resolve, 2000)),
      ]).catch(() => {});
      spoilt.remove();
    }
  }
  await close();
}

/** Runs all that match, and tells each outcome when it is known. */
export async function runCases(
  cases: readonly Case[],
  setting: Setting,
  report: (outcome: Outcome) => void,
): Promise<void> {
  const mine = cases.filter((one) => one.types === undefined || one.types.includes(setting.type));
  const kinds = new Set(mine.map((one) => one.on ?? 'usual'));
  for (const kind of kinds) {
    const here = mine.filter((one) => (one.on ?? 'usual') === kind);
    await runOnVolume(here, setting, kind, report);
  }
}
