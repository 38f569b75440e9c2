/**
 * The cases: each is one row of the table.
 *
 * A round is `prepare`, then `run` with the clock on, then `clean`. The subjects take turns, round
 * by round. A warm case runs once before the clock starts, and its best round counts, because other
 * load only makes a round slower. A cold case starts with empty caches, the measured kernel's and
 * the host's, and its median round counts, because disks vary both ways.
 */
import { paths, type Sizes, treeFiles } from './image.ts';
import type { Operation, Subject } from './subjects/subject.ts';

export interface Case {
  readonly name: string;
  readonly unit: 'MiB/s' | 'per s';
  /** The aim: fsbridge's speed as a part of native's. */
  readonly aim?: number;
  /** Whether caches are emptied before each round. */
  readonly cold?: boolean;
  /** Whether the median round counts instead of the best, because the disk's speed decides. */
  readonly disk?: boolean;
  /** The number of units in one round. */
  readonly amount: number;
  readonly needs: readonly Operation[];
  prepare?(subject: Subject): Promise<void>;
  run(subject: Subject): Promise<void>;
  clean?(subject: Subject): Promise<void>;
}

const mib = 1048576;
const pageBytes = 4096;

/** Offsets in a file, the same in every run (Park and Miller's minimal standard generator). */
export function randomOffsets(count: number, fileBytes: number): number[] {
  let state = 20261121;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 0x7fffffff;
    return (state % (fileBytes / pageBytes)) * pageBytes;
  });
}

function dataCases(sizes: Sizes): Case[] {
  const { warmBytes, coldBytes, writeBytes } = sizes;
  const passes = 2;
  const fresh = `${paths.changes}/fresh.bin`;
  return [
    {
      name: 'read 1 MiB, warm',
      unit: 'MiB/s',
      aim: 0.8,
      amount: (passes * warmBytes) / mib,
      needs: ['readSequential'],
      async run(subject) {
        for (let i = 0; i < passes; i++)
          await subject.readSequential(paths.warm, warmBytes, mib, 1);
      },
    },
    {
      name: 'read 64 KiB, warm',
      unit: 'MiB/s',
      amount: (passes * warmBytes) / mib,
      needs: ['readSequential'],
      async run(subject) {
        for (let i = 0; i < passes; i++)
          await subject.readSequential(paths.warm, warmBytes, mib / 16, 1);
      },
    },
    {
      name: 'read 1 MiB, cold',
      unit: 'MiB/s',
      aim: 0.9,
      cold: true,
      amount: coldBytes / mib,
      needs: ['readSequential'],
      run: (subject) => subject.readSequential(paths.cold, coldBytes, mib, 4),
    },
    {
      name: 'write 1 MiB, warm (over old data, no fsync)',
      unit: 'MiB/s',
      amount: writeBytes / mib,
      needs: ['writeSequential'],
      run: (subject) => subject.writeSequential(paths.write, writeBytes, mib),
      clean: (subject) => subject.settle(),
    },
    {
      name: 'write 1 MiB, cold (new file, fsync)',
      unit: 'MiB/s',
      cold: true,
      amount: writeBytes / mib,
      needs: ['writeSequential', 'fsync'],
      async run(subject) {
        await subject.writeSequential(fresh, writeBytes, mib);
        await subject.fsync(fresh);
      },
      async clean(subject) {
        await subject.unlink([fresh]);
        await subject.settle();
      },
    },
  ];
}

function randomCases(sizes: Sizes): Case[] {
  const warm = randomOffsets(20_000, sizes.warmBytes);
  const cold = randomOffsets(2000, sizes.coldBytes);
  const read = (depth: number, isCold: boolean, aim?: number): Case => ({
    name: `read 4 KiB at random, depth ${depth}, ${isCold ? 'cold' : 'warm'}`,
    unit: 'per s',
    ...(aim === undefined ? {} : { aim }),
    cold: isCold,
    amount: (isCold ? cold : warm).length,
    needs: ['readRandom'],
    run: (subject) =>
      subject.readRandom(isCold ? paths.cold : paths.warm, isCold ? cold : warm, pageBytes, depth),
  });
  return [read(1, false), read(32, false, 0.5), read(1, true), read(32, true)];
}

function nameCases(sizes: Sizes): Case[] {
  const tree = treeFiles(sizes);
  const often = Array.from({ length: 10 }, () => tree).flat();
  const stat = (depth: number, aim?: number): Case => ({
    name: depth === 1 ? 'stat' : `stat, depth ${depth}`,
    unit: 'per s',
    ...(aim === undefined ? {} : { aim }),
    amount: often.length,
    needs: ['stat'],
    run: (subject) => subject.stat(often, depth),
  });
  const listings = 5;
  const list = (cold: boolean, times: number): Case => ({
    name: `list ${sizes.manyFiles} with stat, in entries, ${cold ? 'cold' : 'warm'}`,
    unit: 'per s',
    cold,
    amount: times * sizes.manyFiles,
    needs: ['list'],
    async run(subject) {
      for (let i = 0; i < times; i++) await subject.list(paths.many, sizes.manyFiles);
    },
  });
  return [
    stat(1, 0.5),
    stat(32),
    {
      name: 'stat, cold',
      unit: 'per s',
      cold: true,
      amount: tree.length,
      needs: ['stat'],
      run: (subject) => subject.stat(tree, 32),
    },
    {
      name: `readdir of ${sizes.manyFiles}, in entries`,
      unit: 'per s',
      amount: listings * sizes.manyFiles,
      needs: ['readdir'],
      async run(subject) {
        for (let i = 0; i < listings; i++) await subject.readdir(paths.many, sizes.manyFiles);
      },
    },
    list(false, listings),
    list(true, 1),
    {
      name: 'open and close',
      unit: 'per s',
      amount: often.length,
      needs: ['openAndClose'],
      run: (subject) => subject.openAndClose(often),
    },
  ];
}

function changeCases(sizes: Sizes): Case[] {
  const names = Array.from({ length: 2000 }, (_, index) => `${paths.changes}/new-${index}`);
  const offsets = randomOffsets(100, sizes.writeBytes);
  const create = (depth: number, aim?: number): Case => ({
    name: depth === 1 ? 'create' : `create, depth ${depth}`,
    unit: 'per s',
    ...(aim === undefined ? {} : { aim }),
    amount: names.length,
    needs: ['create', 'unlink'],
    run: (subject) => subject.create(names, depth),
    async clean(subject) {
      await subject.unlink(names);
      await subject.settle();
    },
  });
  return [
    create(1, 0.4),
    create(32),
    {
      name: 'unlink',
      unit: 'per s',
      amount: names.length,
      needs: ['create', 'unlink'],
      async prepare(subject) {
        await subject.create(names, 1);
        await subject.settle();
      },
      run: (subject) => subject.unlink(names),
      clean: (subject) => subject.settle(),
    },
    {
      name: 'write 4 KiB and fsync',
      unit: 'per s',
      disk: true,
      amount: offsets.length,
      needs: ['writeAndSync'],
      run: (subject) => subject.writeAndSync(paths.write, offsets),
    },
  ];
}

/** All cases with a native counterpart, in the table's order. */
export function cases(sizes: Sizes): Case[] {
  return [...dataCases(sizes), ...randomCases(sizes), ...nameCases(sizes), ...changeCases(sizes)];
}
