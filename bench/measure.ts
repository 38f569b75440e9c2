/**
 * Runs the rounds of one case, in turns between the subjects, and reduces each subject's times to
 * one.
 */
import type { Case } from './cases.ts';
import type { Subject } from './subjects/subject.ts';

export interface Rounds {
  readonly warm: number;
  readonly cold: number;
  /** A subject that has used this much time for one case runs no further round. */
  readonly budgetMs: number;
}

export const fullRounds: Rounds = { warm: 9, cold: 5, budgetMs: 6000 };
export const quickRounds: Rounds = { warm: 4, cold: 3, budgetMs: 2000 };

/** The case's speed for each subject that was measured, in the case's unit. */
export async function measure(
  item: Case,
  subjects: readonly Subject[],
  rounds: Rounds,
): Promise<Map<Subject, number>> {
  const able = subjects.filter((subject) => item.needs.every((need) => subject.measured.has(need)));
  const timesMs = new Map<Subject, number[]>();
  const usedMs = new Map<Subject, number>();
  const count = item.cold ? rounds.cold : rounds.warm;
  // The first round only warms up the caches and V8's compilers.
  for (let index = item.cold ? 0 : -1; index < count; index++) {
    for (const subject of able) {
      const used = usedMs.get(subject) ?? 0;
      if (index > 0 && used > rounds.budgetMs) continue;
      const tookMs = await round(item, subject);
      usedMs.set(subject, used + tookMs);
      if (index < 0) continue;
      const list = timesMs.get(subject) ?? [];
      list.push(tookMs);
      timesMs.set(subject, list);
    }
  }
  const speeds = new Map<Subject, number>();
  for (const [subject, list] of timesMs) {
    const oneMs = item.cold || item.disk ? median(list) : Math.min(...list);
    speeds.set(subject, item.amount / (oneMs / 1000));
  }
  return speeds;
}

async function round(item: Case, subject: Subject): Promise<number> {
  await item.prepare?.(subject);
  if (item.cold) await subject.makeCold();
  const startMs = performance.now();
  await item.run(subject);
  const tookMs = performance.now() - startMs;
  await item.clean?.(subject);
  return tookMs;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
