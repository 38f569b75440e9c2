import { describe, expect, test } from 'vitest';
import {
  type AccessCheckOptions,
  type AccessToken,
  accessCheck,
  type Privilege,
  SE_GROUP,
} from '../../../../src/fsbridge/security/access-check.ts';
import {
  ACCESS,
  FILE_GENERIC_MAPPING,
  mapGenericMask,
} from '../../../../src/fsbridge/security/access-rights.ts';
import {
  ACE_FLAG,
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  SE,
  type SecurityDescriptor,
} from '../../../../src/fsbridge/security/security-descriptor.ts';
import { wellKnownSid } from '../../../../src/fsbridge/security/sid.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';

const me = 'S-1-5-21-1-2-3-1001';
const friends = 'S-1-5-21-1-2-3-2000';
const admins = wellKnownSid.BUILTIN_ADMINISTRATORS;
const everyone = wellKnownSid.EVERYONE;
const other = 'S-1-5-21-1-2-3-1002';
const enabled = SE_GROUP.MANDATORY | SE_GROUP.ENABLED;

const token: AccessToken = {
  userSid: me,
  groups: [
    { sid: friends, attributes: enabled },
    { sid: everyone, attributes: enabled },
    { sid: admins, attributes: SE_GROUP.USE_FOR_DENY_ONLY },
    { sid: 'S-1-5-4', attributes: SE_GROUP.MANDATORY },
  ],
  privileges: new Set(),
};
const withPrivileges = (...privileges: readonly Privilege[]): AccessToken => ({
  ...token,
  privileges: new Set(privileges),
});
const protectedBy = (...aces: readonly Ace[]): SecurityDescriptor => ({
  control: SE.DACL_PRESENT,
  owner: other,
  group: friends,
  dacl: aclOf(aces),
  sacl: undefined,
});
const mine = (...aces: readonly Ace[]): SecurityDescriptor => ({
  ...protectedBy(...aces),
  owner: me,
});
const { READ_DATA, WRITE_DATA, EXECUTE, READ_CONTROL, WRITE_DAC, WRITE_OWNER, DELETE } = ACCESS;
const maxBytes = ACCESS.MAXIMUM_ALLOWED;
const SECURITY = ACCESS.ACCESS_SYSTEM_SECURITY;
const backup: AccessCheckOptions = { hasBackupIntent: true };

type Case = [
  rule: string,
  sd: SecurityDescriptor,
  token: AccessToken,
  desired: number,
  granted: number | 'ACCESS_DENIED' | 'PRIVILEGE_NOT_HELD',
  options?: AccessCheckOptions,
];
const cases: readonly Case[] = [
  [
    'what an entry allows is granted',
    protectedBy(allowAce(me, READ_DATA)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'and nothing beside it',
    protectedBy(allowAce(me, READ_DATA)),
    token,
    READ_DATA | WRITE_DATA,
    'ACCESS_DENIED',
  ],
  [
    'more is allowed than asked for, but not granted',
    protectedBy(allowAce(me, 0x1f01ff)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'several entries add up',
    protectedBy(allowAce(me, READ_DATA), allowAce(everyone, WRITE_DATA)),
    token,
    READ_DATA | WRITE_DATA,
    READ_DATA | WRITE_DATA,
  ],
  ['an empty list allows nothing', protectedBy(), token, READ_DATA, 'ACCESS_DENIED'],
  ['a NULL list allows all', { ...protectedBy(), dacl: null }, token, 0x1f01ff, 0x1f01ff],
  [
    'a list that is not there allows all',
    { ...protectedBy(), dacl: undefined },
    token,
    DELETE,
    DELETE,
  ],
  ['nothing is granted where nothing is asked for', protectedBy(), token, 0, 0],
  [
    'a denial before is a denial',
    protectedBy(denyAce(me, READ_DATA), allowAce(everyone, READ_DATA)),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'a denial after what was granted is late',
    protectedBy(allowAce(me, READ_DATA), denyAce(everyone, READ_DATA)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'a denial of something else does not matter',
    protectedBy(denyAce(me, WRITE_DATA), allowAce(me, READ_DATA)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'a group that only denies denies',
    protectedBy(denyAce(admins, READ_DATA), allowAce(me, READ_DATA)),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'and does not allow',
    protectedBy(allowAce(admins, READ_DATA)),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'a group that is not enabled does neither',
    protectedBy(denyAce('S-1-5-4', READ_DATA), allowAce(me, READ_DATA)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'a user that only denies is not allowed',
    protectedBy(allowAce(me, READ_DATA)),
    { ...token, isUserDenyOnly: true },
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'an entry that is only handed on does not count',
    protectedBy(allowAce(me, READ_DATA, ACE_FLAG.INHERIT_ONLY | ACE_FLAG.OBJECT_INHERIT)),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'generic rights are asked for as what they mean',
    protectedBy(allowAce(me, 0x120089)),
    token,
    ACCESS.GENERIC_READ,
    0x120089,
  ],
  [
    'and are allowed as what they mean',
    protectedBy(allowAce(me, ACCESS.GENERIC_ALL)),
    token,
    0x1f01ff,
    0x1f01ff,
  ],
  [
    'an audit decides nothing',
    protectedBy({ ...allowAce(me, READ_DATA), type: 0x02 }),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'an entry with a condition decides nothing',
    protectedBy({ type: 0x09, flags: 0, mask: 0, sid: undefined }),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],

  [
    'the owner may read and change the list',
    mine(),
    token,
    READ_CONTROL | WRITE_DAC,
    READ_CONTROL | WRITE_DAC,
  ],
  ['but not take the file', mine(), token, WRITE_OWNER, 'ACCESS_DENIED'],
  [
    'not even a denial keeps the owner from it',
    mine(denyAce(me, WRITE_DAC)),
    token,
    WRITE_DAC,
    WRITE_DAC,
  ],
  [
    'OWNER RIGHTS limit the owner',
    mine(allowAce(wellKnownSid.OWNER_RIGHTS, READ_CONTROL)),
    token,
    WRITE_DAC,
    'ACCESS_DENIED',
  ],
  [
    'and give to him',
    mine(allowAce(wellKnownSid.OWNER_RIGHTS, READ_DATA)),
    token,
    READ_DATA,
    READ_DATA,
  ],
  [
    'but to nobody else',
    protectedBy(allowAce(wellKnownSid.OWNER_RIGHTS, READ_DATA)),
    token,
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'OWNER RIGHTS that are only handed on limit nobody',
    mine(allowAce(wellKnownSid.OWNER_RIGHTS, 0, ACE_FLAG.INHERIT_ONLY)),
    token,
    WRITE_DAC,
    WRITE_DAC,
  ],
  [
    'a group that owns is an owner',
    { ...protectedBy(), owner: friends },
    token,
    WRITE_DAC,
    WRITE_DAC,
  ],
  [
    'one that only denies is none',
    { ...protectedBy(), owner: admins },
    token,
    WRITE_DAC,
    'ACCESS_DENIED',
  ],

  [
    'MAXIMUM_ALLOWED is all that is allowed',
    protectedBy(allowAce(me, READ_DATA), allowAce(friends, EXECUTE)),
    token,
    maxBytes,
    READ_DATA | EXECUTE,
  ],
  [
    'without what was denied before',
    protectedBy(denyAce(me, EXECUTE), allowAce(friends, READ_DATA | EXECUTE)),
    token,
    maxBytes,
    READ_DATA,
  ],
  ['with what the owner has', mine(), token, maxBytes, READ_CONTROL | WRITE_DAC],
  [
    'what is asked for beside it must be there',
    protectedBy(allowAce(me, READ_DATA)),
    token,
    maxBytes | WRITE_DATA,
    'ACCESS_DENIED',
  ],
  ['nothing at all is denied', protectedBy(), token, maxBytes, 'ACCESS_DENIED'],
  ['a NULL list is everything', { ...protectedBy(), dacl: null }, token, maxBytes, 0x1f01ff],

  [
    'the audit list takes SeSecurityPrivilege',
    mine(allowAce(me, SECURITY | 0x1f01ff)),
    token,
    SECURITY,
    'PRIVILEGE_NOT_HELD',
  ],
  [
    'with which it is granted',
    protectedBy(),
    withPrivileges('SeSecurityPrivilege'),
    SECURITY,
    SECURITY,
  ],
  [
    'SeTakeOwnershipPrivilege takes a file',
    protectedBy(),
    withPrivileges('SeTakeOwnershipPrivilege'),
    WRITE_OWNER,
    WRITE_OWNER,
  ],
  [
    'but not unasked, with MAXIMUM_ALLOWED',
    protectedBy(),
    withPrivileges('SeTakeOwnershipPrivilege'),
    maxBytes,
    'ACCESS_DENIED',
  ],
  [
    'SeBackupPrivilege reads everything with backup intent',
    protectedBy(),
    withPrivileges('SeBackupPrivilege'),
    0x120089 | SECURITY,
    0x120089 | SECURITY,
    backup,
  ],
  [
    'and nothing without',
    protectedBy(),
    withPrivileges('SeBackupPrivilege'),
    READ_DATA,
    'ACCESS_DENIED',
  ],
  [
    'and does not write',
    protectedBy(),
    withPrivileges('SeBackupPrivilege'),
    WRITE_DATA,
    'ACCESS_DENIED',
    backup,
  ],
  [
    'SeRestorePrivilege writes, deletes and gives away',
    protectedBy(),
    withPrivileges('SeRestorePrivilege'),
    0x120116 | DELETE | WRITE_DAC | WRITE_OWNER,
    0x120116 | DELETE | WRITE_DAC | WRITE_OWNER,
    backup,
  ],
  [
    'and does not read',
    protectedBy(),
    withPrivileges('SeRestorePrivilege'),
    READ_DATA,
    'ACCESS_DENIED',
    backup,
  ],
  [
    'MAXIMUM_ALLOWED with backup intent is what backup needs',
    protectedBy(),
    withPrivileges('SeBackupPrivilege'),
    maxBytes,
    0x1200a9,
    backup,
  ],
  [
    'a restricted token needs both lists',
    protectedBy(allowAce(me, READ_DATA | WRITE_DATA), allowAce('S-1-5-12', READ_DATA)),
    { ...token, restrictedSids: [{ sid: 'S-1-5-12', attributes: enabled }] },
    READ_DATA,
    READ_DATA,
  ],
  [
    'and is denied what one lacks',
    protectedBy(allowAce(me, READ_DATA | WRITE_DATA), allowAce('S-1-5-12', READ_DATA)),
    { ...token, restrictedSids: [{ sid: 'S-1-5-12', attributes: enabled }] },
    WRITE_DATA,
    'ACCESS_DENIED',
  ],
  [
    'what was granted before stays',
    protectedBy(),
    token,
    DELETE,
    DELETE,
    { previouslyGranted: DELETE },
  ],
];

describe('an access check (MS-DTYP 2.5.3.2)', () => {
  test.each<Case>([...cases])('%s', (_rule, sd, who, desired, wanted, options) => {
    const result = accessCheck(sd, who, desired, FILE_GENERIC_MAPPING, options);
    if (typeof wanted === 'number') {
      expect(ntStatusName(result.status)).toBe('SUCCESS');
      expect(result.grantedAccess.toString(16)).toBe(wanted.toString(16));
    } else {
      expect(ntStatusName(result.status)).toBe(wanted);
      expect(result.grantedAccess).toBe(0);
    }
  });
});

test.each([
  [ACCESS.GENERIC_READ, 0x120089],
  [ACCESS.GENERIC_WRITE, 0x120116],
  [ACCESS.GENERIC_EXECUTE, 0x1200a0],
  [ACCESS.GENERIC_ALL, 0x1f01ff],
  [maxBytes | READ_DATA, maxBytes | READ_DATA],
])('the generic right %i is %i to a file', (generic, specific) => {
  expect(mapGenericMask(generic, FILE_GENERIC_MAPPING)).toBe(specific);
});
