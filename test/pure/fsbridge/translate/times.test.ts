import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromFileTime,
  timeChangeOf,
  toFileTime,
} from '../../../../src/fsbridge/translate/times.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
/** What Date makes of it, in 100 ns: another way to the same number. */
const byDate = (sec: number): bigint => BigInt(sec * 1000 - Date.UTC(1601, 0, 1)) * 10_000n;

describe('a time of Linux as a FILETIME', () => {
  test.each<[string, number, number, bigint]>([
    ['1970', 0, 0, 116444736000000000n],
    ['with 100 ns', 1, 123_456_789, 116444736011234567n],
    ['just before 1970', -1, 999_999_900, 116444735999999999n],
    ['before 1970', -86_400, 500_000_000, 116443872005000000n],
    ['the first that is a time', -11_644_473_600, 100, 1n],
    ['1601, when 0 would be no time', -11_644_473_600, 0, 1n],
    ['before 1601', -20_000_000_000, 0, 1n],
    ['the last of ext4 (2446)', 15_032_385_535, 999_999_999, 266768591359999999n],
    ['after the last', 2 ** 52, 0, 0x7fffffffffffffffn],
  ])('%s', (_what, sec, nsec, fileTime) => {
    expect(toFileTime(sec, nsec)).toBe(fileTime);
  });

  test(`is what a calendar says, and leads back to 100 ns (seed ${seed})`, () => {
    const seconds = fc.integer({ min: -11_644_473_599, max: 200_000_000_000 });
    fc.assert(
      fc.property(seconds, fc.nat(999_999_999), (sec, nsec) => {
        const fileTime = toFileTime(sec, nsec);
        if (sec < 8_000_000_000) {
          expect(fileTime).toBe(byDate(sec) + BigInt(Math.floor(nsec / 100)));
        }
        expect(fromFileTime(fileTime)).toEqual({ sec, nsec: nsec - (nsec % 100) });
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test(`grows as the time does (seed ${seed})`, () => {
    const time = fc.tuple(fc.integer({ min: -(2 ** 34), max: 2 ** 34 }), fc.nat(999_999_999));
    fc.assert(
      fc.property(time, time, ([aSec, aNsec], [bSec, bNsec]) => {
        const later = aSec > bSec || (aSec === bSec && aNsec >= bNsec);
        const [a, b] = [toFileTime(aSec, aNsec), toFileTime(bSec, bNsec)];
        expect(later ? a >= b : a <= b).toBe(true);
      }),
      { seed, numRuns: 5_000 },
    );
  });
});

describe('a FILETIME as a time of Linux', () => {
  test.each<[string, bigint, number, number]>([
    ['1601', 0n, -11_644_473_600, 0],
    ['a negative one', -1n, -11_644_473_601, 999_999_900],
    ['one as it is on the wire', 0xffffffffffffffffn, -11_644_473_601, 999_999_900],
    ['the last', 0x7fffffffffffffffn, 910_692_730_085, 477_580_700],
  ])('%s', (_what, fileTime, sec, nsec) => {
    expect(fromFileTime(fileTime)).toEqual({ sec, nsec });
  });
});

describe('a time field of FILE_BASIC_INFORMATION (MS-FSCC 2.4.7)', () => {
  test.each<[string, bigint, string]>([
    ['0 leaves the time', 0n, 'leave'],
    ['-1 stops it', -1n, 'suspend'],
    ['-1 stops it, unsigned', 0xffffffffffffffffn, 'suspend'],
    ['-2 lets it go on', 0xfffffffffffffffen, 'resume'],
    ['-3 is no time', -3n, 'invalid'],
    ['the smallest number is no time', 0x8000000000000000n, 'invalid'],
    ['1 is a time', 1n, 'set'],
  ])('%s', (_rule, field, kind) => {
    expect(timeChangeOf(field).kind).toBe(kind);
  });

  test('that is a time sets it', () => {
    expect(timeChangeOf(116444736011234567n)).toEqual({
      kind: 'set',
      time: { sec: 1, nsec: 123_456_700 },
    });
  });
});
