/**
 * Names that were looked for and are not there. Explorer asks for desktop.ini, autorun.inf and
 * Thumbs.db in every folder it shows, and every program for its DLLs and settings along a path: most
 * look-ups of such names find nothing, again and again.
 *
 * A look-up may be exact or without regard to case, and a name that appears ends the absence of all
 * its spellings; so the key is the name in lower case, and the answer says how it was looked for.
 *
 * Invariants:
 * 1. A name is told absent only if the kernel said so, for that spelling or for all of them, and no
 *    name that differs from it in case alone has appeared in that directory since (AnswerCache 1).
 * 2. At most namesMost names are kept.
 */
import { AnswerCache, type CacheKey, type HitRatio } from './answer-cache.ts';

/** Absent in every spelling. */
const anySpelling = '';

export class NegativeNames {
  #absent: AnswerCache<{ readonly spelling: string }>;

  constructor(namesMost = 16_384) {
    this.#absent = new AnswerCache(namesMost);
  }

  /** Whether that directory is known to have no such name. `directory` stands for its inode. */
  isAbsent(directory: CacheKey, name: string, ignoreCase: boolean): boolean {
    const known = this.#absent.get(keyOf(directory, name));
    if (known === undefined) return false;
    return known.spelling === anySpelling || (!ignoreCase && known.spelling === name);
  }

  /** Before the kernel is asked. */
  mark(): number {
    return this.#absent.mark();
  }

  /** The kernel was asked after `mark`, and there is no such name. */
  add(directory: CacheKey, name: string, ignoreCase: boolean, mark: number): void {
    const spelling = ignoreCase ? anySpelling : name;
    this.#absent.put(keyOf(directory, name), { spelling }, mark);
  }

  /** A name has appeared: created, linked, or renamed to. */
  appeared(directory: CacheKey, name: string): void {
    this.#absent.changed(keyOf(directory, name));
  }

  get hitRatio(): HitRatio {
    return this.#absent.hitRatio;
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
