/**
 * Names that were looked for and do not exist. Explorer asks for desktop.ini, autorun.inf and
 * Thumbs.db in every folder it shows, and every program for its DLLs and settings along a path:
 * most look-ups of such names find nothing, again and again.
 *
 * A driver may take two spellings for one name (FAT), so a name that appears ends the absence of
 * all its spellings: the key is the name in lower case, and the answer says which spelling is
 * absent.
 *
 * Invariants:
 * 1. A name is absent here only if the kernel said so of that spelling, and no name that differs
 *    from it in case alone has appeared in that directory since (AnswerCache 1).
 * 2. At most maxNames names are kept.
 */
import { AnswerCache, type CacheKey, type HitRatio } from './answer-cache.ts';

export class NegativeNames {
  #absentSpelling: AnswerCache<string>;

  constructor(maxNames = 16_384) {
    this.#absentSpelling = new AnswerCache(maxNames);
  }

  /** Whether that directory is known to have no such name. `directory` stands for its inode. */
  isAbsent(directory: CacheKey, name: string): boolean {
    return this.#absentSpelling.get(keyOf(directory, name)) === name;
  }

  /** Before the kernel is asked. */
  mark(): number {
    return this.#absentSpelling.mark();
  }

  /** The kernel was asked after `mark`, and there is no such name. */
  add(directory: CacheKey, name: string, mark: number): void {
    this.#absentSpelling.put(keyOf(directory, name), name, mark);
  }

  /** A name has appeared: created, linked, or renamed to. */
  appeared(directory: CacheKey, name: string): void {
    this.#absentSpelling.changed(keyOf(directory, name));
  }

  get hitRatio(): HitRatio {
    return this.#absentSpelling.hitRatio;
  }
}

/** No name holds a slash. */
function keyOf(directory: CacheKey, name: string): string {
  return `${directory}/${fold(name)}`;
}

/** The same for all spellings that any rule of case takes for one name: upper case folds more. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}
