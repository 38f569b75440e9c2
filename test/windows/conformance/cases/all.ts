/** The suite's cases, by topic. */
import type { Case } from '../case.ts';
import { createOptions } from './create-options.ts';
import { dataTransfer } from './data-transfer.ts';
import { deletion } from './deletion.ts';
import { dispositions } from './dispositions.ts';
import { extendedAttributes } from './extended-attributes.ts';
import { fileSystems } from './file-systems.ts';
import { listing } from './listing.ts';
import { metadata } from './metadata.ts';
import { caseInsensitive, naming } from './naming.ts';
import { permissions } from './permissions.ts';
import { randomCrowd } from './random-crowd.ts';
import { randomWalk } from './random-walk.ts';
import { renaming } from './renaming.ts';
import { reparsePoints } from './reparse-points.ts';
import { security } from './security.ts';
import { sharing } from './sharing.ts';
import { volumeState } from './volume-state.ts';

const topics: Readonly<Record<string, readonly Case[]>> = {
  dispositions,
  'create options': createOptions,
  sharing,
  deletion,
  renaming,
  data: dataTransfer,
  metadata,
  names: [...naming, ...caseInsensitive],
  listing,
  'reparse points': reparsePoints,
  EAs: extendedAttributes,
  permissions,
  security,
  volume: volumeState,
  'file systems': fileSystems,
  'random walks': [...randomWalk, ...randomCrowd],
};

export interface TopicCase extends Case {
  readonly topic: string;
}

export const allCases: readonly TopicCase[] = Object.entries(topics).flatMap(([topic, cases]) =>
  cases.map((one) => ({ ...one, topic })),
);
