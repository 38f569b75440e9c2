/**
 * What fsbridge writes is right: thousands of random calls on every file system that it writes,
 * each answer and each byte compared with a model; then the file system's own checker, this
 * machine's own kernel where it can, and fsbridge again must find just the model's tree.
 *
 * SEED=number repeats a run, FS=regex takes only the file systems whose names match, STEPS=number
 * makes it longer.
 */
import { mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileSource } from '../../src/block/file/file-source.ts';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../src/vfs-linux/volume.ts';
import { fsckKnows, fsckVerdict } from '../support/images/fsck.ts';
import { isRoot, nativeManifest, nativeMounts } from '../support/native/native-mount.ts';
import { differences, modelTree, nativeTree, volumeTree } from '../support/native/tree-compare.ts';
import { Random, testSeed } from '../support/random.ts';
import { mustRun } from '../support/run-program.ts';
import { shorten, Workload } from '../support/workload/workload.ts';
import { crowd, planBatch, planStep } from '../support/workload/workload-mix.ts';
import { type Subject, subjects } from '../support/workload/written-subjects.ts';

const seed = testSeed();
const wanted = new RegExp(process.env['FS'] ?? '');
const stepsEach = Number(process.env['STEPS'] ?? 3000);
/** Every so many steps the volume is unmounted and mounted again, by another kernel. */
const mounts = 2;

async function makeImage(folder: string, subject: Subject): Promise<string> {
  const image = join(folder, 'image');
  await (await open(image, 'w')).close();
  await truncate(image, subject.sizeBytes);
  await mustRun([...subject.mkfs, image]);
  return image;
}

/** Boots a kernel, mounts, lets `use` work, unmounts. */
async function mounted(
  image: string,
  subject: Subject,
  use: (volume: Volume) => Promise<void>,
): Promise<void> {
  const { memoryBytes, type, options = '' } = subject;
  const kernel = await Kernel.boot(memoryBytes === undefined ? {} : { memoryBytes });
  try {
    const disk = await kernel.attach(await openFileSource(image, { write: true }));
    const mark = kernel.log.mark();
    const request = { device: disk.name, types: [type], options, readOnly: false };
    const volume = await kernel.mount(request);
    await use(volume);
    await volume.close();
    const complaints = kernel.log
      .since(mark)
      .filter((line) => /WARNING:|BUG|[Cc]orrupt|[Ee]rror|inconsisten|stall/.test(line));
    expect(complaints).toEqual([]);
  } catch (error) {
    // Files left open after a failure keep the volume busy; the failure itself counts.
    await kernel.close().catch(() => {});
    throw error;
  }
  await kernel.close();
}

async function work(load: Workload, volume: Volume, steps: number): Promise<void> {
  const { calls, kernel } = volume;
  const trail: string[] = [];
  for (let done = 0; done < steps; ) {
    load.survey();
    const batch = load.random.chance(0.15) ? planBatch(load) : [planStep(load)];
    done += batch.length;
    trail.push(...batch.map((step) => step.text));
    try {
      await Promise.all(batch.map((step) => step.run(calls)));
      if (load.random.chance(0.003)) await kernel.dropCaches();
      if (load.random.chance(0.003)) await volume.syncfs();
    } catch (error) {
      const before = trail.slice(-12).map(shorten).join('\n  ');
      throw new Error(
        `seed ${seed}, step ${done}: ${shorten(`${error}`)}\nThe last steps:\n  ${before}`,
      );
    }
  }
  for (const file of load.open.splice(0)) await calls.close(file.fd);
}

/** Several thousand calls; the comment of the file says what is compared at the end. */
async function judge(subject: Subject): Promise<string> {
  const { type, abilities } = subject;
  const ignored = subject.ignored ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'fsbridge-written-'));
  try {
    const image = await makeImage(folder, subject);
    const load = new Workload(new Random(seed), abilities);
    const started = performance.now();
    for (let mount = 0; mount < mounts; mount++) {
      await mounted(image, subject, async (volume) => {
        if (mount === 0) await adoptRoot(load, volume);
        await crowd(load, volume.calls, subject.crowd ?? 1200);
        await work(load, volume, stepsEach / mounts);
        const seen = await volumeTree(volume.calls, abilities, ignored);
        expect(differences(modelTree(load.tree, abilities), seen)).toEqual([]);
      });
    }
    const expected = modelTree(load.tree, abilities);
    const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    const judges = [`${expected.size} files after ${took}`];
    if (fsckKnows(type)) {
      const verdict = await fsckVerdict(image, type);
      expect(verdict.clean, verdict.output).toBe(true);
      judges.push('fsck');
    }
    if (isRoot && subject.native !== false && (await nativeMounts(type))) {
      const manifest = await nativeManifest(image, { hash: true, mount: { type } });
      expect(differences(expected, nativeTree(manifest, ignored))).toEqual([]);
      judges.push('this machine’s kernel');
    }
    await mounted(image, subject, async (volume) => {
      const seen = await volumeTree(volume.calls, abilities, ignored);
      expect(differences(expected, seen)).toEqual([]);
    });
    return judges.join(', ');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** mkfs made the root directory, with a mode and an owner of its choice. */
async function adoptRoot(load: Workload, volume: Volume): Promise<void> {
  const stat = await volume.calls.fstatx(volume.root);
  if (typeof stat === 'number') throw new Error(`fstat of the root answered ${stat}`);
  const { mode, uid, gid } = stat;
  Object.assign(load.tree.root, { mode: mode & 0o7777, uid, gid });
}

describe(`random calls, with SEED=${seed}, are answered and kept right by`, () => {
  for (const subject of subjects.filter((one) => wanted.test(one.name))) {
    test(subject.name, async () => {
      console.log(`${subject.name}: ${await judge(subject)}`);
    });
  }
});
