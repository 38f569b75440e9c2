/**
 * Goes through a tree, many entries of many directories at a time. Removing, copying and describing
 * a tree have this in common. Only the visitor knows the directories: they may be those of a volume
 * or of the host.
 *
 *     visit an entry; if it is a directory: next names, visit each, next names, … none: it is left
 *
 * Invariants:
 * 1. `next` of a directory is called again only when every entry that it named is done, with
 *    everything below it. A directory is done when `next` names no more entries.
 * 2. The list of waiting entries stays short, as the walk goes into the depth first.
 */
import { type Add, type WorkOptions, workThrough } from './work-list.ts';

/** `D` is an open directory, `E` an entry of one: its name, or more. */
export interface TreeVisitor<D, E> {
  /** Does the work on one entry. Answers its directory where the walk is to go through that. */
  visit(directory: D, entry: E): Promise<D | undefined>;
  /** The next entries of a directory that `visit` answered; none when the visitor has left it. */
  next(directory: D): Promise<readonly E[]>;
}

/** A directory that the walk is in. */
interface Level<D> {
  readonly directory: D;
  /** Undefined for the one where the walk began. */
  readonly above: Level<D> | undefined;
  /** Entries that are not done. */
  pending: number;
}

interface Task<D, E> {
  readonly level: Level<D>;
  readonly entry: E;
}

/**
 * Visits an entry of a directory and everything below it. Throws the visitor's first exception, or
 * the signal's reason, when nothing is under way any more; directories are open then that were not
 * left.
 */
export async function visitTree<D, E>(
  visitor: TreeVisitor<D, E>,
  directory: D,
  entry: E,
  options: WorkOptions,
): Promise<void> {
  const top: Level<D> = { directory, above: undefined, pending: 1 };
  const run = async (task: Task<D, E>, add: Add<Task<D, E>>): Promise<void> => {
    const { level } = task;
    const inside = await visitor.visit(level.directory, task.entry);
    if (inside !== undefined) {
      await advance(visitor, { directory: inside, above: level, pending: 0 }, add);
      return;
    }
    level.pending--;
    if (level.pending === 0) await advance(visitor, level, add);
  };
  await workThrough([{ level: top, entry }], options, run);
}

/**
 * Continues where nothing of a directory is pending: with its next entries, or with those above.
 */
async function advance<D, E>(
  visitor: TreeVisitor<D, E>,
  from: Level<D>,
  add: Add<Task<D, E>>,
): Promise<void> {
  for (let level = from; level.above !== undefined; level = level.above) {
    const entries = await visitor.next(level.directory);
    level.pending = entries.length;
    for (const entry of entries) add({ level, entry });
    if (entries.length > 0) return;
    level.above.pending--;
    if (level.above.pending > 0) return;
  }
}
