/** The suite's cases, by topic. */
import type { Case } from '../case.ts';
import { createOptions } from './create-options.ts';
import { dispositions } from './dispositions.ts';
import { sharing } from './sharing.ts';

const topics: Readonly<Record<string, readonly Case[]>> = {
  dispositions,
  'create options': createOptions,
  sharing,
};

export interface TopicCase extends Case {
  readonly topic: string;
}

export const allCases: readonly TopicCase[] = Object.entries(topics).flatMap(([topic, cases]) =>
  cases.map((one) => ({ ...one, topic })),
);
