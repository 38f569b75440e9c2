/**
 * What a copy has made in a folder that was there before it. A target that takes two names for one
 * (upper and lower case, Unicode's normal forms, trailing dots, short names) would else replace the
 * first entry by the second, or merge two folders, without a word.
 *
 * Two names are one if both, looked up now, lead to the same inode. Which names to compare comes
 * from the inode's number, and from the folded name: FAT numbers an inode anew after it was
 * evicted.
 *
 * Invariants:
 * 1. From the look at a name until its entry is made, no other entry of the folder is made
 *    (`lock`).
 * 2. This copy never makes two names of one inode here before it has checked the second one, so two
 *    hard links are not taken for one name.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import { Semaphore } from '../semaphore.ts';
import type { PresentEntry } from './sides.ts';

/** The same for names that differ in case or normal form alone. */
function foldedName(name: Buffer): string {
  const text = isUtf8(name) ? name.toString() : name.toString('latin1');
  return text
    .normalize('NFKD')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[. ]+$/, '');
}

export class MadeEntries {
  readonly lock: Semaphore = new Semaphore(1);
  readonly #byIdentity = new Map<string, Buffer>();
  readonly #byFoldedName = new Map<string, Buffer>();
  readonly #look: (name: Buffer) => Promise<PresentEntry | undefined>;

  constructor(look: (name: Buffer) => Promise<PresentEntry | undefined>) {
    this.#look = look;
  }

  /** The name under which this copy has made what is present at `name`; undefined if it has not. */
  async aliasOf(name: Buffer, present: PresentEntry): Promise<Buffer | undefined> {
    return (
      (await this.#ifSame(this.#byIdentity.get(present.identity), present)) ??
      (await this.#ifSame(this.#byFoldedName.get(foldedName(name)), present))
    );
  }

  async #ifSame(made: Buffer | undefined, present: PresentEntry): Promise<Buffer | undefined> {
    if (made === undefined) return undefined;
    return (await this.#look(made))?.identity === present.identity ? made : undefined;
  }

  /** Notes that this copy has made an entry of that name, or goes into the folder of that name. */
  async add(name: Buffer): Promise<void> {
    const present = await this.#look(name);
    if (present === undefined) return;
    this.#byIdentity.set(present.identity, name);
    this.#byFoldedName.set(foldedName(name), name);
  }
}
