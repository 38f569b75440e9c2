/**
 * Copies an entry and everything below it from one side to the other, as `cp -a` does: modes,
 * owners, times, links between the files of the tree, symbolic links, holes, devices, extended
 * attributes.
 *
 * A folder's way:  make -> open both sides -> entries (several at a time) -> attributes -> close.
 *
 * Invariants:
 * 1. A folder gets its attributes when the last entry in it is done: its times stay, and one that
 *    must not be written is filled first.
 * 2. What exists already is replaced, never written through: a symbolic link or another name of the
 *    same file elsewhere stays untouched. Folders are merged. A device gives way only to a device.
 * 3. An entry that fails is told of and the rest goes on; except where nothing can go on
 *    (`isHopeless`).
 */
import { FsBridgeError } from '../../errors.ts';
import { Interrupted, interruption } from '../../host/interrupt.ts';
import { escapeName } from '../../observe/display-names.ts';
import { describeError } from '../../observe/messages.ts';
import { KernelFailedError } from '../../vfs-linux/errors.ts';
import { workThrough } from '../work-list.ts';
import { copyData } from './copy-file.ts';
import type { CopyReport } from './report.ts';
import {
  type Attributes,
  type EntryType,
  isRefusal,
  type SourceSide,
  type TargetSide,
  type Xattr,
} from './sides.ts';

const width = 16;

/** A folder under way, and the way up from it. */
interface Level<S, T> {
  readonly above: Level<S, T> | undefined;
  readonly source: S;
  readonly target: T;
  /** Its name in the target folder above. */
  readonly name: Buffer;
  readonly attributes: Attributes | undefined;
  readonly xattrs: readonly Xattr[];
  /** Whether this copy made it: then nothing in it is in the way. */
  readonly fresh: boolean;
  /** Entries that are not done. */
  pending: number;
  /** Files in it that further names may be linked to. */
  linkable: number;
}

interface Task<S, T> {
  readonly level: Level<S, T>;
  readonly sourceName: Buffer;
  readonly name: Buffer;
}

/** A file that has more than one name: where the first copy of it is. */
interface Linkable<S, T> {
  readonly level: Level<S, T>;
  readonly name: Buffer;
  /** Resolves to whether it is there. */
  readonly copied: Promise<boolean>;
  namesLeft: number;
}

export interface CopyWish<S, T> {
  readonly source: SourceSide<S>;
  readonly target: TargetSide<T>;
  readonly report: CopyReport;
  /** Told of what is done. */
  readonly onProgress: (entries: number, bytes: number) => void;
}

export interface CopyRoot<S, T> {
  readonly source: S;
  readonly sourceName: Buffer;
  readonly target: T;
  readonly name: Buffer;
}

class TreeCopy<S, T> {
  readonly #wish: CopyWish<S, T>;
  readonly #linkables: Map<string, Linkable<S, T>> = new Map();

  constructor(wish: CopyWish<S, T>) {
    this.#wish = wish;
  }

  async entry(task: Task<S, T>, add: (more: Task<S, T>) => void): Promise<void> {
    const { report, onProgress } = this.#wish;
    let entered = false;
    try {
      entered = await this.#copy(task, add);
    } catch (error) {
      if (isHopeless(error)) throw located(error, pathOf(task));
      report.failed(pathOf(task), describeError(error));
    }
    onProgress(1, 0);
    // A folder counts as done with its last entry.
    if (!entered) await this.#leave(task.level);
  }

  /** Copies one entry; answers whether it is a folder that has been entered. */
  async #copy(task: Task<S, T>, add: (more: Task<S, T>) => void): Promise<boolean> {
    const { source, report } = this.#wish;
    const { level, sourceName } = task;
    const attributes = await source.attributes(level.source, sourceName);
    if (attributes.type === 'directory') return this.#enter(task, attributes, add);
    if (attributes.nlink > 1) {
      await this.#copyLinkable(task, attributes);
    } else {
      await this.#copyEntry(task, attributes);
    }
    report.copied(attributes.type);
    return false;
  }

  async #enter(
    task: Task<S, T>,
    attributes: Attributes,
    add: (more: Task<S, T>) => void,
  ): Promise<boolean> {
    const { source, target, report } = this.#wish;
    const { level, sourceName, name } = task;
    const present = level.fresh ? undefined : await target.typeOf(level.target, name);
    if (present === undefined) await target.makeFolder(level.target, name);
    else if (present !== 'directory') throw inTheWay(task, 'ENOTDIR', 'is not a directory');
    const xattrs = await source.xattrs(level.source, sourceName);
    const from = await source.openFolder(level.source, sourceName);
    const names = await source.names(from);
    const into = await target.openFolder(level.target, name);
    report.copied('directory');
    const inside: Level<S, T> = {
      above: level,
      source: from,
      target: into,
      name,
      attributes,
      xattrs,
      fresh: present === undefined,
      pending: names.length + 1,
      linkable: 0,
    };
    for (const each of names) add({ level: inside, sourceName: each, name: each });
    await this.#leave(inside);
    return true;
  }

  /** One entry of the folder is done; so are the folders above whose last entry this was. */
  async #leave(from: Level<S, T>): Promise<void> {
    const { source, target } = this.#wish;
    for (let level: Level<S, T> | undefined = from; level !== undefined; level = level.above) {
      level.pending--;
      if (level.pending > 0) return;
      const { above, name, attributes } = level;
      await source.closeFolder(level.source);
      if (level.linkable === 0) await target.closeFolder(level.target);
      if (above === undefined || attributes === undefined) return;
      await this.#finish(above, name, attributes, level.xattrs);
    }
  }

  async #finish(
    level: Level<S, T>,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<void> {
    const { target, report } = this.#wish;
    const path = (): string => pathOf({ level, name, sourceName: name });
    try {
      const losses = await target.setAttributes(level.target, name, attributes, xattrs);
      for (const loss of losses) report.lost(path(), loss);
    } catch (error) {
      if (isHopeless(error)) throw located(error, path());
      report.failed(path(), describeError(error));
    }
  }

  /** The first name of a file is copied, the others are linked to it. */
  async #copyLinkable(task: Task<S, T>, attributes: Attributes): Promise<void> {
    const { level, name } = task;
    const known = this.#linkables.get(attributes.identity);
    if (known !== undefined && (await known.copied)) {
      await this.#clear(task, attributes);
      if (!(await this.#link(task, known))) await this.#copyEntry(task, attributes);
      known.namesLeft--;
      if (known.namesLeft === 0) await this.#forget(attributes.identity, known);
      return;
    }
    const copying = this.#copyEntry(task, attributes);
    const copied = copying.then(
      () => true,
      () => false,
    );
    level.linkable++;
    const namesLeft = attributes.nlink - 1;
    this.#linkables.set(attributes.identity, { level, name, copied, namesLeft });
    await copying;
  }

  /** Gives the file a further name; answers false where the target has no such thing. */
  async #link(task: Task<S, T>, to: Linkable<S, T>): Promise<boolean> {
    const { target, report } = this.#wish;
    const { level, name } = task;
    try {
      await target.link(to.level.target, to.name, level.target, name);
      return true;
    } catch (error) {
      const { code } = describeError(error);
      if (!isRefusal(code) && code !== 'EMLINK') throw error;
      report.lost(pathOf(task), { what: 'hard link', code });
      return false;
    }
  }

  async #forget(identity: string, linkable: Linkable<S, T>): Promise<void> {
    const { level } = linkable;
    this.#linkables.delete(identity);
    level.linkable--;
    if (level.linkable === 0 && level.pending === 0) {
      await this.#wish.target.closeFolder(level.target);
    }
  }

  /** Sees to it that the name is free. A device gives way to a device alone: it may be in use. */
  async #clear(task: Task<S, T>, attributes: Attributes): Promise<void> {
    if (task.level.fresh) return;
    const { target } = this.#wish;
    const present = await target.typeOf(task.level.target, task.name);
    if (present === undefined) return;
    if (present === 'directory') throw inTheWay(task, 'EISDIR', 'is a directory');
    if (isDevice(present) && !isDevice(attributes.type)) {
      throw inTheWay(task, 'EEXIST', 'is a device');
    }
    await target.remove(task.level.target, task.name);
  }

  async #copyEntry(task: Task<S, T>, attributes: Attributes): Promise<void> {
    const { source, target } = this.#wish;
    const { level, sourceName, name } = task;
    await this.#clear(task, attributes);
    const xattrs = await source.xattrs(level.source, sourceName);
    if (attributes.type === 'file') {
      await this.#copyFile(task, attributes);
    } else if (attributes.type === 'symlink') {
      const text = await source.linkTarget(level.source, sourceName);
      await target.makeSymlink(text, level.target, name);
    } else {
      await target.makeNode(level.target, name, attributes);
    }
    await this.#finish(level, name, attributes, xattrs);
  }

  async #copyFile(task: Task<S, T>, attributes: Attributes): Promise<void> {
    const { level, sourceName, name } = task;
    const { sizeBytes, allocatedBytes } = attributes;
    const from = await this.#wish.source.openFile(level.source, sourceName);
    try {
      const into = await this.#wish.target.createFile(level.target, name);
      try {
        await copyData({
          source: from,
          target: into,
          sizeBytes,
          mayHaveHoles: allocatedBytes === undefined || allocatedBytes < sizeBytes,
          onBytes: (bytes) => {
            this.#wish.report.bytes += bytes;
            this.#wish.onProgress(0, bytes);
          },
        });
      } finally {
        await into.close();
      }
    } finally {
      await from.close();
    }
  }
}

function isDevice(type: EntryType): boolean {
  return type === 'char' || type === 'block';
}

/** The path of a task's entry below the place that the copy started from. */
function pathOf<S, T>(task: Task<S, T>): string {
  const names = [escapeName(task.name)];
  let level: Level<S, T> | undefined = task.level;
  for (; level?.above !== undefined; level = level.above) names.unshift(escapeName(level.name));
  return names.join('/');
}

function inTheWay<S, T>(task: Task<S, T>, code: string, is: string): FsBridgeError {
  const advice = 'Remove what is there, or copy to another place.';
  return new FsBridgeError(code, pathOf(task), `what is there already ${is}`, advice);
}

/** Errors after which every further entry would fail as well. */
function isHopeless(error: unknown): boolean {
  if (error instanceof KernelFailedError || error instanceof Interrupted) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS' || code === 'EMFILE';
}

/** The same error, telling of the entry's path rather than its bare name. */
function located(error: unknown, path: string): unknown {
  if (error instanceof KernelFailedError || error instanceof Interrupted) return error;
  const { code, why, advice } = describeError(error);
  return new FsBridgeError(code, path, why, advice, { cause: error });
}

/**
 * Copies what the root names. Throws only where the copy cannot go on; the rest is in the report.
 */
export async function copyTree<S, T>(wish: CopyWish<S, T>, root: CopyRoot<S, T>): Promise<void> {
  const { source, target, sourceName, name } = root;
  const copy = new TreeCopy(wish);
  const top: Level<S, T> = {
    above: undefined,
    source,
    target,
    name,
    attributes: undefined,
    xattrs: [],
    fresh: false,
    pending: 1,
    linkable: 0,
  };
  const options = { width, signal: interruption };
  await workThrough([{ level: top, sourceName, name }], options, (task, add) =>
    copy.entry(task, add),
  );
}
