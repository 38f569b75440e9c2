/**
 * The mount's part of the benchmark: each case runs on each mount in turn, round after round. A
 * cold case counts by the median of its rounds, because the disk varies; a warm case by its best
 * round.
 */
import fs from 'node:fs';
import path from 'node:path';
import { atEnd } from '../cleanup.ts';
import { dropHostCaches } from '../host-cache.ts';
import type { FsType } from '../image.ts';
import { median } from '../measure.ts';
import type { Result } from '../report.ts';
import { lowerIsBetter, type MountCase, missingFor, mountCases, type Place } from './cases.ts';
import { copyMountImage, type MountSizes, makeMountImage, makeSources } from './image.ts';
import { inProcess, library } from './in-process.ts';
import { Mount, type MountName, mountNames } from './mounts.ts';

export interface MountBench {
  readonly type: FsType;
  readonly only: RegExp;
  readonly sizes: MountSizes;
  /** Where images go. */
  readonly folder: string;
  readonly print: (text: string) => void;
}

function measureCase(item: MountCase, places: readonly Place[]): Map<MountName, number> {
  const values = new Map<MountName, number[]>();
  const rounds = places[0]?.sizes.rounds ?? 1;
  for (let round = item.warmUp ? -1 : 0; round < rounds; round++) {
    for (const place of places) {
      if (item.cold) place.mount.makeCold();
      const value = item.run(place);
      item.clean?.(place);
      // A round's dirty pages are written out before the next round's clock starts.
      if (!item.cold) place.mount.settle();
      if (round < 0 || value === undefined) continue;
      values.set(place.mount.name, [...(values.get(place.mount.name) ?? []), value]);
    }
  }
  const best = lowerIsBetter(item) ? Math.min : Math.max;
  return new Map([...values].map(([name, all]) => [name, item.cold ? median(all) : best(...all)]));
}

/** The library's number for a case. Each case runs in one process of its own. */
function measureInProcess(item: MountCase, bench: MountBench, image: string): number | undefined {
  const rounds = item.cold ? bench.sizes.rounds : 1;
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (item.cold) dropHostCaches();
    const value = inProcess(item.name, image, bench.type, bench.sizes);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return median(values);
}

function toResult(
  item: MountCase,
  values: ReadonlyMap<MountName, number>,
  alone: number | undefined,
  name: string,
): Result {
  const [native, fsbridge, fuse2fs] = (['native', 'fsbridge', 'fuse2fs'] as const).map((one) =>
    values.get(one),
  );
  return {
    name,
    unit: item.unit,
    better: lowerIsBetter(item) ? 'lower' : 'higher',
    ...(item.aim === undefined ? {} : { aim: item.aim }),
    ...(item.maximum === undefined ? {} : { maximum: item.maximum }),
    ...(item.aheadOfFuse2fs === undefined ? {} : { peerAims: { fuse2fs: item.aheadOfFuse2fs } }),
    ...(native === undefined ? {} : { native }),
    ...(fsbridge === undefined ? {} : { fsbridge }),
    ...(alone === undefined ? {} : { inProcess: alone }),
    peers: fuse2fs === undefined ? {} : { fuse2fs },
  };
}

/** Makes the images, measures, and removes everything afterwards. */
export function benchMounts(bench: MountBench, prefix: string): Result[] {
  const { type, sizes, print } = bench;
  const lost = Object.keys(library).find((name) => !mountCases.some((item) => item.name === name));
  if (lost !== undefined) throw new Error(`the work in process has no case '${lost}'`);
  const folder = fs.mkdtempSync(path.join(bench.folder, 'fsbridge-bench-mount-'));
  const remove = atEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  print(`Making an image of ${type} to mount in ${folder} ...\n`);
  makeSources(folder, sizes);
  const template = path.join(folder, 'template.img');
  makeMountImage(template, type, folder, sizes);
  const places = mountNames(type).map((name): Place => {
    const image = path.join(folder, `${name}.img`);
    copyMountImage(template, image);
    const mount = new Mount(name, image, path.join(folder, `${name}.mount`));
    mount.mount();
    return { mount, at: mount.folder, folder, sizes };
  });
  const aloneImage = path.join(folder, 'in-process.img');
  copyMountImage(template, aloneImage);
  const results: Result[] = [];
  for (const item of mountCases) {
    const name = `${prefix}mount: ${item.name}`;
    if (!bench.only.test(name)) continue;
    const missing = missingFor(item);
    if (missing !== undefined) {
      print(`${name}: left out, ${missing}\n`);
      continue;
    }
    print(`${name} ... `);
    const values = measureCase(item, places);
    const alone = measureInProcess(item, bench, aloneImage);
    const all: (readonly [string, number])[] = [...values];
    if (alone !== undefined) all.push(['in process', alone]);
    const parts = all.map(([who, value]) => `${who} ${value.toPrecision(4)}`);
    print(`${parts.join(', ')} ${item.unit}\n`);
    results.push(toResult(item, values, alone, name));
  }
  for (const { mount } of places) mount.unmount();
  remove();
  return results;
}
