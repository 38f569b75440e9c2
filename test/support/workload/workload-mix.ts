/** Which of the random calls come how often, and which may be under way at the same time. */
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import type { OpenFile, Step, Workload } from './workload.ts';
import { expectSame, latin1 } from './workload.ts';
import * as data from './workload-data.ts';
import * as names from './workload-names.ts';

type DataPlan = (load: Workload, file: OpenFile) => Step;
type NamePlan = (load: Workload) => Step;

/** With how many parts in the mix. */
const alone: readonly (readonly [number, DataPlan])[] = [
  [30, data.planWrite],
  [14, data.planRead],
  [8, data.planTruncate],
  [12, data.planFallocate],
  [5, data.planCopyRange],
  [4, data.planClone],
  [2, data.planSync],
];
const together = alone.filter(([, plan]) => plan !== data.planCopyRange && plan !== data.planClone);
const byName: readonly (readonly [number, NamePlan])[] = [
  [8, names.planMkdir],
  [5, names.planSymlink],
  [6, names.planLink],
  [7, names.planUnlink],
  [5, names.planRmdir],
  [12, names.planRename],
  [5, names.planChmod],
  [5, names.planChown],
  [5, names.planUtimens],
  [8, names.planSetXattr],
  [4, names.planRemoveXattr],
  [4, names.planGetXattr],
  [6, names.planStat],
  [2, names.planReadlink],
  [4, names.planList],
];

const owned: readonly NamePlan[] = [names.planChmod, names.planChown];
const attributes: readonly NamePlan[] = [
  names.planSetXattr,
  names.planRemoveXattr,
  names.planGetXattr,
];

function draw<T>(load: Workload, mix: readonly (readonly [number, T])[]): T {
  let ticket = load.random.below(mix.reduce((sum, [parts]) => sum + parts, 0));
  for (const [parts, plan] of mix) {
    if (ticket < parts) return plan;
    ticket -= parts;
  }
  throw new RangeError('an empty mix');
}

/** One call. */
export function planStep(load: Workload): Step {
  const { random, can } = load;
  if (load.open.length < 3 || (load.hasRoomToOpen && random.chance(0.08))) return load.planOpen();
  if (random.chance(0.06)) return load.planClose();
  if (random.chance(0.5)) return draw(load, alone)(load, random.pick(load.open));
  if (load.isCrowded && random.chance(0.5)) return names.planUnlink(load);
  const plan = draw(load, byName);
  if (plan === names.planMkdir && load.hasManyDirectories) return names.planRmdir(load);
  if (owned.includes(plan) && !can.modes) return names.planRename(load);
  if (attributes.includes(plan) && can.xattrBytes === undefined) return names.planRename(load);
  return plan(load);
}

/** Calls on different files, to be under way at once. */
export function planBatch(load: Workload): Step[] {
  const steps: Step[] = [];
  const touched = new Set<unknown>();
  for (const file of load.open) {
    if (touched.has(file.node)) continue;
    touched.add(file.node);
    steps.push(draw(load, together)(load, file));
  }
  return steps.length > 0 ? steps : [load.planOpen()];
}

/** Creates, renames and removes many names in one directory, with many calls in flight. */
export async function crowd(load: Workload, calls: LinuxCalls, count: number): Promise<void> {
  const { tree, random } = load;
  const folder = `/crowd-${random.below(1e9)}`;
  const cwd = abi.AT_FDCWD;
  const mode = load.can.modes ? 0o700 : 0o755;
  expectSame(
    `mkdir(${folder})`,
    await calls.mkdirat(cwd, latin1(folder), mode),
    tree.mkdir(folder, mode),
  );
  const long = load.can.names.some((name) => name.length > 200)
    ? 'n'.repeat(random.below(180))
    : '';
  const paths = Array.from({ length: count }, (_, index) => `${folder}/${long}${index}`);
  const make = async (path: string): Promise<void> => {
    const flags = abi.O_CREAT | abi.O_EXCL | abi.O_WRONLY;
    const fileMode = load.can.modes ? 0o640 : 0o755;
    const node = tree.create(path, flags, fileMode);
    const fd = await calls.openat2(cwd, latin1(path), flags, fileMode);
    expectSame(`creat(${path})`, Math.min(fd, 0), typeof node === 'number' ? node : 0);
    await calls.close(fd);
  };
  const remove = async (path: string): Promise<void> => {
    const expected = tree.unlink(path);
    expectSame(`unlink(${path})`, await calls.unlinkat(cwd, latin1(path)), expected);
  };
  const rename = async (path: string): Promise<void> => {
    const to = `${path}x`;
    const expected = tree.rename(path, to, 0, load.can);
    const got = await calls.renameat2(at(cwd, latin1(path)), at(cwd, latin1(to)));
    expectSame(`rename(${path})`, got, expected);
  };
  await Promise.all(paths.map(make));
  await Promise.all(
    paths.map((path, index) =>
      index % 3 === 0 ? rename(path) : index % 3 === 1 ? remove(path) : 0,
    ),
  );
}
