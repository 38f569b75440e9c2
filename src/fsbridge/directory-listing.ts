/**
 * A directory as one handle lists it. Entries have numbers from 0 on, which stay theirs as long as the
 * listing is not begun anew: "." and "..", which the root has not, and then what Linux lists.
 */
import type { DirectorySnapshot, EntryAnswer } from '../cache/directory-snapshots.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { DirentStatx } from '../vfs-linux/dirents.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import type { SmallXattrs } from '../vfs-linux/found.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { easOfName, noteXattrs, type XattrFacts } from './eas.ts';
import type { Fcb } from './fcb.ts';
import { FileInfo, fillInfo } from './file-info.ts';
import { FoldedNames } from './folded-names.ts';
import { toWindowsName } from './translate/names.ts';
import { reparseTagOf } from './translate/reparse.ts';
import type { Vcb } from './vcb.ts';

/** An entry, as Windows sees it. */
export interface ListedEntry {
  readonly name: string;
  /** Undefined for "." and "..", which are the directory's and its parent's own. */
  readonly entry: DirentStatx | undefined;
}

type ListedAnswer = ListedEntry | undefined | Errno;

const dots = ['.', '..'] as const;

export class DirectoryListing {
  readonly directory: Fcb;
  /** The one FileInfo that every entry is shown in. */
  readonly info: FileInfo = new FileInfo();
  #vcb: Vcb;
  #fd: Fd;
  #snapshot: DirectorySnapshot;
  #dots: number;
  /** The name given last, and the number behind it: most listings go on there. */
  #lastName = '';
  #afterLast = 0;

  constructor(vcb: Vcb, directory: Fcb, fd: Fd, snapshot: DirectorySnapshot) {
    this.#vcb = vcb;
    this.directory = directory;
    this.#fd = fd;
    this.#snapshot = snapshot;
    this.#dots = directory === vcb.root ? 0 : dots.length;
  }

  /** The entry of that number; undefined behind the last; or a negative errno. */
  at(index: number): ListedAnswer | Promise<ListedAnswer> {
    const dot = index < this.#dots ? dots[index] : undefined;
    if (dot !== undefined) return { name: dot, entry: undefined };
    const found = this.#snapshot.at(index - this.#dots);
    return found instanceof Promise ? found.then((entry) => this.#show(entry)) : this.#show(found);
  }

  #show(entry: EntryAnswer): ListedAnswer {
    if (entry === undefined || isErrno(entry)) return entry;
    // DirectoryReader reads no others.
    const listed = entry as DirentStatx;
    const linuxName = listed.name;
    const plain = toWindowsName(linuxName);
    const { folded } = this.directory;
    const name = folded instanceof FoldedNames ? folded.shownAs(plain, linuxName) : plain;
    return { name, entry: listed };
  }

  /** The number behind the entry of that name; -1 where there is none. */
  async behind(name: string): Promise<number> {
    if (name === this.#lastName) return this.#afterLast;
    for (let index = 0; ; index++) {
      const listed = await this.at(index);
      if (listed === undefined || isErrno(listed)) return -1;
      if (listed.name === name) return index + 1;
    }
  }

  given(name: string, index: number): void {
    this.#lastName = name;
    this.#afterLast = index + 1;
  }

  /** Begins anew: the directory as it is now. 0 or a negative errno. */
  restart(): Promise<number> {
    this.#lastName = '';
    return this.#snapshot.restart();
  }

  /** Fills `info`; false where the entry has gone. A promise only for what has to be looked up. */
  describe(listed: ListedEntry): boolean | Promise<boolean> {
    const { entry } = listed;
    if (entry === undefined) return this.#describeDots(listed.name);
    const { statx, xattrs } = entry;
    if (statx === undefined) return false;
    const facts = { statx, xattrs, info: this.info };
    return describeEntry(this.#vcb, this.directory, listed.name, entry.name, facts);
  }

  async #describeDots(name: string): Promise<boolean> {
    const fcb = name === '.' ? this.directory : (this.directory.lcb?.parent ?? this.directory);
    const statx = await this.#vcb.calls.fstatx(fcb.handle);
    if (isErrno(statx)) return false;
    fillInfo(
      this.info,
      statx,
      { dos: undefined, reparseTag: 0, isDirectoryLink: false, eaSize: 0, hideDotFiles: false },
      name,
    );
    return true;
  }

  close(): void {
    this.#vcb.directories.close(this.#fd, this.#snapshot);
  }
}

/** What was found out about an entry, and where it is to be shown. */
export interface EntryFacts {
  readonly statx: Statx;
  readonly xattrs: SmallXattrs | undefined;
  readonly info: FileInfo;
}

/** Fills a FileInfo for a name in a directory that is not opened for it. */
export function describeEntry(
  vcb: Vcb,
  dir: Fcb,
  name: string,
  linuxName: Uint8Array,
  entry: EntryFacts,
): boolean | Promise<boolean> {
  const facts: XattrFacts = { dos: null, eaSize: 0, hasAcl: false };
  const { type } = entry.statx;
  const mayHaveEas = type === abi.S_IFREG || type === abi.S_IFDIR;
  if (entry.xattrs !== undefined && mayHaveEas) {
    facts.eaSize = undefined;
    noteXattrs(facts, entry.xattrs);
  }
  if (type !== abi.S_IFLNK && facts.eaSize !== undefined) {
    return fill(vcb, name, entry, facts, false);
  }
  return describeMore(vcb, dir, name, linuxName, entry, facts);
}

/** The few that have EAs, or are links, of which Windows has two kinds. */
async function describeMore(
  vcb: Vcb,
  dir: Fcb,
  name: string,
  linuxName: Uint8Array,
  entry: EntryFacts,
  facts: XattrFacts,
): Promise<boolean> {
  if (facts.eaSize === undefined) await easOfName(vcb, dir, linuxName, facts);
  let isDirectoryLink = false;
  if (entry.statx.type === abi.S_IFLNK) {
    const target = await vcb.calls.statx(dir.handle, linuxName);
    isDirectoryLink = !isErrno(target) && target.type === abi.S_IFDIR;
  }
  return fill(vcb, name, entry, facts, isDirectoryLink);
}

function fill(
  vcb: Vcb,
  name: string,
  { statx, info }: EntryFacts,
  facts: XattrFacts,
  isDirectoryLink: boolean,
): boolean {
  const reparseTag = reparseTagOf(statx.mode, vcb.options.specialFiles);
  const { hideDotFiles } = vcb.options;
  const dos = facts.dos ?? undefined;
  const eaSize = facts.eaSize ?? 0;
  fillInfo(info, statx, { dos, reparseTag, isDirectoryLink, eaSize, hideDotFiles }, name);
  return true;
}
