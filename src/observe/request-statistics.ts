/**
 * Counts the requests of each kind, and their latencies: a counter and a histogram for each
 * operation, for `fsbridge status` and the log.
 *
 * The buckets are log-linear: steps of 0.1 µs up to 3.1 µs, then 16 buckets to each doubling. So a
 * percentile is at most a sixteenth (6.25 %) above the truth, up to 214 seconds.
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
const maxTicks = 0x7fffffff;
/** The bucket of maxTicks, and one more. */
const buckets: number = bucketOf(maxTicks) + 1;

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

/** The requests of one kind; latencies in microseconds. */
export interface OperationSummary {
  readonly operation: string;
  readonly count: number;
  /** The requests that were answered with an error. */
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
  readonly #longestTicks: Float64Array;
  readonly #histogram: Uint32Array;

  /** The names of the operations; `record` takes an index into this list. */
  constructor(operations: readonly string[]) {
    this.operations = operations;
    const { length } = operations;
    this.#counts = new Float64Array(length);
    this.#errors = new Float64Array(length);
    this.#sumTicks = new Float64Array(length);
    this.#longestTicks = new Float64Array(length);
    this.#histogram = new Uint32Array(length * buckets);
  }

  /**
   * Notes the end of a request. `startMs` and `endMs` are times of performance.now(); `failed` says
   * whether the answer was an error.
   */
  record(operation: number, startMs: number, endMs: number, failed: boolean): void {
    const exact = (endMs - startMs) * ticksPerMs;
    // The comparison is false for NaN too: a request without a start counts as 0 ticks.
    const ticks = exact > 0 ? (exact < maxTicks ? exact | 0 : maxTicks) : 0;
    const at = operation * buckets + bucketOf(ticks);
    this.#histogram[at] = (this.#histogram[at] as number) + 1;
    this.#counts[operation] = (this.#counts[operation] as number) + 1;
    this.#sumTicks[operation] = (this.#sumTicks[operation] as number) + ticks;
    if (ticks > (this.#longestTicks[operation] as number)) this.#longestTicks[operation] = ticks;
    if (failed) this.#errors[operation] = (this.#errors[operation] as number) + 1;
  }

  /**
   * The latency in µs that `fraction` of the operation's requests did not exceed; 0 without
   * requests.
   */
  percentileUs(operation: number, fraction: number): number {
    const count = this.#counts[operation] ?? 0;
    if (count === 0) return 0;
    const rank = Math.max(1, Math.ceil(count * fraction));
    const max = this.#longestTicks[operation] as number;
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      seen += this.#histogram[operation * buckets + bucket] as number;
      if (seen >= rank) return toUs(Math.min(lastTickOf(bucket), max));
    }
    return toUs(max);
  }

  /** All operations that occurred, in the order of the names. */
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
          maxUs: toUs(this.#longestTicks[index] as number),
        },
      ];
    });
  }
}

function toUs(ticks: number): number {
  return ticks / (ticksPerMs / 1000);
}
