/**
 * An open file as one handle sees it (NT's FILE_OBJECT and CCB). What all handles of a file share
 * is in its Fcb; the name that this one was opened by is in its Lcb.
 */
import type { DirentStatx } from '../vfs-linux/dirents.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import type { Timespec } from '../vfs-linux/statx.ts';
import type { Fcb, Lcb } from './fcb.ts';
import type { FileInfo } from './file-info.ts';

/** An entry of a directory, as Windows sees it. */
export interface ListedEntry {
  readonly name: string;
  /** Undefined for "." and "..", which are the directory's and its parent's own. */
  readonly entry: DirentStatx | undefined;
}

/** Undefined: behind the last entry. */
export type ListedAnswer = ListedEntry | undefined | Errno;

/** A directory as one handle lists it: directory-listing.ts. */
export interface Listing {
  /** The one FileInfo that `describe` fills. */
  readonly info: FileInfo;
  /** The entry of that number, from 0 on. */
  at(index: number): ListedAnswer | Promise<ListedAnswer>;
  /** The number behind the entry of that name; -1 where there is none. */
  behind(name: string): Promise<number>;
  /** Remembers the entry that was given last. */
  given(name: string, index: number): void;
  /** Begins anew: the directory as it is now. 0 or a negative errno. */
  restart(): Promise<number>;
  /** Fills `info`; false where the entry has gone. A promise only for what has to be looked up. */
  describe(listed: ListedEntry): boolean | Promise<boolean>;
  close(): void;
}

export class FileObject {
  /** Unlike that of any other file object of the engine, ever: for a transport's contexts. */
  readonly id: number;
  readonly fcb: Fcb;
  /** The name it was opened by, whatever that is now; none for the root. */
  readonly lcb: Lcb | undefined;
  readonly createOptions: number;
  /** The listing that QueryDirectory continues. */
  listing: Listing | undefined;
  /** Times that this handle's own operations leave alone (a time of -1 was set). */
  keptAccessTime: Timespec | undefined;
  keptWriteTime: Timespec | undefined;

  constructor(id: number, fcb: Fcb, lcb: Lcb | undefined, createOptions: number) {
    this.id = id;
    this.fcb = fcb;
    this.lcb = lcb;
    this.createOptions = createOptions;
  }

  closeListing(): void {
    this.listing?.close();
    this.listing = undefined;
  }
}
