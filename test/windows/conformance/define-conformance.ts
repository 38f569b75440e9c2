/**
 * The conformance suite as vitest's tests: Windows' rules, each as a case, through a model of
 * WinFsp's driver; then what programs do, replayed and looked at by the machine's own kernel.
 *
 * The cases of one kind of volume share one volume, each in a directory of its own. After each
 * case, every file that it opened is closed, and no buffer was touched after its answer.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { traitsOf } from '../../../src/vfs-linux/file-system-traits.ts';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { isRoot, withNativeMount } from '../../support/native/native-mount.ts';
import { describeUnless, testUnless } from '../../support/needs.ts';
import { testSeed } from '../../support/random.ts';
import { type Case, type FsType, fullTypes, type Scene, type VolumeKind } from './case.ts';
import { allCases, type TopicCase } from './cases/all.ts';
import { mistakes, overDispatcher, type TransportFactory } from './dispatcher-transport.ts';
import { ProtocolFault } from './driver/protocol-fault.ts';
import { replays } from './replays/all.ts';
import type { Replay } from './replays/replay.ts';
import { cannotRun, checkerOf, type OpenVolume, openVolume } from './volumes.ts';

const caseMaxMs = 30_000;
const shownRequests = 8;

/** Defines the suite's tests for a file system, over a transport. */
export function defineConformance(
  type: FsType,
  title: string = type,
  factory: TransportFactory = overDispatcher(),
): void {
  describeUnless(cannotRun(type))(title, () => {
    const cases = allCases.filter(({ types = fullTypes }) => types.includes(type));
    const kinds = new Set(cases.map(({ on }) => on ?? 'usual'));
    for (const kind of kinds) {
      const ofKind = cases.filter(({ on }) => (on ?? 'usual') === kind);
      describe(`the volume "${kind}"`, () => defineCases(ofKind, type, kind, factory));
    }
    if (!fullTypes.includes(type)) return;
    describe('replays', () => {
      for (const replay of replays) defineReplay(replay, type, factory);
    });
  });
}

/** The cases of one kind of volume. A failed case may spoil the volume: the next gets a new one. */
function defineCases(
  cases: readonly TopicCase[],
  type: FsType,
  kind: VolumeKind,
  factory: TransportFactory,
): void {
  let open: OpenVolume | undefined;
  const close = async (): Promise<void> => {
    const closing = open;
    open = undefined;
    expect(await closing?.close(), 'what the checker finds').toBeUndefined();
  };
  beforeEach(async () => {
    open ??= await openVolume({ kind, type, factory });
  });
  // Open still where a filter chose cases, and left the last test out.
  afterAll(close);
  for (const [index, one] of cases.entries()) {
    test(
      `${one.topic}: ${one.name} [${one.rule}]`,
      async ({ onTestFailed }) => {
        const volume = open as OpenVolume;
        onTestFailed(async () => {
          console.error(lastRequests(volume));
          open = undefined;
          await volume.discard();
        });
        await runCase(one, volume, index);
      },
      caseMaxMs,
    );
  }
  test(`the checker finds nothing when all is done [${checkerOf(type)}]`, close);
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

async function runCase(one: Case, open: OpenVolume, index: number): Promise<void> {
  const scene = sceneOf(open, index);
  mistakes.length = 0;
  // Through Windows where possible: it may not notice what Linux does behind its back.
  if (open.kind !== 'read-only') await open.win.makeDirectory(scene.dir);
  else await open.linux.mkdir(scene.linuxDir);
  if (traitsOf(open.type).owners) await open.linux.chown(scene.linuxDir, 1000, 1000);
  await one.run(scene);
  await checkAfter(open);
}

/** Throws where a case has left something behind. */
async function checkAfter(open: OpenVolume): Promise<void> {
  await open.driver.settle();
  if (mistakes.length > 0) {
    const mistake = mistakes[0];
    throw new ProtocolFault(
      `an exception inside: ${mistake instanceof Error ? mistake.stack : String(mistake)}`,
    );
  }
  assert.deepEqual(open.driver.openHandles, [], 'the case closes its handles');
  if (open.kernel.failure === undefined) {
    assert.equal(open.openFiles(), 0, 'files that are open inside after every Close');
  }
}

function lastRequests(open: OpenVolume): string {
  const requests = open.driver.trace.slice(-shownRequests).join('\n  ');
  return `SEED=${testSeed()} runs it again. The last requests:\n  ${requests}`;
}

/** What one program does, on a volume of its own. The machine's own kernel judges the image. */
function defineReplay(replay: Replay, type: FsType, factory: TransportFactory): void {
  const name = `${replay.name} [${replay.rule}]`;
  const unseen = isRoot ? '' : ' (not seen by the machine’s own kernel, which needs root)';
  testUnless(replay.cannotRun?.())(`${name}${unseen}`, async ({ onTestFailed }) => {
    const { prepare } = replay;
    const shared = { kind: 'usual', type, factory } as const;
    const open = await openVolume(prepare === undefined ? shared : { ...shared, prepare });
    onTestFailed(() => console.error(lastRequests(open)));
    try {
      await replay.run(open.win);
      await open.driver.settle();
      assert.deepEqual(open.driver.openHandles, [], 'the program closes its handles');
      await open.unmount();
      const { clean, output } = await fsckVerdict(open.image, type);
      expect(clean, output).toBe(true);
      if (isRoot) await withNativeMount(open.image, { type }, replay.check);
    } finally {
      await open.discard();
    }
  });
}
