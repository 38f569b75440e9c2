/**
 * The entries of an open directory by number, read from the kernel as far as a client asks for
 * them.
 *
 * Windows asks in pieces, may ask for a piece again, and expects the same entry under the same
 * number while files come and go. Linux's own cursor gives every entry that stays exactly once; so
 * its entries are kept, as far as memory allows.
 *
 * Invariants:
 * 1. Under a number that was answered once, the same entry is answered again, as long as it is
 *    among the last entriesEach; further back the directory is read again from its beginning, which
 *    gives the same entries if it did not change.
 * 2. A name that is there from the beginning to the end of a listing that goes forward is in it
 *    once; one that comes or goes meanwhile at most once (readdir(3)).
 * 3. At most entriesAll entries, and one answer of the kernel, are kept of all snapshots together:
 *    those used longest ago forget theirs.
 * 4. An entry that is kept is answered without a promise.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';

/** An entry; undefined behind the last one; or a negative errno. */
export type EntryAnswer = Dirent64 | undefined | Errno;

export interface SnapshotLimits {
  readonly entriesEach: number;
  readonly entriesAll: number;
}

/** An entry takes some 100 bytes: 8 MiB for the one, 64 MiB for all. */
const defaults: SnapshotLimits = { entriesEach: 65_536, entriesAll: 524_288 };

/** The snapshots of a volume. */
export class DirectorySnapshots {
  readonly calls: Pick<LinuxCalls, 'getdents64' | 'lseek'>;
  readonly limits: SnapshotLimits;
  /** Those that keep entries, used longest ago first. */
  #keeping = new Set<DirectorySnapshot>();
  #entries = 0;

  constructor(calls: Pick<LinuxCalls, 'getdents64' | 'lseek'>, limits: SnapshotLimits = defaults) {
    this.calls = calls;
    this.limits = limits;
  }

  /** The entries kept of all snapshots. */
  get entries(): number {
    return this.#entries;
  }

  /**
   * A listing that begins now, of a directory open for reading whose cursor stands at its
   * beginning. The cursor is the snapshot's from now on; the descriptor stays the caller's.
   */
  open(fd: Fd): DirectorySnapshot {
    return new DirectorySnapshot(this, fd);
  }

  /** A snapshot keeps so many more (or fewer) entries: others make room. */
  account(snapshot: DirectorySnapshot, change: number): void {
    this.#entries += change;
    this.#keeping.delete(snapshot);
    if (snapshot.keeps > 0) this.#keeping.add(snapshot);
    for (const other of this.#keeping) {
      if (this.#entries <= this.limits.entriesAll) break;
      if (other !== snapshot) other.forget();
    }
  }
}

export class DirectorySnapshot {
  #all: DirectorySnapshots;
  #fd: Fd;
  #entries: Dirent64[] = [];
  /** The number of the first entry that is kept. */
  #first = 0;
  #atEnd = false;
  /** What moves the kernel's cursor right now: there is one. */
  #reading: Promise<number> | undefined;

  constructor(all: DirectorySnapshots, fd: Fd) {
    this.#all = all;
    this.#fd = fd;
  }

  get keeps(): number {
    return this.#entries.length;
  }

  /** The entry of that number, counted from 0, "." and ".." left out. */
  at(index: number): EntryAnswer | Promise<EntryAnswer> {
    const kept = this.#entries[index - this.#first];
    if (kept !== undefined) return kept;
    if (this.#atEnd && index >= this.#first) return undefined;
    return this.#find(index);
  }

  /** Begins anew: the directory as it is now. */
  async restart(): Promise<number> {
    while (this.#reading !== undefined) await this.#reading;
    return this.#alone(this.#rewind());
  }

  async #rewind(): Promise<number> {
    const ret = await this.#all.calls.lseek(this.#fd, 0, abi.SEEK_SET);
    if (ret < 0) return ret;
    this.forget();
    this.#first = 0;
    this.#atEnd = false;
    return 0;
  }

  /** Gives its entries' memory back: a listing that only moves forward does not need them. */
  forget(): void {
    const { length } = this.#entries;
    if (length === 0) return;
    this.#first += length;
    this.#entries = [];
    this.#all.account(this, -length);
  }

  async #find(index: number): Promise<EntryAnswer> {
    for (;;) {
      while (this.#reading !== undefined) await this.#reading;
      const kept = this.#entries[index - this.#first];
      if (kept !== undefined) return kept;
      const isBehind = index < this.#first;
      if (!isBehind && this.#atEnd) return undefined;
      const ret = await this.#alone(isBehind ? this.#rewind() : this.#read(index));
      if (isErrno(ret)) return ret;
    }
  }

  /** Keeps others from the cursor until that has ended. */
  #alone(work: Promise<number>): Promise<number> {
    this.#reading = work.finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Reads one more block; what lies far enough before `index` is forgotten. */
  async #read(index: number): Promise<number> {
    const block = await this.#all.calls.getdents64(this.#fd);
    if (isErrno(block)) return block;
    if (block.length === 0) this.#atEnd = true;
    const over = this.#entries.length + block.length - this.#all.limits.entriesEach;
    const dropped = Math.max(0, Math.min(over, index - this.#first, this.#entries.length));
    this.#entries.splice(0, dropped);
    this.#first += dropped;
    for (const entry of block) this.#entries.push(entry);
    this.#all.account(this, block.length - dropped);
    return 0;
  }
}
