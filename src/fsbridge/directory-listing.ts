/**
 * A directory as one handle lists it. Entries have numbers from 0 on, which stay theirs as long as
 * the listing is not begun anew: "." and "..", which the root does not have, and then Linux's
 * entries.
 */
import type { DirectorySnapshot, EntryAnswer } from '../cache/directory-snapshots.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { DirentStatx } from '../vfs-linux/dirents.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { SmallXattrs } from '../vfs-linux/lookup.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { learnXattrsOfName } from './eas.ts';
import type { Fcb } from './fcb.ts';
import { FileInfo, fillInfo } from './file-info.ts';
import type { ListedAnswer, ListedEntry, Listing } from './file-object.ts';
import { FoldedNames } from './folded-names.ts';
import { isDirectoryLinkAt } from './inode.ts';
import { toWindowsName } from './translate/names.ts';
import { reparseTagOf } from './translate/reparse.ts';
import type { Vcb } from './vcb.ts';
import { noteXattrs, type XattrFacts } from './xattr-facts.ts';

const dots = ['.', '..'] as const;

export class DirectoryListing implements Listing {
  readonly directory: Fcb;
  readonly info: FileInfo = new FileInfo();
  #vcb: Vcb;
  #fd: Fd;
  #snapshot: DirectorySnapshot;
  #dots: number;
  /** The name given last, and the number behind it: most listings continue there. */
  #lastName = '';
  #afterLast = 0;

  constructor(vcb: Vcb, directory: Fcb, fd: Fd, snapshot: DirectorySnapshot) {
    this.#vcb = vcb;
    this.directory = directory;
    this.#fd = fd;
    this.#snapshot = snapshot;
    this.#dots = directory === vcb.root ? 0 : dots.length;
  }

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

  restart(): Promise<number> {
    this.#lastName = '';
    return this.#snapshot.restart();
  }

  describe(listed: ListedEntry): boolean | Promise<boolean> {
    const { entry } = listed;
    if (entry === undefined) return this.#describeDots(listed.name);
    const { statx, xattrs } = entry;
    if (statx === undefined) return false;
    const facts = { statx, xattrs, info: this.info };
    return describeEntry(this.#vcb, this.directory, entry.name, facts);
  }

  async #describeDots(name: string): Promise<boolean> {
    const fcb = name === '.' ? this.directory : (this.directory.lcb?.parent ?? this.directory);
    const statx = await this.#vcb.calls.fstatx(fcb.handle);
    if (isErrno(statx)) return false;
    fillInfo(this.info, statx, {
      dos: undefined,
      reparseTag: 0,
      isDirectoryLink: false,
      eaSize: 0,
    });
    return true;
  }

  close(): void {
    this.#vcb.directories.close(this.#fd, this.#snapshot);
  }
}

/** What the kernel found of an entry, and the FileInfo that shows it. */
export interface EntryFacts {
  readonly statx: Statx;
  readonly xattrs: SmallXattrs | undefined;
  readonly info: FileInfo;
}

/** Fills a FileInfo for a name in a directory that is not opened for it. */
export function describeEntry(
  vcb: Vcb,
  dir: Fcb,
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
  if (type !== abi.S_IFLNK && facts.eaSize !== undefined) return fill(entry, facts, false);
  return lookUpAndFill(vcb, dir, linuxName, { entry, facts });
}

/**
 * For entries that have EAs, and for links: Windows has links to files and links to directories.
 */
async function lookUpAndFill(
  vcb: Vcb,
  dir: Fcb,
  linuxName: Uint8Array,
  { entry, facts }: { readonly entry: EntryFacts; readonly facts: XattrFacts },
): Promise<boolean> {
  if (facts.eaSize === undefined) await learnXattrsOfName(vcb, dir, linuxName, facts);
  const isLink = entry.statx.type === abi.S_IFLNK;
  const isDirectoryLink = isLink && (await isDirectoryLinkAt(vcb, dir.handle, linuxName));
  return fill(entry, facts, isDirectoryLink);
}

function fill({ statx, info }: EntryFacts, facts: XattrFacts, isDirectoryLink: boolean): boolean {
  const reparseTag = reparseTagOf(statx.mode);
  const dos = facts.dos ?? undefined;
  const eaSize = facts.eaSize ?? 0;
  fillInfo(info, statx, { dos, reparseTag, isDirectoryLink, eaSize });
  return true;
}
