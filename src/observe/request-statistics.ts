/**
 * How many requests there were of each kind, and how long they took: a counter and a histogram of
 * latencies for each operation, for `fsbridge status` and the log.
 *
 * The buckets are log-linear: exact up to 3.1 µs in steps of 0.1 µs, then 16 to each doubling, so
 * that a percentile is at most a sixteenth (6.25 %) above the truth, up to 214 seconds.
 *
 *     ticks of 0.1 µs   0 1 2 … 31 | 32 34 … 62 | 64 68 … 124 | 128 …
 *     bucket            0 1 2 … 31 | 32 33 … 47 | 48 49 …  63 |  64 …
 *
 * Invariants:
 * 1. `record` allocates nothing and throws nothing, whatever its numbers are: a wrong clock makes a
 *    wrong time, never a wrong bucket.
 * 2. The counts of all buckets of an operation add up to its `count`.
 * 3. A percentile p is no less than the exact one, and at most a sixteenth and 0.1 µs more; and
 *    never more than the longest latency seen.
 * 4. Memory is fixed by the number of operations: 2 KiB for each.
 */

const ticksPerMs = 10_000;
const subBuckets = 16;
const subBits = 4;
const linearTicks = subBuckets * 2;
const mostTicks = 0x7fffffff;
/** The bucket of mostTicks, and one more. */
const buckets: number = bucketOf(mostTicks) + 1;

function bucketOf(ticks: number): number {
  if (ticks < linearTicks) return ticks;
  const shift = 31 - subBits - Math.clz32(ticks);
  return shift * subBuckets + (ticks >>> shift);
}

/** The largest number of ticks that falls into a bucket. */
function lastTickOf(bucket: number): number {
  if (bucket < linearTicks) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  const first = (bucket - shift * subBuckets) * 2 ** shift;
  return first + 2 ** shift - 1;
}

/** What became of the requests of one kind; latencies in microseconds. */
export interface OperationSummary {
  readonly operation: string;
  readonly count: number;
  /** Those among them that were answered with an error. */
  readonly errors: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export class RequestStatistics {
  readonly operations: readonly string[];
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;
  readonly #sumTicks: Float64Array;
  readonly #maxTicks: Float64Array;
  readonly #histogram: Uint32Array;

  /** The names of the operations; `record` takes their places in this list. */
  constructor(operations: readonly string[]) {
    this.operations = operations;
    const { length } = operations;
    this.#counts = new Float64Array(length);
    this.#errors = new Float64Array(length);
    this.#sumTicks = new Float64Array(length);
    this.#maxTicks = new Float64Array(length);
    this.#histogram = new Uint32Array(length * buckets);
  }

  /**
   * Notes the end of a request. `startMs` and `endMs` are times of performance.now(); `failed` says
   * whether the answer was an error.
   */
  record(operation: number, startMs: number, endMs: number, failed: boolean): void {
    const exact = (endMs - startMs) * ticksPerMs;
    // The comparison is false for NaN too: a request without a start counts as one of no time.
    const ticks = exact > 0 ? (exact < mostTicks ? exact | 0 : mostTicks) : 0;
    const at = operation * buckets + bucketOf(ticks);
    this.#histogram[at] = (this.#histogram[at] as number) + 1;
    this.#counts[operation] = (this.#counts[operation] as number) + 1;
    this.#sumTicks[operation] = (this.#sumTicks[operation] as number) + ticks;
    if (ticks > (this.#maxTicks[operation] as number)) this.#maxTicks[operation] = ticks;
    if (failed) this.#errors[operation] = (this.#errors[operation] as number) + 1;
  }

  /** All requests so far. */
  get total(): number {
    let total = 0;
    for (const count of this.#counts) total += count;
    return total;
  }

  /**
   * The latency in µs that `fraction` of the operation's requests did not exceed; 0 without any.
   */
  percentileUs(operation: number, fraction: number): number {
    const count = this.#counts[operation] ?? 0;
    if (count === 0) return 0;
    const rank = Math.max(1, Math.ceil(count * fraction));
    const max = this.#maxTicks[operation] as number;
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      seen += this.#histogram[operation * buckets + bucket] as number;
      if (seen >= rank) return toUs(Math.min(lastTickOf(bucket), max));
    }
    return toUs(max);
  }

  /** Every operation that occurred, in the order of the names. */
  summary(): readonly OperationSummary[] {
    return this.operations.flatMap((operation, index) => {
      const count = this.#counts[index] as number;
      if (count === 0) return [];
      return [
        {
          operation,
          count,
          errors: this.#errors[index] as number,
          meanUs: toUs(Math.round((this.#sumTicks[index] as number) / count)),
          p50Us: this.percentileUs(index, 0.5),
          p95Us: this.percentileUs(index, 0.95),
          p99Us: this.percentileUs(index, 0.99),
          maxUs: toUs(this.#maxTicks[index] as number),
        },
      ];
    });
  }

  /** From zero again. */
  reset(): void {
    this.#counts.fill(0);
    this.#errors.fill(0);
    this.#sumTicks.fill(0);
    this.#maxTicks.fill(0);
    this.#histogram.fill(0);
  }
}

function toUs(ticks: number): number {
  return ticks / (ticksPerMs / 1000);
}
