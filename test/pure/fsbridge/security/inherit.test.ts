import { describe, expect, test } from 'vitest';
import { type AccessToken, SE_GROUP } from '../../../../src/fsbridge/security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from '../../../../src/fsbridge/security/access-rights.ts';
import {
  createObjectSecurity,
  hasInheritableAces,
  setObjectSecurity,
} from '../../../../src/fsbridge/security/inherit.ts';
import {
  ACE_FLAG,
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  SE,
  SECURITY_INFORMATION,
  type SecurityDescriptor,
} from '../../../../src/fsbridge/security/security-descriptor.ts';
import { wellKnownSid } from '../../../../src/fsbridge/security/sid.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';

const me = 'S-1-5-21-1-2-3-1001';
const users = 'S-1-5-21-1-2-3-513';
const other = 'S-1-5-21-1-2-3-1002';
const team = 'S-1-5-21-1-2-3-2000';
const { CREATOR_OWNER, CREATOR_GROUP, EVERYONE, LOCAL_SYSTEM } = wellKnownSid;
const { OBJECT_INHERIT: OI, CONTAINER_INHERIT: CI, NO_PROPAGATE_INHERIT: NP } = ACE_FLAG;
const { INHERIT_ONLY: IO, INHERITED: ID } = ACE_FLAG;
const mapping = FILE_GENERIC_MAPPING;
const token: AccessToken = {
  userSid: me,
  groups: [{ sid: team, attributes: SE_GROUP.ENABLED | SE_GROUP.OWNER }],
  privileges: new Set(),
  primaryGroupSid: users,
};
const restorer: AccessToken = { ...token, privileges: new Set(['SeRestorePrivilege']) };

function sdOf(aces: readonly Ace[] | null | undefined, control: number = 0): SecurityDescriptor {
  return {
    control,
    owner: undefined,
    group: undefined,
    dacl: aces ? aclOf(aces) : aces,
    sacl: undefined,
  };
}
const parentOf = (...aces: readonly Ace[]): SecurityDescriptor => sdOf(aces, SE.DACL_PRESENT);

/** What a new file or directory gets, as lines. */
function made(
  parent: SecurityDescriptor | undefined,
  creator: SecurityDescriptor | undefined,
  isDirectory: boolean,
): { readonly aces: readonly string[] | null; readonly from: string } {
  const result = createObjectSecurity({ parent, creator, isDirectory, token, mapping });
  const { dacl } = result.sd as SecurityDescriptor;
  return { aces: dacl ? dacl.aces.map(show) : null, from: result.daclFrom };
}
const flagNames = { OI, CI, NP, IO, ID };
const nameOfSid: ReadonlyMap<string, string> = new Map([
  [me, 'me'],
  [users, 'users'],
  [other, 'other'],
  [team, 'team'],
  [EVERYONE, 'everyone'],
  [CREATOR_OWNER, 'CO'],
  [CREATOR_GROUP, 'CG'],
  [LOCAL_SYSTEM, 'SYSTEM'],
]);
function show({ type, flags, mask, sid }: Ace): string {
  const set = Object.entries(flagNames).flatMap(([name, bit]) =>
    (flags & bit) === 0 ? [] : [name],
  );
  const who = nameOfSid.get(sid as string);
  return `${type === 0 ? '' : 'deny '}${who} ${mask.toString(16)} ${set.join(' ')}`.trimEnd();
}

describe('the list of a new object (MS-DTYP 2.5.3.4)', () => {
  type Case = [
    rule: string,
    parent: SecurityDescriptor | undefined,
    creator: SecurityDescriptor | undefined,
    file: readonly string[] | null,
    directory: readonly string[] | null,
    from: string,
  ];
  const own = sdOf([allowAce(team, 0x1)]);
  const all = 'me 1f01ff';
  const cases: readonly Case[] = [
    [
      'without anything, it is the token’s own',
      undefined,
      undefined,
      [all, 'SYSTEM 1f01ff'],
      [all, 'SYSTEM 1f01ff'],
      'default',
    ],
    [
      'entries that are not handed on are not inherited',
      parentOf(allowAce(other, 0x1)),
      undefined,
      [all, 'SYSTEM 1f01ff'],
      [all, 'SYSTEM 1f01ff'],
      'default',
    ],
    [
      'OI CI goes to both, and stays on directories',
      parentOf(allowAce(other, 0x1, OI | CI)),
      undefined,
      ['other 1 ID'],
      ['other 1 OI CI ID'],
      'parent',
    ],
    [
      'OI goes to files, and waits in directories',
      parentOf(allowAce(other, 0x1, OI), allowAce(team, 0x2, CI)),
      undefined,
      ['other 1 ID'],
      ['other 1 OI IO ID', 'team 2 CI ID'],
      'parent',
    ],
    [
      'NP stops at the first',
      parentOf(allowAce(other, 0x1, OI | CI | NP)),
      undefined,
      ['other 1 ID'],
      ['other 1 ID'],
      'parent',
    ],
    [
      'NP of files does not wait in directories',
      parentOf(allowAce(other, 0x1, OI | NP), allowAce(team, 0x2, OI | CI)),
      undefined,
      ['other 1 ID', 'team 2 ID'],
      ['team 2 OI CI ID'],
      'parent',
    ],
    [
      'IO is in effect below',
      parentOf(allowAce(other, 0x1, OI | CI | IO)),
      undefined,
      ['other 1 ID'],
      ['other 1 OI CI ID'],
      'parent',
    ],
    [
      'denials are inherited too',
      parentOf(denyAce(other, 0x2, OI | CI), allowAce(other, 0x1, OI | CI)),
      undefined,
      ['deny other 2 ID', 'other 1 ID'],
      ['deny other 2 OI CI ID', 'other 1 OI CI ID'],
      'parent',
    ],
    [
      'CREATOR OWNER becomes the owner, and goes on to directories',
      parentOf(allowAce(CREATOR_OWNER, 0x1f01ff, OI | CI | IO)),
      undefined,
      ['me 1f01ff ID'],
      ['me 1f01ff ID', 'CO 1f01ff OI CI IO ID'],
      'parent',
    ],
    [
      'CREATOR GROUP becomes the group',
      parentOf(allowAce(CREATOR_GROUP, 0x1, OI | CI | IO)),
      undefined,
      ['users 1 ID'],
      ['users 1 ID', 'CG 1 OI CI IO ID'],
      'parent',
    ],
    [
      'generic rights become a file’s, and go on as they are',
      parentOf(allowAce(other, ACCESS.GENERIC_READ, OI | CI)),
      undefined,
      ['other 120089 ID'],
      ['other 120089 ID', 'other 80000000 OI CI IO ID'],
      'parent',
    ],
    [
      'what the maker gives comes first',
      parentOf(allowAce(other, 0x1, OI | CI)),
      own,
      ['team 1', 'other 1 ID'],
      ['team 1', 'other 1 OI CI ID'],
      'creator',
    ],
    [
      'what the maker gives and protects comes alone',
      parentOf(allowAce(other, 0x1, OI | CI)),
      { ...own, control: SE.DACL_PROTECTED },
      ['team 1'],
      ['team 1'],
      'creator',
    ],
    [
      'what the maker says was inherited is not taken twice',
      parentOf(allowAce(other, 0x1, OI | CI)),
      sdOf([allowAce(team, 0x1), allowAce(other, 0x1, ID)]),
      ['team 1', 'other 1 ID'],
      ['team 1', 'other 1 OI CI ID'],
      'creator',
    ],
    [
      'a default list gives way to what is inherited',
      parentOf(allowAce(other, 0x1, OI | CI)),
      { ...own, control: SE.DACL_DEFAULTED },
      ['other 1 ID'],
      ['other 1 OI CI ID'],
      'parent',
    ],
    [
      'and is taken where nothing is',
      parentOf(),
      { ...own, control: SE.DACL_DEFAULTED },
      ['team 1'],
      ['team 1'],
      'default',
    ],
    ['an empty list is a list', parentOf(), sdOf([]), [], [], 'creator'],
    [
      'a NULL list stays NULL',
      parentOf(allowAce(other, 0x1, OI | CI)),
      sdOf(null),
      null,
      null,
      'creator',
    ],
    [
      'the maker’s CREATOR OWNER is the owner',
      undefined,
      sdOf([allowAce(CREATOR_OWNER, 0x1, CI)]),
      ['me 1 CI'],
      ['me 1', 'CO 1 CI IO'],
      'creator',
    ],
    [
      'the maker’s generic rights are a file’s',
      undefined,
      sdOf([allowAce(me, ACCESS.GENERIC_ALL)]),
      [all],
      [all],
      'creator',
    ],
  ];

  test.each<Case>([...cases])('%s', (_rule, parent, creator, file, directory, from) => {
    expect(made(parent, creator, false)).toEqual({ aces: file, from });
    expect(made(parent, creator, true)).toEqual({ aces: directory, from });
  });

  test('says whether it was inherited, and whether it is protected', () => {
    const parent = parentOf(allowAce(other, 0x1, OI));
    const plain = createObjectSecurity({
      parent,
      creator: undefined,
      isDirectory: false,
      token,
      mapping,
    });
    expect(plain.sd?.control).toBe(SE.DACL_PRESENT | SE.DACL_AUTO_INHERITED);
    const creator = sdOf([], SE.DACL_PROTECTED);
    const closed = createObjectSecurity({ parent, creator, isDirectory: false, token, mapping });
    expect(closed.sd?.control).toBe(SE.DACL_PRESENT | SE.DACL_PROTECTED);
  });

  test('of a parent is asked for in advance', () => {
    const acl = aclOf([allowAce(other, 0x1, OI | NP)]);
    expect(hasInheritableAces(acl, false)).toBe(true);
    expect(hasInheritableAces(acl, true)).toBe(false);
    expect(hasInheritableAces(null, false)).toBe(false);
  });
});

describe('the owner and group of a new object', () => {
  const make = (creator: SecurityDescriptor | undefined, who: AccessToken) =>
    createObjectSecurity({ parent: parentOf(), creator, isDirectory: false, token: who, mapping });

  test('are the token’s', () => {
    expect(make(undefined, token).sd).toMatchObject({ owner: me, group: users });
    expect(make(undefined, { ...token, ownerSid: team }).sd).toMatchObject({ owner: team });
  });

  test.each<[string, string, AccessToken, string]>([
    ['himself', me, token, 'SUCCESS'],
    ['a group of his that owns', team, token, 'SUCCESS'],
    ['another', other, token, 'INVALID_OWNER'],
    ['another, who may restore', other, restorer, 'SUCCESS'],
  ])('who makes it may name %s', (_who, owner, who, status) => {
    expect(ntStatusName(make({ ...sdOf(undefined), owner }, who).status)).toBe(status);
  });
});

describe('a change (SetPrivateObjectSecurity)', () => {
  const existing: SecurityDescriptor = {
    control: SE.DACL_PRESENT | SE.DACL_PROTECTED,
    owner: me,
    group: users,
    dacl: aclOf([allowAce(me, 0x1)]),
    sacl: undefined,
  };
  const modification: SecurityDescriptor = {
    control: SE.DACL_PRESENT,
    owner: other,
    group: team,
    dacl: aclOf([
      allowAce(other, ACCESS.GENERIC_READ),
      allowAce(team, ACCESS.GENERIC_READ, OI | IO),
    ]),
    sacl: aclOf([]),
  };
  const change = (information: number, who: AccessToken = restorer, from = modification) =>
    setObjectSecurity({ existing, modification: from, information, token: who, mapping });
  const { OWNER, GROUP, DACL, SACL } = SECURITY_INFORMATION;

  test('sets what it names and nothing else', () => {
    expect(change(OWNER).sd).toEqual({ ...existing, owner: other });
    expect(change(GROUP).sd).toEqual({ ...existing, group: team });
    expect(change(0).sd).toEqual(existing);
    expect(change(SACL).sd).toEqual({ ...existing, sacl: aclOf([]) });
  });

  test('of the list makes generic rights a file’s, where they are in effect', () => {
    expect(change(DACL).sd?.dacl?.aces).toEqual([
      allowAce(other, 0x120089),
      allowAce(team, ACCESS.GENERIC_READ, OI | IO),
    ]);
  });

  test('takes the protection from the new list, or from what the request says', () => {
    const isProtected = (information: number): boolean =>
      ((change(information).sd?.control ?? 0) & SE.DACL_PROTECTED) !== 0;
    expect(isProtected(DACL)).toBe(false);
    expect(isProtected(DACL | SECURITY_INFORMATION.PROTECTED_DACL)).toBe(true);
    expect(isProtected(SECURITY_INFORMATION.UNPROTECTED_DACL)).toBe(false);
    expect(isProtected(OWNER)).toBe(true);
  });

  test('of a list to NULL allows everything', () => {
    expect(change(DACL, token, { ...modification, dacl: null }).sd?.dacl).toBeNull();
  });

  test.each<[string, number, Partial<SecurityDescriptor>, AccessToken, string]>([
    ['gives a file away only with the privilege', OWNER, {}, token, 'INVALID_OWNER'],
    ['which restoring is', OWNER, {}, restorer, 'SUCCESS'],
    ['takes it for a group that owns', OWNER, { owner: team }, token, 'SUCCESS'],
    ['leaves an owner without asking whether he could be', OWNER, { owner: me }, token, 'SUCCESS'],
    ['takes no owner away', OWNER, { owner: undefined }, restorer, 'INVALID_OWNER'],
    ['takes no group away', GROUP, { group: undefined }, restorer, 'INVALID_PRIMARY_GROUP'],
  ])('%s', (_rule, information, part, who, status) => {
    expect(ntStatusName(change(information, who, { ...modification, ...part }).status)).toBe(
      status,
    );
  });
});
