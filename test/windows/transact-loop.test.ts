/**
 * The whole loop over the C interface, with test/wine's stand-in of WinFsp's DLL as a shared
 * library: a worker waits in it, batches come, answers go back in any order. After each answer the
 * stand-in takes the request's memory away, so that a late touch is a crash.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dispatcher } from '../../src/winfsp/dispatcher.ts';
import { DriverMemory } from '../../src/winfsp/native/driver-memory.ts';
import { loadWinFsp, type WinFspLibrary } from '../../src/winfsp/native/winfsp-library.ts';
import { TransactLoop } from '../../src/winfsp/transact-loop.ts';
import { encodeVolumeParams, type VolumeParams } from '../../src/winfsp/wire/volume-params.ts';
import { describeUnless } from '../support/needs.ts';
import { Random, testSeed } from '../support/random.ts';
import { serveFromMemory } from '../support/windows/memory-files.ts';
import { RecordingEngine } from '../support/windows/records.ts';
import { buildStandIn, whyNoStandIn } from './wine/stand-in-build.ts';

const params: VolumeParams = {
  bytesPerSector: 4096,
  sectorsPerAllocationUnit: 1,
  maximumComponentNameLength: 255,
  volumeCreationTime: 0n,
  volumeSerialNumber: 1,
  transactTimeoutMs: 10_000,
  irpTimeoutMs: 60_000,
  irpCapacity: 1000,
  fileInfoTimeoutMs: 1000,
  volumeInfoTimeoutMs: 1000,
  dirInfoTimeoutMs: 1000,
  securityTimeoutMs: 1000,
  eaTimeoutMs: 1000,
  flags: 0,
  prefix: '',
  fileSystemName: 'test',
};
const missing = whyNoStandIn('linux');
const seed: number = testSeed();

describeUnless(missing)('the loop', () => {
  let folder = '';
  let library: WinFspLibrary;
  let number: (name: string) => number;
  let report: () => string;
  let play: (script: string, rounds: number) => Promise<number>;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-stand-in-'));
    const file = buildStandIn('linux', folder);
    library = await loadWinFsp(file);
    const dll = koffi.load(file);
    number = (name) => (dll.func(name, 'int', []) as () => number)();
    report = dll.func('StandInReport', 'str', []) as () => string;
    const run = dll.func('StandInRun', 'int', ['str', 'uint']);
    play = (script, rounds) =>
      new Promise((resolve) => {
        run.async(script, rounds, (_: unknown, failed: number) => resolve(failed));
      });
  });

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** Serves files from memory while `use` runs. */
  async function serving(use: (engine: RecordingEngine) => Promise<void>): Promise<void> {
    const engine = new RecordingEngine();
    serveFromMemory(engine, new Random(seed));
    const memory = new DriverMemory(
      (address, lengthBytes) => koffi.view(address, lengthBytes),
      () => {},
    );
    const dispatcher = new Dispatcher(engine.asEngine, memory);
    const created = library.createVolume('WinFsp.Disk', encodeVolumeParams(params));
    expect(created.status).toBe(0);
    const volume = created.handle;
    const onLog = (line: string): void => expect.fail(line);
    const loop = new TransactLoop({ library, volume, dispatcher, onLog });
    expect(library.ready(volume)).toBe(0);
    try {
      await use(engine);
    } finally {
      const startedMs = performance.now();
      await loop.stop();
      // The worker waits in the library for 10 s unless it is told to stop.
      expect(performance.now() - startedMs).toBeLessThan(5000);
      expect(await loop.ended).toBe(0xc0000120);
      await dispatcher.drained();
      expect(library.stop(volume)).toBe(0);
      memory.detachAll();
    }
  }

  test(`10,000 requests of four programs are answered, in any order (seed ${seed})`, async () => {
    await serving(async (engine) => {
      expect(await play('load', 250), report()).toBe(0);
      expect(number('StandInRequests')).toBeGreaterThan(10_000);
      expect(engine.seen.length).toBeGreaterThan(10_000);
    });
  });

  test('requests that are refused at once do not stop the others', async () => {
    await serving(async () => {
      expect(await play('burst', 300), report()).toBe(0);
    });
  });

  test('a stop with nothing to do wakes the worker', async () => {
    await serving(() => Promise.resolve());
  });

  test('the protocol was kept all along', () => {
    expect(number('StandInFaults')).toBe(0);
  });
});
