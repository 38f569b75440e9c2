/**
 * Chance that can be had again: the same seed gives the same numbers on every machine.
 *
 * SEED in the environment chooses the seed of a test, SEED=clock a new one; without it the run is
 * the same every time. The test prints it. (xorshift32; Marsaglia, "Xorshift RNGs", 2003.)
 */
import { Buffer } from 'node:buffer';

const wordValues = 2 ** 32;

export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    // Xorshift stays at zero; neighbouring seeds are driven apart by a multiplication.
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.#word();
  }

  #word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** From 0 to limit - 1. */
  below(limit: number): number {
    return Math.floor((this.#word() / wordValues) * limit);
  }

  /** From least to most, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.#word() < probability * wordValues;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.below(list.length)] as T;
  }

  /** Bytes of which a part compresses and no two runs are alike. */
  bytes(length: number): Buffer {
    const filled = Buffer.allocUnsafe(length);
    const stretch = this.chance(0.3) ? 64 : 1;
    for (let at = 0; at < length; at += 4 * stretch) {
      const end = Math.min(at + 4 * stretch, length);
      const word = this.#word();
      if (end - at < 4) filled.fill(word & 0xff, at, end);
      else if (stretch === 1) filled.writeUInt32LE(word, at);
      else filled.fill(word & 0xff, at, end);
    }
    return filled;
  }
}

/** SEED of the environment; "clock" is a new one every time. */
export function testSeed(): number {
  const wanted = process.env['SEED'];
  return wanted === 'clock' ? Date.now() % 1_000_000_007 : Number(wanted ?? 2);
}
