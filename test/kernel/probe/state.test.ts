/**
 * The state in which a file system was left, against its own tools: dumpe2fs for ext, xfs_logprint
 * for XFS, on every such image of the corpus.
 */

import { expect, test } from 'vitest';
import type { VolumeState } from '../../../src/probe/detected.ts';
import { corpusImage, listCorpus } from '../../support/images/corpus.ts';
import { detectFile } from '../../support/images/readers.ts';
import { describeUnless, noCorpus } from '../../support/needs.ts';
import { run } from '../../support/run-program.ts';

const timeoutMs = 300_000;

const corpus = listCorpus();

/** dumpe2fs's word for it; undefined where it refuses the superblock. */
async function askDumpe2fs(path: string): Promise<VolumeState | undefined> {
  const result = await run(['dumpe2fs', '-h', path]);
  if (result.stderr.includes('checksum does not match')) return 'errors';
  const said = result.stdout.toString('latin1');
  const state = /^Filesystem state:\s*(.*)$/m.exec(said)?.[1];
  if (state === undefined) return undefined;
  if (/errors/.test(state) || /^FS Error count:/m.test(said)) return 'errors';
  const pending = /needs_recovery|orphan_present|^First orphan inode/m.test(said);
  return state === 'clean' && !pending ? 'clean' : 'dirty';
}

async function askLogprint(path: string): Promise<VolumeState | undefined> {
  const said = (await run(['xfs_logprint', '-t', path])).stdout.toString('latin1');
  const state = /state: <(CLEAN|DIRTY)>/.exec(said)?.[1];
  return state === 'CLEAN' ? 'clean' : state === 'DIRTY' ? 'dirty' : undefined;
}

describeUnless(noCorpus)('the state of an image of the corpus', () => {
  const judges = [
    { family: /^ext[234]/, collections: ['e2fsprogs', 'syzkaller', 'blkid'], ask: askDumpe2fs },
    { family: /^xfs$/, collections: ['syzkaller', 'blkid'], ask: askLogprint },
  ];

  test.each(judges)(
    'is what its own tools say, for $family',
    { timeout: timeoutMs },
    async ({ family, collections, ask }) => {
      const differing: string[] = [];
      let judged = 0;
      for (const image of corpus ?? []) {
        if (!collections.includes(image.collection)) continue;
        const path = await corpusImage(image);
        const found = await detectFile(path);
        if (found === undefined || !family.test(found.type)) continue;
        // A superblock that the tool refuses: there is something wrong with it, and we have to see
        // it.
        const expected = (await ask(path)) ?? 'errors';
        judged++;
        if (found.state !== expected) {
          differing.push(`${image.name}: ${found.state}, but the tool says ${expected}`);
        }
      }
      expect(differing).toEqual([]);
      expect(judged).toBeGreaterThan(10);
    },
  );
});
