/**
 * Copies an entry and everything below it from one side to the other, as `cp -a` does: modes,
 * owners, times, links between the files of the tree, symbolic links, holes, devices, extended
 * attributes.
 *
 * The life of a folder:  make -> open both sides -> entries (several at a time) -> attributes ->
 * close.
 *
 * Invariants:
 * 1. A folder gets its attributes when the last entry in it is done. So its times stay, and a
 *    folder that must not be written is filled first.
 * 2. What exists already is replaced, never written through: the target of a symbolic link, or
 *    another name of the same file, stays untouched. Folders are merged. A device gives way only to
 *    a device.
 * 3. What this copy has made is never replaced or merged by it: where the target takes two names of
 *    a folder for one, the second entry fails (made-entries.ts).
 * 4. An entry that fails is reported and the rest is copied, except where no other entry could be
 *    copied either (`isHopeless`).
 */
import { hostCode } from '../../host/host-error.ts';
import { interruption } from '../../host/interrupt.ts';
import { escapeName } from '../../observe/display-names.ts';
import { describeError } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { type TreeVisitor, visitTree } from '../../vfs-linux/tree/visit.ts';
import { isDevice } from '../file-types.ts';
import {
  changedMeanwhile,
  inTheWay,
  isHopeless,
  keptUpTo,
  located,
  sameName,
} from './copy-errors.ts';
import { copyFileData, copyToEnd, SourceReadError } from './copy-file-data.ts';
import { MadeEntries } from './made-entries.ts';
import type { CopyReport } from './report.ts';
import type {
  Attributes,
  PresentEntry,
  SourceFile,
  SourceSide,
  TargetFile,
  TargetSide,
  Xattr,
} from './sides.ts';

/** Entries under way at a time. */
const width = 16;

/** A folder under way, and the folders that it is in. */
interface Folder<S, T> {
  readonly above: Folder<S, T> | undefined;
  readonly source: S;
  readonly target: T;
  /** Its name in the target folder above. */
  readonly name: Buffer;
  /** Undefined for the folder that the copy goes into. */
  readonly attributes: Attributes | undefined;
  readonly xattrs: readonly Xattr[];
  /** Undefined if this copy made the folder: then this copy also made every entry in it. */
  readonly made: MadeEntries | undefined;
  /** The names in it that are still to be copied. */
  readonly names: Buffer[];
  /** Whether all of them are done. */
  left: boolean;
  /** Files in it that further names may be linked to. */
  linkable: number;
}

/** An entry's name on either side. */
interface Names {
  readonly source: Buffer;
  readonly target: Buffer;
}

/** A file that has more than one name: where the first copy of it is. */
interface Linkable<S, T> {
  readonly folder: Folder<S, T>;
  readonly name: Buffer;
  /** Resolves to whether it is there. */
  readonly copied: Promise<boolean>;
  namesLeft: number;
}

export interface CopyParts<S, T> {
  readonly source: SourceSide<S>;
  readonly target: TargetSide<T>;
  readonly report: CopyReport;
  /** Gets the counts of entries and bytes as they are done. */
  readonly onProgress: (entries: number, bytes: number) => void;
}

/** Where a copy begins: an entry of a folder on one side, and its place on the other. */
export interface CopyRoot<S, T> {
  readonly source: S;
  readonly sourceName: Buffer;
  readonly target: T;
  readonly name: Buffer;
}

class CopyVisitor<S, T> implements TreeVisitor<Folder<S, T>, Names> {
  readonly #parts: CopyParts<S, T>;
  readonly #linkables: Map<string, Linkable<S, T>> = new Map();

  constructor(parts: CopyParts<S, T>) {
    this.#parts = parts;
  }

  async visit(folder: Folder<S, T>, names: Names): Promise<Folder<S, T> | undefined> {
    const { report, onProgress } = this.#parts;
    let inside: Folder<S, T> | undefined;
    try {
      inside = await this.#copy(folder, names);
    } catch (error) {
      this.#failed(folder, names.target, error);
    }
    onProgress(1, 0);
    if (inside !== undefined) report.copied(abi.S_IFDIR);
    return inside;
  }

  /** Reports an entry's failure; throws it where the copy cannot continue. */
  #failed(folder: Folder<S, T>, name: Buffer, error: unknown): void {
    const path = pathOf(folder, name);
    if (isHopeless(error)) throw located(error, path);
    this.#parts.report.failed(path, describeError(error));
  }

  async next(folder: Folder<S, T>): Promise<readonly Names[]> {
    const names = folder.names.splice(0);
    if (names.length === 0) await this.#leave(folder);
    return names.map((name) => ({ source: name, target: name }));
  }

  /** Copies one entry; answers its folder where it is one, open on both sides. */
  async #copy(folder: Folder<S, T>, names: Names): Promise<Folder<S, T> | undefined> {
    const attributes = await this.#parts.source.attributes(folder.source, names.source);
    if (attributes.type === abi.S_IFDIR) return this.#enter(folder, names, attributes);
    if (attributes.nlink > 1) await this.#copyLinkable(folder, names, attributes);
    else await this.#copyEntry(folder, names, attributes);
    this.#parts.report.copied(attributes.type);
    return undefined;
  }

  async #enter(folder: Folder<S, T>, names: Names, attributes: Attributes): Promise<Folder<S, T>> {
    const { source, target } = this.#parts;
    const name = names.target;
    const fresh = await this.#makeFolder(folder, name);
    const xattrs = await source.xattrs(folder.source, names.source);
    const from = await source.openFolder(folder.source, names.source);
    const inside = await source.names(from);
    const into = await target.openFolder(folder.target, name);
    return {
      above: folder,
      source: from,
      names: inside,
      target: into,
      name,
      attributes,
      xattrs,
      made: fresh ? undefined : new MadeEntries((one) => target.presentAt(into, one)),
      left: false,
      linkable: 0,
    };
  }

  /** Answers whether there was no folder at that name. */
  async #makeFolder(folder: Folder<S, T>, name: Buffer): Promise<boolean> {
    const { target } = this.#parts;
    return this.#make(folder, name, async (present) => {
      if (present === undefined) await target.makeFolder(folder.target, name);
      else if (present.type !== abi.S_IFDIR) {
        throw inTheWay(pathOf(folder, name), 'ENOTDIR', 'is not a directory');
      }
      return present === undefined;
    });
  }

  /**
   * Runs `make`, which gets what is at the name, if anything. Throws where the target takes the
   * name for another one that this copy has made there.
   */
  async #make<R>(
    folder: Folder<S, T>,
    name: Buffer,
    make: (present: PresentEntry | undefined) => Promise<R>,
  ): Promise<R> {
    const { made } = folder;
    if (made === undefined) {
      try {
        return await make(undefined);
      } catch (error) {
        if (hostCode(error) !== 'EEXIST') throw error;
        throw sameName(pathOf(folder, name), 'another name of this folder');
      }
    }
    return made.lock.run(async () => {
      const present = await this.#parts.target.presentAt(folder.target, name);
      const alias = present === undefined ? undefined : await made.aliasOf(name, present);
      if (alias !== undefined) throw sameName(pathOf(folder, name), escapeName(alias));
      const answer = await make(present);
      await made.add(name);
      return answer;
    });
  }

  /** Every entry of a folder is done: closes it, and sets its attributes. */
  async #leave(folder: Folder<S, T>): Promise<void> {
    const { source, target } = this.#parts;
    const { above, name, attributes, xattrs } = folder;
    folder.left = true;
    await source.closeFolder(folder.source);
    if (folder.linkable === 0) await target.closeFolder(folder.target);
    if (above === undefined || attributes === undefined) return;
    await this.#setAttributes(above, name, attributes, xattrs);
  }

  /** Sets the attributes of what was made; a failure is reported, and what was made stays. */
  async #setAttributes(
    folder: Folder<S, T>,
    name: Buffer,
    attributes: Attributes,
    xattrs: readonly Xattr[],
  ): Promise<void> {
    const { target, report } = this.#parts;
    try {
      const losses = await target.setAttributes(folder.target, name, attributes, xattrs);
      for (const loss of losses) report.lost(pathOf(folder, name), loss);
    } catch (error) {
      this.#failed(folder, name, error);
    }
  }

  /** Copies the first name of a file, and links the others to that copy. */
  async #copyLinkable(folder: Folder<S, T>, names: Names, attributes: Attributes): Promise<void> {
    const name = names.target;
    const known = this.#linkables.get(attributes.identity);
    if (known !== undefined && (await known.copied)) {
      const linked = await this.#replace(folder, name, attributes, () =>
        this.#link(folder, name, known),
      );
      if (!linked) {
        await this.#copyEntry(folder, names, attributes);
      }
      known.namesLeft--;
      if (known.namesLeft === 0) await this.#forget(attributes.identity, known);
      return;
    }
    const copying = this.#copyEntry(folder, names, attributes);
    const copied = copying.then(
      () => true,
      () => false,
    );
    folder.linkable++;
    const namesLeft = attributes.nlink - 1;
    this.#linkables.set(attributes.identity, { folder, name, copied, namesLeft });
    await copying;
  }

  /** Gives the file a further name; answers false where the target has no such thing. */
  async #link(folder: Folder<S, T>, name: Buffer, to: Linkable<S, T>): Promise<boolean> {
    const { target, report } = this.#parts;
    const loss = await target.link(to.folder.target, to.name, folder.target, name);
    if (loss !== undefined) report.lost(pathOf(folder, name), loss);
    return loss === undefined;
  }

  async #forget(identity: string, { folder }: Linkable<S, T>): Promise<void> {
    this.#linkables.delete(identity);
    folder.linkable--;
    if (folder.linkable === 0 && folder.left) {
      await this.#parts.target.closeFolder(folder.target);
    }
  }

  /** Makes the name free. A device gives way to a device alone, as it may be in use. */
  async #clear(
    folder: Folder<S, T>,
    name: Buffer,
    attributes: Attributes,
    present: PresentEntry | undefined,
  ): Promise<void> {
    if (present === undefined) return;
    const path = pathOf(folder, name);
    if (present.type === abi.S_IFDIR) throw inTheWay(path, 'EISDIR', 'is a directory');
    if (isDevice(present.type) && !isDevice(attributes.type)) {
      throw inTheWay(path, 'EEXIST', 'is a device');
    }
    await this.#parts.target.remove(folder.target, name);
  }

  /** Makes an entry in the place of what is there. */
  #replace<R>(
    folder: Folder<S, T>,
    name: Buffer,
    attributes: Attributes,
    make: () => Promise<R>,
  ): Promise<R> {
    return this.#make(folder, name, async (present) => {
      await this.#clear(folder, name, attributes, present);
      return make();
    });
  }

  async #copyEntry(folder: Folder<S, T>, names: Names, attributes: Attributes): Promise<void> {
    const { source, target } = this.#parts;
    const name = names.target;
    const xattrs = await source.xattrs(folder.source, names.source);
    if (attributes.type === abi.S_IFREG) {
      await this.#copyFile(folder, names, attributes);
    } else if (attributes.type === abi.S_IFLNK) {
      const text = await source.linkTarget(folder.source, names.source);
      await this.#replace(folder, name, attributes, () =>
        target.makeSymlink(text, folder.target, name),
      );
    } else {
      await this.#replace(folder, name, attributes, () =>
        target.makeNode(folder.target, name, attributes),
      );
    }
    await this.#setAttributes(folder, name, attributes, xattrs);
  }

  async #copyFile(folder: Folder<S, T>, names: Names, attributes: Attributes): Promise<void> {
    const { source, target } = this.#parts;
    const from = await source.openFile(folder.source, names.source);
    try {
      const into = await this.#replace(folder, names.target, attributes, () =>
        target.createFile(folder.target, names.target),
      );
      try {
        await this.#copyData(from, into, attributes);
      } catch (error) {
        if (error instanceof SourceReadError) throw keptUpTo(error, attributes.sizeBytes);
        // What is there of the file is no copy: it stops here for the target's sake, or on request.
        await target.remove(folder.target, names.target).catch(() => {});
        throw error;
      } finally {
        await into.close();
      }
      if (from.live?.changedSince(attributes) === true) {
        this.#parts.report.failed(pathOf(folder, names.target), changedMeanwhile);
      }
    } finally {
      await from.close();
    }
  }

  async #copyData(from: SourceFile, into: TargetFile, attributes: Attributes): Promise<void> {
    const { report, onProgress } = this.#parts;
    const { sizeBytes, allocatedBytes } = attributes;
    const onBytes = (bytes: number): void => {
      report.bytes += bytes;
      onProgress(0, bytes);
    };
    const copy = { source: from, target: into, onBytes };
    if (sizeBytes === 0 && from.live !== undefined) {
      await copyToEnd(copy);
      return;
    }
    const mayHaveHoles = allocatedBytes === undefined || allocatedBytes < sizeBytes;
    await copyFileData({ ...copy, sizeBytes, mayHaveHoles });
  }
}

/** The path of an entry below the place that the copy started from. */
function pathOf<S, T>(folder: Folder<S, T>, name: Buffer): string {
  const names = [escapeName(name)];
  for (let at = folder; at.above !== undefined; at = at.above) names.unshift(escapeName(at.name));
  return names.join('/');
}

/**
 * Copies the root. Throws only where the copy cannot continue; the report has the other failures.
 */
export async function copyTree<S, T>(parts: CopyParts<S, T>, root: CopyRoot<S, T>): Promise<void> {
  const { source, target, sourceName, name } = root;
  const top: Folder<S, T> = {
    above: undefined,
    source,
    target,
    name,
    attributes: undefined,
    xattrs: [],
    made: new MadeEntries((one) => parts.target.presentAt(target, one)),
    names: [],
    left: false,
    linkable: 0,
  };
  const entry = { source: sourceName, target: name };
  await visitTree(new CopyVisitor(parts), top, entry, { width, signal: interruption });
}
