import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeviceName } from '../../../../src/fsbridge/translate/device-names.ts';
import { toLinuxName, toWindowsName } from '../../../../src/fsbridge/translate/names.ts';
import { packName } from '../../../../src/fsbridge/translate/packed-names.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
// Properties answer true or false: an `expect` for each of 20,000 names takes most of the time.
const runs = { seed, numRuns: 20_000 };
const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const isLinuxName = (name: Buffer): boolean =>
  name.length > 0 &&
  !name.includes(0) &&
  !name.includes(0x2f) &&
  name.toString('latin1') !== '.' &&
  name.toString('latin1') !== '..';

/** Parts of names that something could go wrong with. */
const part = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((some) => Buffer.from(some)),
  fc
    .constantFrom(
      '.',
      ' ',
      '..',
      'con',
      'CON',
      'nul',
      'Aux',
      'com1',
      'lpt',
      '¹',
      '²',
      '1',
      'conin$',
      '.txt',
      ':',
      '*',
      '"',
      '\\',
      '\x01',
      '\x1f',
      '\x7f',
      'a',
      'n',
      'x',
      'é',
      '日',
      '🎈',
      '\ufffd',
      '\uffff',
    )
    .map((text) => Buffer.from(text)),
  // Real private characters: signs that are none.
  fc.integer({ min: 0xf000, max: 0xf0ff }).map((code) => Buffer.from(String.fromCharCode(code))),
  // Surrogates in UTF-8's manner, alone and in pairs.
  fc
    .integer({ min: 0xd800, max: 0xdfff })
    .map((unit) => Buffer.of(0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))),
);
const linuxName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 255 }).map((some) => Buffer.from(some)),
    fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => Buffer.concat(parts)),
  )
  .map((name) => Buffer.from(name.filter((byte) => byte !== 0 && byte !== 0x2f)).subarray(0, 255))
  .filter(isLinuxName);

/** What Win32 and WinFsp's driver let through as one component. */
function isWin32Name(name: string): boolean {
  const reserved = [...name].some((c) => c < ' ' || '<>:"|?*\\/'.includes(c));
  return (
    name !== '' && name.length <= 255 && !reserved && !/[. ]$/.test(name) && !isDeviceName(name)
  );
}
const windowsPart = fc.oneof(
  fc.integer({ min: 0x20, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  fc.integer({ min: 0xf000, max: 0xf0ff }).map((unit) => String.fromCharCode(unit)),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit)),
  fc.constantFrom('co\uf04e', 'co\uf06e', 'nu\uf04c', '\uf02e', '\uf020', '.', ' ', 'a', '\uf000'),
  fc.string({ maxLength: 5 }),
);
const windowsName = fc
  .array(windowsPart, { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''))
  .filter(isWin32Name);

describe('a name of Linux on Windows', () => {
  test.each<[string, Buffer, string]>([
    ['is itself where it can be', bytes('plain.txt'), 'plain.txt'],
    ['is its UTF-8', bytes('Grüße 日本 🎈'), 'Grüße 日本 🎈'],
    [
      'has reserved characters at U+F000',
      bytes('a<b>c:d"e|f?g*h\\'),
      'a\uf03cb\uf03ec\uf03ad\uf022e\uf07cf\uf03fg\uf02ah\uf05c',
    ],
    ['has control characters at U+F000', bytes([1, 0x1f, 0x7f]), '\uf001\uf01f\x7f'],
    ['has a dot at its end at U+F02E', bytes('name...'), 'name..\uf02e'],
    ['has a space at its end at U+F020', bytes('name. '), 'name.\uf020'],
    ['keeps dots and spaces elsewhere', bytes(' .a. b'), ' .a. b'],
    ['is more than dots', bytes('...'), '..\uf02e'],
    ['is no device', bytes('CON'), 'CO\uf04e'],
    ['is no device in another case', bytes('nul'), 'nu\uf06c'],
    ['is no device with an extension', bytes('aux.tar.gz'), 'au\uf078.tar.gz'],
    ['is no device with spaces before the extension', bytes('com1  .h'), 'co\uf06d1  .h'],
    ['is no device with a superscript digit', bytes('LPT²'), 'LP\uf054²'],
    ['is no device of the console', bytes('conin$'), 'co\uf06ein$'],
    ['is itself where it only begins like a device', bytes('console'), 'console'],
    ['is itself where it has digits that no device has', bytes('com0'), 'com0'],
    ['needs no more where the end is escaped', bytes('con.'), 'con\uf02e'],
    ['has a byte that is no UTF-8 at U+F080', bytes('caf', [0xe9]), 'caf\uf0e9'],
    [
      'has each byte of a sequence that is cut off',
      bytes([0xf0, 0x9f, 0x8e]),
      '\uf0f0\uf09f\uf08e',
    ],
    ['has overlong sequences as bytes', bytes([0xc0, 0xaf]), '\uf0c0\uf0af'],
    ['has a sign that is none as its bytes', bytes('\uf03a'), '\uf0ef\uf080\uf0ba'],
    ['has the sign of a byte as its bytes', bytes('\uf0e9'), '\uf0ef\uf083\uf0a9'],
    [
      'keeps private characters that are no sign',
      bytes('\uf041\ue000\uf8ff'),
      '\uf041\ue000\uf8ff',
    ],
    ['keeps U+F02E where it is not last', bytes('\uf02ea'), '\uf02ea'],
    ['has U+F02E at its end as bytes', bytes('a\uf02e'), 'a\uf0ef\uf080\uf0ae'],
    ['has a lone surrogate as that', bytes('a', [0xed, 0xa0, 0x80]), 'a\ud800'],
    [
      'makes no pair of two surrogates',
      bytes([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]),
      '\ud83d\uf0ed\uf0b8\uf080',
    ],
    ['has an escape of a device as its bytes', bytes('co\uf06e'), 'co\uf0ef\uf081\uf0ae'],
    ['has U+FFFD where that is its character', bytes('\ufffd'), '\ufffd'],
    ['leaves the entries of the directory itself', bytes('..'), '..'],
  ])('%s', (_rule, linux, windows) => {
    expect(toWindowsName(linux)).toBe(windows);
    expect(toWindowsName(new Uint8Array(linux))).toBe(windows);
    if (windows !== '..') expect(toLinuxName(windows)).toEqual(linux);
  });

  test(`leads back to the same bytes, whatever they are (seed ${seed})`, () => {
    fc.assert(
      fc.property(linuxName, (name) => toLinuxName(toWindowsName(name))?.equals(name) ?? false),
      runs,
    );
  });

  test(`is one that Win32 can open (seed ${seed})`, () => {
    fc.assert(
      fc.property(linuxName, (name) => isWin32Name(toWindowsName(name))),
      runs,
    );
  });

  test(`is no other's in its directory (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(linuxName, {
          minLength: 2,
          maxLength: 60,
          selector: (name) => name.toString('latin1'),
        }),
        (names) => new Set(names.map((name) => toWindowsName(name))).size === names.length,
      ),
      { seed, numRuns: 2_000 },
    );
  });

  test('is no other’s among all names of two bytes', () => {
    const seen = new Set<string>();
    const wrong: string[] = [];
    for (let first = 1; first < 256; first++) {
      for (let second = 1; second < 256; second++) {
        const name = Buffer.of(first, second);
        if (!isLinuxName(name)) continue;
        const windows = toWindowsName(name);
        const back = toLinuxName(windows)?.equals(name) ?? false;
        if (seen.has(windows) || !back) wrong.push(name.toString('hex'));
        seen.add(windows);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('a name of Windows on Linux', () => {
  test(`is listed as it was made, or refused (seed ${seed})`, () => {
    fc.assert(
      fc.property(windowsName, (name) => {
        const linux = toLinuxName(name);
        return linux === undefined || (isLinuxName(linux) && toWindowsName(linux) === name);
      }),
      runs,
    );
  });

  test(`is refused only for signs that mean something else (seed ${seed})`, () => {
    fc.assert(
      fc.property(windowsName, (name) => {
        fc.pre(!/[\uf000-\uf0ff]/.test(name));
        const linux = toLinuxName(name);
        return linux !== undefined && (!name.isWellFormed() || linux.equals(Buffer.from(name)));
      }),
      runs,
    );
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['the directory itself', '.'],
    ['its parent', '..'],
    ['the directory itself, as an escape', '\uf02e'],
    ['its parent, as an escape', '.\uf02e'],
    ['a reserved character', 'a:b'],
    ['a separator', 'a\\b'],
    ['Linux’s separator', 'a/b'],
    ['NUL', 'a\0b'],
    ['a control character', 'a\x1fb'],
    ['a dot at the end, which Win32 strips', 'name.'],
    ['a space at the end, which Win32 strips', 'name '],
    ['a device', 'NUL'],
    ['UTF-8 as bytes', '\uf0c3\uf0a9'],
    ['a sign that is none as its bytes, where none was', '\uf0ef\uf081\uf081'],
    ['a NUL as a sign', 'a\uf000'],
    ['a name that is packed without need', packName(Buffer.from('short')) as string],
    ['more than 255 units', 'a'.repeat(256)],
    ['more than 255 bytes', 'é'.repeat(128)],
  ])('is refused: %s', (_rule, name) => {
    expect(toLinuxName(name)).toBeUndefined();
  });

  test('may be longer where the file system has longer names', () => {
    expect(toLinuxName('é'.repeat(255), 765)).toHaveLength(510);
  });

  test('is never an exception, whatever the units are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 260 }), (units) => {
        const name = String.fromCharCode(...units);
        const linux = toLinuxName(name);
        return linux === undefined || toWindowsName(linux) === name;
      }),
      runs,
    );
  });
});

describe('a name of a file system with longer names (VFAT, NTFS, UDF)', () => {
  const signs = Buffer.from('\uf03a'.repeat(120));

  test('is packed where it would have more than 255 units', () => {
    const name = toWindowsName(signs);
    expect(name.length).toBe(1 + Math.ceil((signs.length * 8 + 1) / 15));
    expect(isWin32Name(name)).toBe(true);
    expect(toLinuxName(name, 765)).toEqual(signs);
    expect(toLinuxName(name)).toBeUndefined();
  });

  test(`leads back, up to 476 bytes, whatever they are (seed ${seed})`, () => {
    // A few bytes over and over: they meet every place in the units of fifteen bits.
    const long = fc
      .tuple(
        fc.uint8Array({ minLength: 16, maxLength: 48, min: 1 }),
        fc.integer({ min: 256, max: 476 }),
      )
      .map(([some, length]) =>
        Buffer.alloc(
          length,
          some.map((byte) => (byte === 0x2f ? 0x30 : byte)),
        ),
      );
    fc.assert(
      fc.property(long, (name) => {
        const windows = toWindowsName(name);
        return windows.length <= 255 && (toLinuxName(windows, 765)?.equals(name) ?? false);
      }),
      { seed, numRuns: 5_000 },
    );
  });

  test('comes out longer than Windows takes where nothing shorter can stand for it', () => {
    expect(toWindowsName(Buffer.from('\uf03a'.repeat(200)))).toHaveLength(600);
  });
});
