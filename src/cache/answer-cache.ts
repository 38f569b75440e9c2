/**
 * Answers of the kernel that are kept until something changes them: a map that forgets the entries
 * used longest ago, and takes no answer whose subject changed while the answer was on its way.
 *
 *     const mark = cache.mark();               // before the kernel is asked
 *     const answer = await calls.…;
 *     cache.put(key, answer, mark);            // refused if `changed(key)` came in between
 *
 * Invariants:
 * 1. After `changed(key)` returns, `get(key)` knows nothing until a `put` whose mark was taken
 *    later. So an answer is right as long as every change is noted after the kernel made it, and
 *    before the client that asked for the change is answered.
 * 2. At most `maxEntries` answers are kept.
 */
import { LRUCache } from 'lru-cache';

export type CacheKey = string | number | bigint;

/** How many look-ups found an answer, for `fsbridge status`. */
export interface HitRatio {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
}

/** Changes remembered one by one; an answer older than all of them is not kept. */
const maxRecent = 64;

export class AnswerCache<V extends NonNullable<unknown>> {
  #answers: LRUCache<CacheKey, V>;
  #recent: (CacheKey | undefined)[] = new Array(maxRecent).fill(undefined);
  #changes = 0;
  #hits = 0;
  #misses = 0;

  constructor(maxEntries: number) {
    this.#answers = new LRUCache<CacheKey, V>({ max: maxEntries });
  }

  get(key: CacheKey): V | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) this.#misses++;
    else this.#hits++;
    return answer;
  }

  /** A moment: questions to the kernel from now on are newer than every change noted so far. */
  mark(): number {
    return this.#changes;
  }

  /** Keeps an answer that was asked for after `mark`, unless its subject has changed since. */
  put(key: CacheKey, answer: V, mark: number): void {
    if (this.#changes - mark > maxRecent) return;
    for (let change = mark; change < this.#changes; change++) {
      if (this.#recent[change % maxRecent] === key) return;
    }
    this.#answers.set(key, answer);
  }

  /** The answer under that key may be wrong from now on. */
  changed(key: CacheKey): void {
    this.#recent[this.#changes % maxRecent] = key;
    this.#changes++;
    this.#answers.delete(key);
  }

  get hitRatio(): HitRatio {
    return { hits: this.#hits, misses: this.#misses, entries: this.#answers.size };
  }
}
