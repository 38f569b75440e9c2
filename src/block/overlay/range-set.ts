/**
 * A set of byte ranges that only grows. The ranges are sorted and do not touch each other:
 * neighbours are merged.
 *
 * A look-up is a binary search; adding a range also moves the ranges behind it. A trimmed file
 * system has some thousands of ranges.
 */
export class RangeSet {
  // Range i is [#begins[i], #ends[i]), and #ends[i] < #begins[i + 1].
  readonly #begins: number[] = [];
  readonly #ends: number[] = [];

  get isEmpty(): boolean {
    return this.#begins.length === 0;
  }

  /** Adds [begin, end). */
  add(begin: number, end: number): void {
    if (begin >= end) return;
    // All ranges that overlap or touch the new one become one with it.
    const first = lowerBound(this.#ends, begin);
    let last = first;
    while (last < this.#begins.length && (this.#begins[last] ?? 0) <= end) last += 1;
    const joins = last > first;
    const joinedBegin = joins ? Math.min(begin, this.#begins[first] ?? begin) : begin;
    const joinedEnd = joins ? Math.max(end, this.#ends[last - 1] ?? end) : end;
    this.#begins.splice(first, last - first, joinedBegin);
    this.#ends.splice(first, last - first, joinedEnd);
  }

  has(position: number): boolean {
    const begin = this.#begins[this.#after(position)];
    return begin !== undefined && begin <= position;
  }

  /** The next position behind this one where `has` changes; Infinity where it never does. */
  edgeAfter(position: number): number {
    const index = this.#after(position);
    const begin = this.#begins[index];
    const end = this.#ends[index];
    if (begin === undefined || end === undefined) return Number.POSITIVE_INFINITY;
    return begin > position ? begin : end;
  }

  /** Whether a position of [begin, end) is in the set. */
  touches(begin: number, end: number): boolean {
    const next = this.#begins[this.#after(begin)];
    return next !== undefined && next < end;
  }

  /** The first range that ends behind that position. */
  #after(position: number): number {
    return lowerBound(this.#ends, position + 1);
  }
}

/** The first index whose value is at least `bound`. */
function lowerBound(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
