/**
 * Answers of the kernel that are kept until something changes them: a map that forgets what was used
 * longest ago, and that no answer enters which was on its way while its subject changed.
 *
 *     const mark = cache.mark();               // before the kernel is asked
 *     const answer = await calls.…;
 *     cache.put(key, answer, mark);            // refused if `changed(key)` came in between
 *
 * Invariants:
 * 1. After `changed(key)` returns, `get(key)` knows nothing until a `put` whose mark was taken later.
 *    So an answer is right as long as every change is told of after the kernel made it, and before
 *    the one who asked for it hears of that.
 * 2. At most `entriesMost` answers are kept.
 */
import { LRUCache } from 'lru-cache';

export type CacheKey = string | number | bigint;

/** How many looks found something, for `fsbridge status`. */
export interface HitRatio {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
}

/** Changes remembered one by one; an answer older than all of them is not kept. */
const recentMost = 64;

export class AnswerCache<V extends NonNullable<unknown>> {
  #answers: LRUCache<CacheKey, V>;
  #recent: (CacheKey | undefined)[] = new Array(recentMost).fill(undefined);
  #changes = 0;
  #hits = 0;
  #misses = 0;

  constructor(entriesMost: number) {
    this.#answers = new LRUCache<CacheKey, V>({ max: entriesMost });
  }

  get(key: CacheKey): V | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) this.#misses++;
    else this.#hits++;
    return answer;
  }

  /** A moment: what the kernel is asked from now on is newer than every change told of so far. */
  mark(): number {
    return this.#changes;
  }

  /** Keeps an answer that was asked for after `mark`, unless its subject has changed since. */
  put(key: CacheKey, answer: V, mark: number): void {
    if (this.#changes - mark > recentMost) return;
    for (let change = mark; change < this.#changes; change++) {
      if (this.#recent[change % recentMost] === key) return;
    }
    this.#answers.set(key, answer);
  }

  /** What is known under that key may be wrong from now on. */
  changed(key: CacheKey): void {
    this.#recent[this.#changes % recentMost] = key;
    this.#changes++;
    this.#answers.delete(key);
  }

  get hitRatio(): HitRatio {
    return { hits: this.#hits, misses: this.#misses, entries: this.#answers.size };
  }
}
