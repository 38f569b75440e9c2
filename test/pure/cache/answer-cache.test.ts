import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerCache } from '../../../src/cache/answer-cache.ts';
import { NegativeNames } from '../../../src/cache/negative-names.ts';

test('an answer that was on its way while its subject changed is not kept (1)', () => {
  const cache = new AnswerCache<string>(10);
  const mark = cache.mark();
  cache.changed('a');
  cache.put('a', 'old', mark);
  cache.put('b', 'other', mark);
  expect(cache.get('a')).toBeUndefined();
  expect(cache.get('b')).toBe('other');
  cache.put('a', 'new', cache.mark());
  expect(cache.get('a')).toBe('new');
});

test('an answer older than all changes that are remembered is not kept (1)', () => {
  const cache = new AnswerCache<string>(10);
  const mark = cache.mark();
  for (let i = 0; i < 1000; i++) cache.changed(i);
  cache.put('a', 'too old to tell', mark);
  expect(cache.get('a')).toBeUndefined();
});

test('what was used longest ago goes when there are too many (2)', () => {
  const cache = new AnswerCache<string>(3);
  for (const key of ['a', 'b', 'c']) cache.put(key, key, cache.mark());
  cache.get('a');
  cache.put('d', 'd', cache.mark());
  expect(cache.hitRatio.entries).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual(['a', undefined, 'c', 'd']);
});

test('whatever comes in whatever order, a cached answer is never older than a change (1)', () => {
  const key = fc.integer({ min: 0, max: 3 });
  const step = fc.oneof(
    fc.record({ ask: key }),
    fc.record({ answer: fc.nat() }),
    fc.record({ change: key }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const cache = new AnswerCache<{ version: number }>(2);
      const truth = [0, 0, 0, 0];
      const asked: { key: number; mark: number; version: number }[] = [];
      for (const one of steps) {
        if ('ask' in one) {
          const version = truth[one.ask] as number;
          asked.push({ key: one.ask, mark: cache.mark(), version });
        } else if ('answer' in one) {
          const [answered] = asked.splice(one.answer % Math.max(1, asked.length), 1);
          if (answered !== undefined) cache.put(answered.key, answered, answered.mark);
        } else {
          truth[one.change] = (truth[one.change] as number) + 1;
          cache.changed(one.change);
        }
        for (const [index, version] of truth.entries()) {
          const known = cache.get(index);
          if (known !== undefined) expect(known.version).toBe(version);
        }
      }
    }),
  );
});

test('a name is absent in the spelling that was looked for, and in that directory', () => {
  const names = new NegativeNames();
  names.add(7, 'desktop.ini', names.mark());
  expect(names.isAbsent(7, 'desktop.ini')).toBe(true);
  expect(names.isAbsent(7, 'Desktop.ini')).toBe(false);
  expect(names.isAbsent(8, 'desktop.ini')).toBe(false);
});

test.each([
  ['Desktop.INI', 'desktop.ini'],
  ['STRASSE', 'straße'],
  ['ǅ', 'ǆ'],
  ['Σας', 'σασ'],
])('%s appears: %s is no longer absent (1)', (appeared, absent) => {
  const names = new NegativeNames();
  names.add(7, absent, names.mark());
  names.appeared(7, appeared);
  expect(names.isAbsent(7, absent)).toBe(false);
});
