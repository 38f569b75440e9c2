/**
 * Detection against blkid(8) of util-linux on every image of the corpus: type, label, UUID, version
 * and block size have to be the same, character by character.
 */

import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { askBlkid, differences } from '../../support/images/blkid.ts';
import { corpusImage, listCorpus } from '../../support/images/corpus.ts';
import { detectFile } from '../../support/images/readers.ts';
import { describeUnless, noCorpus, notInstalled } from '../../support/needs.ts';

const batchSize = 20;
const batchTimeoutMs = 300_000;

/** Where we differ on purpose, and why. */
const known: Readonly<Record<string, string>> = {
  blkid__bcachefs: 'util-linux learned bcachefs in 2.39; 2.38 does not know it',
};

const corpus = listCorpus();

function batches<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / batchSize) }, (_, index) =>
    items.slice(index * batchSize, (index + 1) * batchSize),
  );
}

const missing = noCorpus ?? notInstalled('blkid');

describeUnless(missing)('detection agrees with blkid', () => {
  const named = batches(corpus ?? []).map((batch) => ({
    range: `${batch.at(0)?.name} to ${batch.at(-1)?.name}`,
    batch,
  }));

  test.each(named)('on $range', { timeout: batchTimeoutMs }, async ({ batch }) => {
    const found: string[] = [];
    let compared = 0;
    for (const image of batch) {
      const path = await corpusImage(image);
      if ((await stat(path)).size === 0) continue;
      compared++;
      const lines = differences(await askBlkid(path), await detectFile(path));
      if (lines.length > 0 && known[image.name] === undefined) {
        found.push(...lines.map((line) => `${image.name}: ${line}`));
      }
    }
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });
});
