import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  formatSecurityDescriptor,
  parseSecurityDescriptor,
  SE,
  SECURITY_INFORMATION,
  type SecurityDescriptor,
  selectSecurity,
} from '../../../../src/fsbridge/security/security-descriptor.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** O:SY G:BA D:P(A;;FA;;;SY)(D;OICI;0x2;;;WD), as Windows lays it out. */
const bytes = hex(`
  01 00 0490 14000000 20000000 00000000 30000000
  0101 000000000005 12000000
  0102 000000000005 20000000 20020000
  02 00 3000 0200 0000
  00 00 1400 ff011f00 0101 000000000005 12000000
  01 03 1400 02000000 0101 000000000001 00000000`);
const sd: SecurityDescriptor = {
  control: SE.DACL_PRESENT | SE.DACL_PROTECTED,
  owner: 'S-1-5-18',
  group: 'S-1-5-32-544',
  dacl: aclOf([allowAce('S-1-5-18', 0x1f01ff), denyAce('S-1-1-0', 0x2, 0x3)]),
  sacl: undefined,
};
const patched = (at: number, ...values: readonly number[]): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
};

describe('a security descriptor on the wire (MS-DTYP 2.4.6)', () => {
  test('is read and written as Windows lays it out', () => {
    expect(parseSecurityDescriptor(bytes)).toEqual(sd);
    // The last entry's size is its own: 0x14 bytes, so the list has 0x30.
    expect(formatSecurityDescriptor(sd)).toEqual(bytes);
  });

  test('tells a list that is not there from one that allows everything', () => {
    const none = { ...sd, control: 0, dacl: undefined };
    const everything = { ...sd, dacl: null };
    expect(parseSecurityDescriptor(formatSecurityDescriptor(none))).toEqual(none);
    expect(parseSecurityDescriptor(formatSecurityDescriptor(everything))).toEqual(everything);
    expect(formatSecurityDescriptor(everything).readUInt32LE(16)).toBe(0);
  });

  test('keeps entries that it does not understand', () => {
    const object: Ace = {
      type: 0x05,
      flags: 0x2,
      mask: 0,
      sid: undefined,
      body: hex('01000000 00000000'),
    };
    const label: Ace = { type: 0x11, flags: 0, mask: 0, sid: undefined, body: Buffer.alloc(0) };
    const odd = {
      ...sd,
      control: sd.control | SE.SACL_PRESENT,
      dacl: aclOf([object]),
      sacl: aclOf([label]),
    };
    expect(odd.dacl.revision).toBe(4);
    expect(parseSecurityDescriptor(formatSecurityDescriptor(odd))).toEqual(odd);
  });

  test('has as many entries of a long list as fit into 64 KiB, from its beginning', () => {
    const aces = Array.from({ length: 5_000 }, (_, index) => allowAce(`S-1-22-1-${index}`, 0x1));
    const written = parseSecurityDescriptor(formatSecurityDescriptor({ ...sd, dacl: aclOf(aces) }));
    const count = Math.floor((0xfffc - 8) / 24);
    expect(written?.dacl?.aces).toEqual(aces.slice(0, count));
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a header that is cut off', bytes.subarray(0, 19)],
    ['another revision', patched(0, 2)],
    ['absolute pointers', patched(2, 0x04, 0x10)],
    ['an owner in the header', patched(4, 4)],
    ['an owner beyond the end', patched(4, 0, 1)],
    ['an owner of another revision', patched(20, 9)],
    ['a list beyond the end', patched(16, 0x78)],
    ['a list that is longer than the rest', patched(0x32, 0xff)],
    ['a list of another revision', patched(0x30, 1)],
    ['more entries than there are', patched(0x34, 3)],
    ['an entry that is longer than its list', patched(0x3a, 0xff)],
    ['an entry shorter than its header', patched(0x3a, 3)],
    ['an entry whose SID is longer than it', patched(0x41, 15)],
  ])('is refused: %s', (_what, broken) => {
    expect(parseSecurityDescriptor(broken)).toBeUndefined();
  });

  test(`is never an exception, whatever the bytes are (seed ${seed})`, () => {
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(bytes.length), (list, length) => {
        const copy = Buffer.from(bytes.subarray(0, length));
        for (const [at, value] of list) if (at < length) copy[at] = value;
        const parsed = parseSecurityDescriptor(copy);
        if (parsed === undefined) return;
        // What was understood is the same when it is written and read again.
        expect(parseSecurityDescriptor(formatSecurityDescriptor(parsed))).toEqual(parsed);
      }),
      { seed, numRuns: 10_000 },
    );
  });
});

describe('the parts that are asked for', () => {
  const full = { ...sd, control: sd.control | SE.SACL_PRESENT, sacl: aclOf([]) };

  test.each<[string, number, Partial<SecurityDescriptor>]>([
    ['owner', SECURITY_INFORMATION.OWNER, { owner: sd.owner, control: 0 }],
    ['group', SECURITY_INFORMATION.GROUP, { group: sd.group, control: 0 }],
    ['DACL', SECURITY_INFORMATION.DACL, { dacl: sd.dacl, control: sd.control }],
    ['SACL', SECURITY_INFORMATION.SACL, { sacl: aclOf([]), control: SE.SACL_PRESENT }],
    ['none', 0, { control: 0 }],
  ])('%s', (_what, information, parts) => {
    const empty = { owner: undefined, group: undefined, dacl: undefined, sacl: undefined };
    expect(selectSecurity(full, information)).toEqual({ ...empty, ...parts });
  });
});
