import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Ea,
  eaNameOfXattr,
  eaOfXattr,
  eaSizeOf,
  formatEaList,
  isValidEaName,
  parseEaList,
  xattrOfEaName,
} from '../../../../src/fsbridge/translate/ea.ts';
import {
  isLxEaName,
  lxEasOf,
  lxMetadataOf,
} from '../../../../src/fsbridge/translate/lx-metadata.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const ea = (name: string, value: string, flags = 0): Ea => ({
  name,
  flags,
  value: Buffer.from(value),
});

describe('a list of EAs on the wire (MS-FSCC 2.4.15.1)', () => {
  const list = [ea('A', 'x', 0x80), ea('BCD', '')];
  const bytes = hex('0c000000 80 01 0100 41 00 78 00   00000000 00 03 0000 42 43 44 00');

  test('is written with each entry at a multiple of four, the last not padded', () => {
    expect(formatEaList(list)).toEqual(bytes);
    expect(formatEaList([])).toHaveLength(0);
  });

  test('is read', () => {
    expect(parseEaList(bytes)).toEqual({ list });
    expect(parseEaList(Buffer.alloc(0))).toEqual({ list: [] });
  });

  test.each<[string, string, string, number]>([
    ['an entry that is cut off', '00000000 00 01', 'EA_LIST_INCONSISTENT', 0],
    ['a name beyond the end', '00000000 00 09 0000 41 00', 'EA_LIST_INCONSISTENT', 0],
    ['a value beyond the end', '00000000 00 01 0900 41 00', 'EA_LIST_INCONSISTENT', 0],
    ['a name without its NUL', '00000000 00 01 0000 41 41', 'EA_LIST_INCONSISTENT', 0],
    [
      'an entry not at a multiple of four',
      '0b000000 00 01 0000 41 00 00 00000000 00 01 0000 41 00',
      'EA_LIST_INCONSISTENT',
      0,
    ],
    [
      'an entry that begins inside the one before',
      '08000000 00 01 0100 41 00 78 00 00000000 00 01 0000',
      'EA_LIST_INCONSISTENT',
      0,
    ],
    [
      'a second entry that is cut off',
      '0c000000 00 01 0100 41 00 78 00 0000',
      'EA_LIST_INCONSISTENT',
      12,
    ],
    ['an empty name', '00000000 00 00 0000 00', 'INVALID_EA_NAME', 0],
    ['a name that FAT could not have', '00000000 00 03 0000 612a62 00', 'INVALID_EA_NAME', 0],
    ['an unknown flag', '00000000 01 01 0000 41 00', 'INVALID_EA_FLAG', 0],
  ])('is refused with %s, and says where', (_what, text, status, errorOffset) => {
    const { error } = parseEaList(hex(text));
    expect(error && ntStatusName(error.status)).toBe(status);
    expect(error?.errorOffset).toBe(errorOffset);
  });

  test(`comes back as it was written (seed ${seed})`, () => {
    const name = fc
      .string({ minLength: 1, maxLength: 254, unit: 'binary-ascii' })
      .filter(isValidEaName);
    const entry = fc
      .tuple(name, fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 0x80))
      .map(([n, value, flags]) => ({ name: n, flags, value: Buffer.from(value) }));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        expect(parseEaList(formatEaList(entries))).toEqual({ list: entries });
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test(`is never an exception, whatever the bytes are (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60, max: 0x50 }), (some) => {
        const result = parseEaList(some);
        if (result.error === undefined) {
          expect(result.list.every((entry) => isValidEaName(entry.name))).toBe(true);
        }
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test('has a size as OS/2 counted it', () => {
    expect(eaSizeOf(list)).toBe(4 + (5 + 1 + 1) + (5 + 3 + 0));
    expect(eaSizeOf([])).toBe(0);
  });
});

describe('an attribute of Linux as an EA', () => {
  test.each<[string, string, string]>([
    ['is what is behind "user."', 'user.mime_type', 'mime_type'],
    ['keeps dots and spaces', 'user.xdg.origin url', 'xdg.origin url'],
    ['has what an EA cannot have as %XX', 'user.a:b/c', 'a%3Ab%2Fc'],
    ['has control characters as %XX', 'user.a\x01\x7f', 'a%01%7F'],
    ['keeps a per cent sign', 'user.100%', '100%'],
    ['keeps what only looks like an escape', 'user.%41%zz', '%41%zz'],
    ['escapes what would be read as an escape', 'user.%3A', '%253A'],
    ['keeps an escape of a per cent sign that stands before none', 'user.%25%', '%25%'],
    ['escapes it before one', 'user.%253A', '%25253A'],
    ['has bytes beyond ASCII as %XX', 'user.\xe9', '%E9'],
  ])('%s', (_rule, xattr, name) => {
    const bytes = Buffer.from(xattr, 'latin1');
    expect(eaNameOfXattr(bytes)).toBe(name);
    expect(xattrOfEaName(name)).toEqual(bytes);
  });

  test.each([
    'security.selinux',
    'trusted.overlay',
    'system.posix_acl_access',
    'user.',
    'user',
    'user.DOSATTRIB',
    'user.dosattrib',
    'user.SAMBA_PAI',
    'user.DosStream.x:$DATA',
    'user.SmbReparse',
    `user.${'a'.repeat(255)}`,
  ])('is not shown: %s', (xattr) => {
    expect(eaNameOfXattr(Buffer.from(xattr))).toBeUndefined();
  });

  test.each([
    'DOSATTRIB',
    'dosattrib',
    'Dos%41TTRIB*',
    'DosStream.x',
    '',
    'a'.repeat(251),
    'a'.repeat(255),
  ])('cannot be set by a program: %s', (name) => {
    expect(xattrOfEaName(name)).toBeUndefined();
  });

  test(`leads back to the same attribute, whatever its bytes are (seed ${seed})`, () => {
    const name = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 80, min: 1 }).map((some) => Buffer.from(some)),
      fc
        .string({ unit: fc.constantFrom(...'%235AFaf:\\'), minLength: 1, maxLength: 30 })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(name, (bare) => {
        const xattr = Buffer.concat([Buffer.from('user.'), bare]);
        const shown = eaNameOfXattr(xattr);
        if (shown === undefined) return;
        expect(isValidEaName(shown)).toBe(true);
        expect(xattrOfEaName(shown)).toEqual(xattr);
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test(`that a program set is listed as it was set, or not set at all (seed ${seed})`, () => {
    const name = fc.string({
      unit: fc.constantFrom(...'%0235AFaf.:'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(name.filter(isValidEaName), (set) => {
        const xattr = xattrOfEaName(set);
        if (xattr !== undefined) expect(eaNameOfXattr(xattr)).toBe(set);
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test('with a value of 64 KiB is one too many', () => {
    const xattr = Buffer.from('user.big');
    expect(eaOfXattr(xattr, Buffer.alloc(65_535))).toMatchObject({ name: 'big', flags: 0 });
    expect(eaOfXattr(xattr, Buffer.alloc(65_536))).toBeUndefined();
  });
});

describe('WSL’s metadata', () => {
  const inode = { uid: 1000, gid: 100, mode: 0o100644, rdevMajor: 0, rdevMinor: 0 };

  test('are the inode’s numbers', () => {
    expect(lxEasOf(inode)).toEqual([
      { name: '$LXUID', flags: 0, value: hex('e8030000') },
      { name: '$LXGID', flags: 0, value: hex('64000000') },
      { name: '$LXMOD', flags: 0, value: hex('a4810000') },
    ]);
  });

  test('have a device’s numbers, the major one first as in Linux’s cifs', () => {
    const device = { ...inode, mode: 0o020666, rdevMajor: 5, rdevMinor: 1 };
    expect(lxEasOf(device)[3]).toEqual({
      name: '$LXDEV',
      flags: 0,
      value: hex('05000000 01000000'),
    });
    expect(lxMetadataOf(lxEasOf(device))).toEqual(device);
  });

  test('are read in any case, among others, the last one of each', () => {
    const list = [
      ea('OTHER', 'x'),
      { ...ea('$lxuid', ''), value: hex('01000000') },
      { ...ea('$LXUID', ''), value: hex('ffffffff') },
    ];
    expect(lxMetadataOf(list)).toEqual({ uid: 0xffffffff });
    expect(isLxEaName('$LxMod')).toBe(true);
    expect(isLxEaName('$LXMODE')).toBe(false);
  });

  test('of another size are refused', () => {
    expect(lxMetadataOf([ea('$LXUID', '12345678')])).toBeUndefined();
    expect(lxMetadataOf([ea('$LXDEV', '1234')])).toBeUndefined();
  });
});
