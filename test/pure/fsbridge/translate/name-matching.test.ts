import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  foldName,
  hasWildcards,
  matchesPattern,
} from '../../../../src/fsbridge/translate/names.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();

describe('a name without regard to case', () => {
  test.each([
    ['ASCII', 'Readme.TXT', 'README.TXT'],
    ['Latin', 'straße über ÿ', 'STRAßE ÜBER Ÿ'],
    ['Greek, both forms of sigma', 'ΣΊΣΥΦΟς σ', 'ΣΊΣΥΦΟΣ Σ'],
    ['Cyrillic', 'Привет', 'ПРИВЕТ'],
    ['full width', 'ａｂ', 'ＡＢ'],
    ['Roman numerals and circled letters', 'ⅷ ⓐ', 'Ⅷ Ⓐ'],
    ['letters that NTFS’s table leaves: micro, dotless i, long s, digraphs', 'µıſǅ', 'µıſǅ'],
    ['iota below, one unit for one', 'ᾀᾳ', 'ᾈᾼ'],
    ['what is outside the first plane', '𐐨🎈', '𐐨🎈'],
    ['lone surrogates and private characters', '\ud800\uf0e9', '\ud800\uf0e9'],
  ])('%s', (_what, name, folded) => {
    expect(foldName(name)).toBe(folded);
  });

  test(`keeps its length, and folding again changes nothing (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const folded = foldName(name);
        expect(folded).toHaveLength(name.length);
        expect(foldName(folded)).toBe(folded);
      }),
      { seed, numRuns: 10_000 },
    );
  });
});

describe('a pattern of a listing (FsRtlIsNameInExpression)', () => {
  test.each([
    // "*" is any units, "?" just one.
    ['*', 'anything', true],
    ['*', '', true],
    ['*.txt', 'a.txt', true],
    ['*.txt', '.txt', true],
    ['*.txt', 'a.txt.bak', false],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'ab', false],
    ['???', 'abc', true],
    ['???', 'ab', false],
    ['a?c', 'abc', true],
    ['*.*', 'noext', false],
    ['*.*', 'a.b', true],
    // DOS_STAR stops before the last dot: Win32 makes "*." of "*.": names without an extension.
    ['<', 'noext', true],
    ['<.txt', 'a.b.txt', true],
    ['<.', 'a.b', false],
    ['<"*', 'noext', true],
    ['<"*', 'a.b.c', true],
    ['<"', 'noext', true],
    ['<"', 'a.b', false],
    ['<c', 'a.b.c', false],
    // DOS_QM is a unit, or nothing before a dot and at the end.
    ['>>>>>>>>.>>>', 'abc.txt', true],
    ['>>>.txt', 'a.txt', true],
    ['>>>.txt', 'abcd.txt', false],
    ['a>>>', 'a', true],
    ['a>b', 'a.b', false],
    ['>>>', 'ab.c', false],
    // DOS_DOT is a dot, or nothing at the end.
    ['a"', 'a', true],
    ['a"', 'a.', true],
    ['a"b', 'a.b', true],
    ['a"b', 'ab', false],
    // Without wildcards it is the name.
    ['plain', 'plain', true],
    ['plain', 'plainer', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s on %s is %s', (expression, name, matches) => {
    expect(matchesPattern(expression, name, true)).toBe(matches);
  });

  test('looks at the case when it is told to', () => {
    expect(matchesPattern('*.TXT', 'grüße.txt', false)).toBe(true);
    expect(matchesPattern('*.TXT', 'grüße.txt', true)).toBe(false);
    expect(matchesPattern('GRÜSSE', 'grüsse', false)).toBe(true);
  });

  test('says whether an expression has wildcards', () => {
    expect(['*', 'a?', '<', 'b>', 'c"'].every(hasWildcards)).toBe(true);
    expect(hasWildcards('plain.txt')).toBe(false);
  });

  /** MS-FSA 2.1.4.4 word for word, by recursion. */
  function matches(expression: string, name: string, lastDot: number, at: number): boolean {
    const here = expression[0];
    const rest = expression.slice(1);
    const unit = name[at];
    const stay = (): boolean => matches(expression, name, lastDot, at + 1);
    const pass = (): boolean => matches(rest, name, lastDot, at);
    const take = (): boolean => matches(rest, name, lastDot, at + 1);
    if (here === undefined) return unit === undefined;
    if (here === '*') return pass() || (unit !== undefined && stay());
    if (here === '<') return pass() || (unit !== undefined && at !== lastDot && stay());
    if (here === '"') return unit === '.' ? take() : unit === undefined && pass();
    if (here === '>') return unit === undefined || unit === '.' ? pass() : take();
    return unit !== undefined && (here === '?' || here === unit) && take();
  }

  test(`gives what the rule read word for word gives (seed ${seed})`, () => {
    const expressions = fc.string({ unit: fc.constantFrom(...'*?<>".ab'), maxLength: 7 });
    const names = fc.string({ unit: fc.constantFrom(...'.ab'), maxLength: 8 });
    fc.assert(
      fc.property(expressions, names, (expression, name) => {
        const wanted = matches(expression, name, name.lastIndexOf('.'), 0);
        expect(matchesPattern(expression, name, true)).toBe(wanted);
      }),
      { seed, numRuns: 20_000 },
    );
  });

  test('costs little, however many stars there are', () => {
    const start = performance.now();
    expect(matchesPattern('*a'.repeat(120), 'a'.repeat(255), true)).toBe(true);
    expect(matchesPattern(`${'*a'.repeat(120)}b`, 'a'.repeat(255), true)).toBe(false);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
