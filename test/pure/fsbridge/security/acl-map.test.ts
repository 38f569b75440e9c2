import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AccessToken,
  accessCheck,
  SE_GROUP,
} from '../../../../src/fsbridge/security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from '../../../../src/fsbridge/security/access-rights.ts';
import {
  type LinuxPermissions,
  securityDescriptorOf,
} from '../../../../src/fsbridge/security/acl-map.ts';
import { permissionsOf } from '../../../../src/fsbridge/security/acl-unmap.ts';
import {
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  SE,
  type SecurityDescriptor,
} from '../../../../src/fsbridge/security/security-descriptor.ts';
import { wellKnownSid } from '../../../../src/fsbridge/security/sid.ts';
import { type AccountSids, SidMap } from '../../../../src/fsbridge/security/sid-map.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import type { AclEntry } from '../../../../src/vfs-linux/posix-acl.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
/** As Samba shows accounts that it cannot map: every number has a SID that says it. */
const samba: AccountSids = {
  uidToSid: (uid) => `S-1-22-1-${uid}`,
  gidToSid: (gid) => `S-1-22-2-${gid}`,
  sidToUid: (sid) => numberBehind(sid, 'S-1-22-1-'),
  sidToGid: (sid) => numberBehind(sid, 'S-1-22-2-'),
};
function numberBehind(sid: string, prefix: string): number | undefined {
  return sid.startsWith(prefix) ? Number(sid.slice(prefix.length)) : undefined;
}
const cygwin = new SidMap();
const { EVERYONE, AUTHENTICATED_USERS, CREATOR_OWNER, CREATOR_GROUP, LOCAL_SYSTEM } = wellKnownSid;
const owner = 'S-1-22-1-1000';
const group = 'S-1-22-2-100';
const file = (perm: number): LinuxPermissions => ({ mode: 0o100000 | perm, uid: 1000, gid: 100 });
const directory = (perm: number): LinuxPermissions => ({
  mode: 0o040000 | perm,
  uid: 1000,
  gid: 100,
});

function show(ace: Ace): string {
  const kind = ace.type === 0 ? 'allow' : 'deny';
  const flags = ace.flags === 0 ? '' : ` flags ${ace.flags}`;
  return `${kind} ${ace.sid} ${ace.mask.toString(16)}${flags}`;
}
const shown = (sd: SecurityDescriptor): readonly string[] => (sd.dacl?.aces ?? []).map(show);

describe('permissions as a list', () => {
  test.each<[string, LinuxPermissions, readonly string[]]>([
    [
      '0640: owner, group and everybody, each with what all may read of a file',
      file(0o640),
      [`allow ${owner} 1f019f`, `allow ${group} 120089`, `allow ${EVERYONE} 120088`],
    ],
    [
      '0755: x is EXECUTE',
      file(0o755),
      [`allow ${owner} 1f01bf`, `allow ${group} 1200a9`, `allow ${EVERYONE} 1200a9`],
    ],
    [
      '0770 of a directory: w is DELETE_CHILD too',
      directory(0o770),
      [`allow ${owner} 1f01ff`, `allow ${group} 1201ff`, `allow ${EVERYONE} 120088`],
    ],
    [
      '1777: a sticky directory lets its owner alone delete',
      directory(0o1777),
      [`allow ${owner} 1f01ff`, `allow ${group} 1201bf`, `allow ${EVERYONE} 1201bf`],
    ],
    [
      '0407: who has less than a later class is denied it',
      file(0o407),
      [
        `allow ${owner} 1f0199`,
        `deny ${owner} 26`,
        `allow ${group} 120088`,
        `deny ${group} 137`,
        `allow ${EVERYONE} 1201bf`,
      ],
    ],
    [
      'an access list, under its mask',
      {
        ...file(0o670),
        accessAcl: [
          { tag: 'user-obj', perm: 6 },
          { tag: 'user', perm: 7, id: 5 },
          { tag: 'group-obj', perm: 5 },
          { tag: 'group', perm: 4, id: 7 },
          { tag: 'mask', perm: 5 },
          { tag: 'other', perm: 1 },
        ],
      },
      [
        `allow ${owner} 1f019f`,
        `deny ${owner} 20`,
        'allow S-1-22-1-5 1200a9',
        `allow ${group} 1200a9`,
        'allow S-1-22-2-7 120089',
        'deny S-1-22-2-7 20',
        `allow ${EVERYONE} 1200a8`,
      ],
    ],
    [
      'groups are not denied what other groups have',
      {
        ...file(0o760),
        accessAcl: [
          { tag: 'user-obj', perm: 7 },
          { tag: 'group-obj', perm: 4 },
          { tag: 'group', perm: 2, id: 7 },
          { tag: 'mask', perm: 6 },
          { tag: 'other', perm: 0 },
        ],
      },
      [
        `allow ${owner} 1f01bf`,
        `allow ${group} 120089`,
        'allow S-1-22-2-7 12019e',
        `allow ${EVERYONE} 120088`,
      ],
    ],
    [
      'a default list, to be handed on by CREATOR OWNER and GROUP',
      {
        ...directory(0o700),
        defaultAcl: [
          { tag: 'user-obj', perm: 7 },
          { tag: 'group-obj', perm: 5 },
          { tag: 'other', perm: 0 },
        ],
      },
      [
        `allow ${owner} 1f01ff`,
        `allow ${group} 120088`,
        `allow ${EVERYONE} 120088`,
        `allow ${CREATOR_OWNER} 1f01ff flags 11`,
        `allow ${CREATOR_GROUP} 1200a9 flags 11`,
        `allow ${EVERYONE} 120088 flags 11`,
      ],
    ],
  ])('%s', (_rule, permissions, aces) => {
    const sd = securityDescriptorOf(permissions, samba);
    expect(shown(sd)).toEqual(aces);
    expect(sd).toMatchObject({ owner, group, control: SE.DACL_PRESENT | SE.DACL_PROTECTED });
  });
});

const perm = fc.nat(7);
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 3 });
/** A whole access list, as the kernel takes it. */
const posixAcl = fc
  .tuple(perm, ids, perm, ids, perm, perm, fc.array(perm, { minLength: 6, maxLength: 6 }))
  .map(([user, users, own, groups, mask, other, perms]): AclEntry[] => {
    const named = [
      ...users.map((id, i): AclEntry => ({ tag: 'user', perm: perms[i] as number, id })),
      ...groups.map((id, i): AclEntry => ({ tag: 'group', perm: perms[i + 3] as number, id })),
    ];
    return [
      { tag: 'user-obj', perm: user },
      ...named.filter((entry) => entry.tag === 'user'),
      { tag: 'group-obj', perm: own },
      ...named.filter((entry) => entry.tag === 'group'),
      ...(named.length > 0 ? [{ tag: 'mask', perm: mask } as const] : []),
      { tag: 'other', perm: other },
    ];
  });
const permOfTag = (acl: readonly AclEntry[], tag: AclEntry['tag']): number | undefined =>
  acl.find((entry) => entry.tag === tag)?.perm;
const modeOf = (acl: readonly AclEntry[]): number =>
  ((permOfTag(acl, 'user-obj') as number) << 6) |
  ((permOfTag(acl, 'mask') ?? (permOfTag(acl, 'group-obj') as number)) << 3) |
  (permOfTag(acl, 'other') as number);
const withAcl = (acl: readonly AclEntry[], type: number): LinuxPermissions => ({
  mode: type | modeOf(acl),
  uid: 9,
  gid: 8,
  accessAcl: acl.length > 3 ? acl : undefined,
});

/** acl(5), "access check algorithm", for one permission. */
function linuxAllows(
  acl: readonly AclEntry[],
  uid: number,
  gids: readonly number[],
  want: number,
): boolean {
  const mask = permOfTag(acl, 'mask') ?? 7;
  if (uid === 9) return ((permOfTag(acl, 'user-obj') as number) & want) !== 0;
  // fs/namei.c, acl_permission_check: without a bit for the group in the mode, the mode says all.
  if (mask === 0) return !gids.includes(8) && ((permOfTag(acl, 'other') as number) & want) !== 0;
  const user = acl.find((entry) => entry.tag === 'user' && entry.id === uid);
  if (user !== undefined) return (user.perm & mask & want) !== 0;
  const groups = acl.filter(
    (entry) =>
      (entry.tag === 'group-obj' && gids.includes(8)) ||
      (entry.tag === 'group' && gids.includes(entry.id as number)),
  );
  if (groups.length > 0) return groups.some((entry) => (entry.perm & mask & want) !== 0);
  return ((permOfTag(acl, 'other') as number) & want) !== 0;
}

function tokenOf(uid: number, gids: readonly number[], map: AccountSids): AccessToken {
  const attributes = SE_GROUP.MANDATORY | SE_GROUP.ENABLED;
  const sids = [...gids.map((gid) => map.gidToSid(gid)), EVERYONE];
  return {
    userSid: map.uidToSid(uid),
    groups: sids.map((sid) => ({ sid, attributes })),
    privileges: new Set(),
  };
}

describe('what Linux allows', () => {
  const rights = [
    [4, ACCESS.READ_DATA],
    [2, ACCESS.WRITE_DATA],
    [1, ACCESS.EXECUTE],
  ] as const;

  test(`Windows allows to the same people, and nothing else (seed ${seed})`, () => {
    const who = fc.tuple(
      fc.constantFrom(1, 2, 3, 9, 50),
      fc.uniqueArray(fc.constantFrom(1, 2, 3, 8, 60)),
    );
    fc.assert(
      fc.property(posixAcl, fc.constantFrom(0o100000, 0o040000), who, (acl, type, [uid, gids]) => {
        const sd = securityDescriptorOf(withAcl(acl, type), samba);
        const token = tokenOf(uid, gids, samba);
        for (const [want, right] of rights) {
          const { grantedAccess } = accessCheck(sd, token, right, FILE_GENERIC_MAPPING);
          expect(grantedAccess === right).toBe(linuxAllows(acl, uid, gids, want));
        }
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test('Windows adds up for a member of two groups, where Linux wants one that has both', () => {
    const acl: readonly AclEntry[] = [
      { tag: 'user-obj', perm: 7 },
      { tag: 'group-obj', perm: 4 },
      { tag: 'group', perm: 2, id: 1 },
      { tag: 'mask', perm: 7 },
      { tag: 'other', perm: 0 },
    ];
    const sd = securityDescriptorOf(withAcl(acl, 0o100000), samba);
    const both = ACCESS.READ_DATA | ACCESS.WRITE_DATA;
    const token = tokenOf(50, [8, 1], samba);
    expect(accessCheck(sd, token, both, FILE_GENERIC_MAPPING).grantedAccess).toBe(both);
  });
});

/** The list with its mask applied, and a mask that takes nothing away. */
function effective(acl: readonly AclEntry[]): AclEntry[] {
  const mask = permOfTag(acl, 'mask');
  if (mask === undefined) return [...acl];
  const whole = (entry: AclEntry): boolean => entry.id === undefined && entry.tag !== 'mask';
  const without = (entry: AclEntry): AclEntry =>
    entry.tag === 'group-obj' ? { ...entry, perm: 0 } : entry;
  if (mask === 0) return acl.filter(whole).map(without);
  const masked = acl.map((entry) =>
    entry.tag === 'user-obj' || entry.tag === 'other'
      ? entry
      : { ...entry, perm: entry.perm & mask },
  );
  let union = 0;
  for (const { tag, perm: p } of masked) {
    if (tag === 'user' || tag === 'group-obj' || tag === 'group') union |= p;
  }
  return masked.map((entry) =>
    entry.tag === 'mask' ? { ...entry, perm: union || (permOfTag(acl, 'other') as number) } : entry,
  );
}

describe('a list as permissions', () => {
  /** Another inode's, so that nothing of the answer can be what it had. */
  const otherInode = (type: number): LinuxPermissions => ({
    mode: type | 0o7000,
    uid: 77,
    gid: 77,
  });

  test.each([
    ['Samba', samba],
    ['Cygwin', cygwin],
  ] as const)(`is what it was made of, by %s’s rules (seed ${seed})`, (_style, map) => {
    const owners = fc.constantFrom([9, 8], [1000, 1000], [0, 0], [0, 1000], [544, 545]);
    fc.assert(
      fc.property(
        fc.nat(0o777),
        owners,
        fc.constantFrom(0o100000, 0o040000),
        (mode, [uid, gid], type) => {
          const permissions = { mode: type | mode, uid: uid as number, gid: gid as number };
          const result = permissionsOf(
            securityDescriptorOf(permissions, map),
            otherInode(type),
            map,
          );
          expect(result.permissions).toEqual({
            ...permissions,
            mode: permissions.mode | 0o7000,
            accessAcl: undefined,
            defaultAcl: undefined,
          });
        },
      ),
      { seed, numRuns: 2_000 },
    );
  });

  test(`has the effective entries of an access and a default list (seed ${seed})`, () => {
    fc.assert(
      fc.property(posixAcl, posixAcl, (acl, defaultAcl) => {
        const permissions = { ...withAcl(acl, 0o040000), defaultAcl };
        const sd = securityDescriptorOf(permissions, samba);
        const result = permissionsOf(sd, otherInode(0o040000), samba)
          .permissions as LinuxPermissions;
        const wanted = effective(acl);
        expect(result.mode).toBe(0o047000 | modeOf(wanted));
        expect(result.accessAcl).toEqual(wanted.length > 3 ? wanted : undefined);
        expect(result.defaultAcl).toEqual(effective(defaultAcl));
      }),
      { seed, numRuns: 5_000 },
    );
  });

  test(`that was not changed changes nothing, the mask neither (seed ${seed})`, () => {
    fc.assert(
      fc.property(posixAcl, posixAcl, fc.nat(0o7), (acl, defaultAcl, special) => {
        const base = withAcl(acl, 0o040000);
        const permissions = { ...base, mode: base.mode | (special << 9), defaultAcl };
        const sd = securityDescriptorOf(permissions, samba);
        expect(permissionsOf(sd, permissions, samba)).toEqual({ status: 0, permissions });
      }),
      { seed, numRuns: 2_000 },
    );
  });

  const full = 0x1f01ff;
  const read = 0x120089;
  const sd = (...aces: readonly Ace[]): SecurityDescriptor => ({
    control: SE.DACL_PRESENT,
    owner,
    group,
    dacl: aclOf(aces),
    sacl: undefined,
  });

  test.each<[string, SecurityDescriptor, number]>([
    ['everything for everybody, where there is a NULL list', { ...sd(), dacl: null }, 0o777],
    ['nothing, where the list is empty', sd(), 0o000],
    ['what everybody has, the owner and the group have', sd(allowAce(EVERYONE, read)), 0o444],
    ['Authenticated Users are everybody', sd(allowAce(AUTHENTICATED_USERS, full)), 0o777],
    [
      'a denial in front takes away',
      sd(denyAce(EVERYONE, 0x2), allowAce(owner, full), allowAce(EVERYONE, full)),
      0o555,
    ],
    [
      'a denial behind does not',
      sd(allowAce(owner, full), denyAce(EVERYONE, 0x2), allowAce(EVERYONE, full)),
      0o755,
    ],
    [
      'generic rights count',
      sd(allowAce(owner, ACCESS.GENERIC_READ | ACCESS.GENERIC_EXECUTE)),
      0o500,
    ],
    ['OWNER RIGHTS are the owner’s', sd(allowAce(wellKnownSid.OWNER_RIGHTS, full)), 0o700],
    ['appending alone is not writing', sd(allowAce(owner, ACCESS.APPEND_DATA)), 0o000],
    ['what is only handed on does not count', sd(allowAce(owner, full, 0xb)), 0o000],
    [
      'an account that Linux does not know is passed over',
      sd(allowAce('S-1-5-21-1-2-3-4', full), allowAce(owner, read)),
      0o400,
    ],
    ['Modify of Explorer is rwx', sd(allowAce(group, 0x1301bf)), 0o070],
  ])('%s', (_rule, descriptor, mode) => {
    const { permissions } = permissionsOf(descriptor, { ...file(0o4644) }, samba);
    expect(permissions?.mode.toString(8)).toBe((0o104000 | mode).toString(8));
    expect(permissions?.accessAcl).toBeUndefined();
  });

  test('has other accounts as named entries, under a mask that takes nothing away', () => {
    const descriptor = sd(
      allowAce(owner, full),
      allowAce('S-1-22-1-5', read),
      allowAce('S-1-22-2-6', full),
      denyAce('S-1-22-1-7', full),
      allowAce(EVERYONE, read),
    );
    expect(permissionsOf(descriptor, file(0), samba).permissions).toEqual({
      ...file(0o774),
      accessAcl: [
        { tag: 'user-obj', perm: 7 },
        { tag: 'user', perm: 4, id: 5 },
        { tag: 'user', perm: 0, id: 7 },
        { tag: 'group-obj', perm: 4 },
        { tag: 'group', perm: 7, id: 6 },
        { tag: 'mask', perm: 7 },
        { tag: 'other', perm: 4 },
      ],
      defaultAcl: undefined,
    });
  });

  test('has a mask for who is denied what the others have, though nobody else is named', () => {
    const user = denyAce('S-1-22-1-7', full);
    const descriptor = sd(denyAce(group, full), user, allowAce(EVERYONE, read));
    const acl = permissionsOf(descriptor, file(0), samba).permissions?.accessAcl;
    expect(acl).toEqual([
      { tag: 'user-obj', perm: 4 },
      { tag: 'user', perm: 0, id: 7 },
      { tag: 'group-obj', perm: 0 },
      { tag: 'mask', perm: 4 },
      { tag: 'other', perm: 4 },
    ]);
  });

  test('tells users from groups that have one number by Cygwin’s rules', () => {
    const descriptor = {
      ...sd(
        allowAce(LOCAL_SYSTEM, full),
        allowAce('S-1-5-32-544', full),
        allowAce('S-1-5-4', read),
      ),
      owner: undefined,
      group: undefined,
    };
    const named = permissionsOf(descriptor, file(0), cygwin).permissions?.accessAcl?.filter(
      (entry) => entry.id !== undefined,
    );
    expect(named).toEqual([
      { tag: 'user', perm: 7, id: 18 },
      { tag: 'group', perm: 7, id: 544 },
      { tag: 'group', perm: 4, id: 4 },
    ]);
  });

  test.each<[string, Partial<SecurityDescriptor>, string]>([
    ['an owner', { owner: 'S-1-5-21-1-2-3-4' }, 'INVALID_OWNER'],
    ['an owner who is a group', { owner: 'S-1-22-2-5' }, 'INVALID_OWNER'],
    ['a group', { group: 'S-1-5-21-1-2-3-4' }, 'INVALID_PRIMARY_GROUP'],
  ])('is refused with %s without a number on Linux', (_what, part, status) => {
    const result = permissionsOf({ ...sd(), ...part }, file(0o644), samba);
    expect(ntStatusName(result.status)).toBe(status);
    expect(result.permissions).toBeUndefined();
  });

  test('without an owner, a group or a list leaves them as they are', () => {
    const nothing = {
      control: 0,
      owner: undefined,
      group: undefined,
      dacl: undefined,
      sacl: undefined,
    };
    const permissions: LinuxPermissions = {
      ...directory(0o3775),
      defaultAcl: [
        { tag: 'user-obj', perm: 7 },
        { tag: 'group-obj', perm: 5 },
        { tag: 'other', perm: 0 },
      ],
    };
    expect(permissionsOf(nothing, permissions, samba).permissions).toEqual(permissions);
    expect(
      permissionsOf({ ...nothing, owner: 'S-1-22-1-5' }, permissions, samba).permissions,
    ).toEqual({ ...permissions, uid: 5 });
  });
});
