import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSid, sidFromBytes, sidToBytes } from '../../../../src/fsbridge/security/sid.ts';
import { SidMap, type SidMapOptions } from '../../../../src/fsbridge/security/sid-map.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
const machineSid = 'S-1-5-21-1-2-3';
const me = 'S-1-5-21-1-2-3-1001';

describe('a SID', () => {
  test.each<[string, string]>([
    ['S-1-1-0', '0101 000000000001 00000000'],
    ['S-1-5-32-544', '0102 000000000005 20000000 20020000'],
    [
      'S-1-5-21-1-2-4294967295-1001',
      '0105 000000000005 15000000 01000000 02000000 ffffffff e9030000',
    ],
    ['S-1-0x010203040506-7', '0101 010203040506 07000000'],
  ])('%s on the wire', (sid, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(sidToBytes(sid)).toEqual(bytes);
    expect(sidFromBytes(bytes)).toBe(sid);
  });

  test.each([
    ['s-1-5-18', 'S-1-5-18'],
    ['S-1-0x5-18', 'S-1-5-18'],
    ['S-1-05-0018', 'S-1-5-18'],
    ['S-1-0x000000AbCdEf-1', 'S-1-11259375-1'],
  ])('%s has one form', (text, sid) => {
    expect(parseSid(text)).toBe(sid);
    expect(sidToBytes(text)).toBeUndefined();
  });

  test.each([
    '',
    'S-1',
    'S-1-5',
    'S-2-5-18',
    'S-1-5-',
    'S-1-5-4294967296',
    'S-1-0x1000000000000-1',
    `S-1-5${'-1'.repeat(16)}`,
    'S-1-5-18 ',
    'S-1-5--18',
    'Everyone',
  ])('%j is none', (text) => {
    expect(parseSid(text)).toBeUndefined();
    expect(sidToBytes(text)).toBeUndefined();
  });

  test.each([
    ['that is cut off', '0102 000000000005 20000000'],
    ['of another revision', '0201 000000000005 12000000'],
    ['with sixteen numbers', `0110 000000000005 ${'00000000'.repeat(16)}`],
    ['without a number', '0100 000000000005'],
  ])('%s is none', (_what, hex) => {
    expect(sidFromBytes(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBeUndefined();
  });

  test(`has one form for one value (seed ${seed})`, () => {
    const numbers = fc.array(fc.nat(0xffffffff), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(
        fc.maxSafeNat().map((n) => n % 2 ** 48),
        numbers,
        (authority, values) => {
          const bytes = Buffer.alloc(8 + 4 * values.length);
          bytes.writeUInt8(1, 0);
          bytes.writeUInt8(values.length, 1);
          bytes.writeUIntBE(authority, 2, 6);
          values.forEach((value, index) => {
            bytes.writeUInt32LE(value, 8 + 4 * index);
          });
          const sid = sidFromBytes(bytes) as string;
          expect(parseSid(sid)).toBe(sid);
          expect(sidToBytes(sid)).toEqual(bytes);
        },
      ),
      { seed, numRuns: 2_000 },
    );
  });
});

describe('a number and its SID, by Cygwin’s and WinFsp’s rules', () => {
  const map = new SidMap();

  test.each<[string, number, string]>([
    ['SYSTEM', 18, 'S-1-5-18'],
    ['an account of NT', 0x1ff, 'S-1-5-511'],
    ['Administrators', 544, 'S-1-5-32-544'],
    ['the last alias', 999, 'S-1-5-32-999'],
    ['Other Organization', 1000, 'S-1-5-1000'],
    ['S-1-5-X-RID', 0xf000 + 7, 'S-1-5-15-7'],
    ['S-1-5-X-RID of a large X', 0x50000 + 5, 'S-1-5-80-5'],
    ['an alias beyond the first thousand', 0x20000 + 1000, 'S-1-5-32-1000'],
    ['Everyone', 0x10100, 'S-1-1-0'],
    ['CREATOR GROUP', 0x10301, 'S-1-3-1'],
    ['an account of this machine, as Cygwin has it', 0x30000 + 1001, 'S-1-22-1-197609'],
    ['a label', 0x60000 + 0x2000, 'S-1-16-8192'],
    ['an account of a domain, as Cygwin has it', 0x100000 + 1104, 'S-1-22-1-1049680'],
    ['nobody', 65534, 'S-1-0-65534'],
    ['root, whom Cygwin does not know', 0, 'S-1-22-1-0'],
    ['a user of another machine', 1001, 'S-1-22-1-1001'],
    ['a number that no rule has', 0x300000, 'S-1-22-1-3145728'],
    ['a number whose SID is another’s', 0x10000 + 0x500 + 18, 'S-1-22-1-66834'],
    ['an alias whose SID is another’s', 0x20000 + 544, 'S-1-22-1-131616'],
    ['the largest', 0xfffffffe, 'S-1-22-1-4294967294'],
  ])('%s: %i is %s', (_what, uid, sid) => {
    expect(map.uidToSid(uid)).toBe(sid);
    expect(map.sidToUid(sid)).toBe(uid);
    expect(parseSid(sid)).toBe(sid);
  });

  test('users and groups differ where the rules have nothing', () => {
    expect(map.gidToSid(1001)).toBe('S-1-22-2-1001');
    expect(map.gidToSid(544)).toBe('S-1-5-32-544');
    expect(map.sidToGid('S-1-22-1-1001')).toBeUndefined();
    expect(map.sidToUid('S-1-22-2-1001')).toBeUndefined();
  });

  test.each([
    'S-1-5-21-9-9-9-500',
    'S-1-5-5-0-12345',
    'S-1-22-1-18',
    'S-1-5-0',
    'S-1-6-7-8',
    'S-1-22-1-4294967295',
    'S-1-15-2-1',
    'S-1-22-1-01',
  ])('nobody has %s', (sid) => {
    expect(map.sidToUid(sid)).toBeUndefined();
  });
});

describe('a number whose SID is given', () => {
  test('has it, and no other', () => {
    const map = new SidMap({ uids: [{ id: 1000, sid: me }] });
    expect(map.uidToSid(1000)).toBe(me);
    expect(map.sidToUid(me)).toBe(1000);
    expect(map.sidToUid('S-1-22-1-1000')).toBeUndefined();
  });

  test('gives what its rule says to nobody, and takes it from whom it was', () => {
    const map = new SidMap({ uids: [{ id: 1000, sid: 'S-1-5-18' }] });
    expect(map.uidToSid(1000)).toBe('S-1-5-18');
    expect(map.sidToUid('S-1-5-18')).toBe(1000);
    expect(map.sidToUid('S-1-5-1000')).toBeUndefined();
    expect(map.uidToSid(18)).toBe('S-1-22-1-18');
    expect(map.sidToUid('S-1-22-1-18')).toBe(18);
  });

  test('may be one of many', () => {
    const uids = Array.from({ length: 20 }, (_, i) => ({
      id: 1000 + i,
      sid: `${machineSid}-${i}`,
    }));
    const map = new SidMap({ uids, gids: uids });
    for (const { id, sid } of uids) {
      expect(map.uidToSid(id)).toBe(sid);
      expect(map.sidToGid(sid)).toBe(id);
    }
  });

  test('is the first where a number or a SID is given twice, and none where it is no SID', () => {
    const map = new SidMap({
      uids: [
        { id: 1, sid: me },
        { id: 2, sid: me },
        { id: 1, sid: 'S-1-5-7' },
        { id: 3, sid: 'me' },
        { id: -1, sid: 'S-1-5-9' },
        { id: 4, sid: 'S-1-22-1-5' },
      ],
    });
    expect([1, 2, 3, 4, 5].map((uid) => map.uidToSid(uid))).toEqual([
      me,
      'S-1-5-2',
      'S-1-5-3',
      'S-1-5-4',
      'S-1-5-5',
    ]);
  });
});

describe('no two numbers have one SID', () => {
  const optionsToTry: readonly SidMapOptions[] = [
    {},
    {
      uids: [
        { id: 1000, sid: me },
        { id: 0, sid: 'S-1-5-18' },
      ],
    },
  ];

  test.each(optionsToTry)('among the first two million: %j', (options) => {
    const map = new SidMap(options);
    const seen = new Set<string>();
    const wrong: number[] = [];
    for (let uid = 0; uid < 0x200000; uid += uid < 0x12000 ? 1 : 7) {
      const sid = map.uidToSid(uid);
      if (seen.has(sid) || map.sidToUid(sid) !== uid) wrong.push(uid);
      seen.add(sid);
    }
    expect(wrong).toEqual([]);
  });

  test(`among any (seed ${seed})`, () => {
    const maps = optionsToTry.map((options) => new SidMap(options));
    const id = fc.oneof(fc.nat(0xfffffffe), fc.nat(0x200000), fc.nat(2000));
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 50 }), (ids) => {
        for (const map of maps) {
          expect(new Set(ids.map((uid) => map.uidToSid(uid))).size).toBe(ids.length);
          expect(ids.map((gid) => map.sidToGid(map.gidToSid(gid)))).toEqual(ids);
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });
});
