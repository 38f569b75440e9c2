/**
 * Linux itself as the judge of acl-map.ts and acl-unmap.ts: who may do what is what its kernel
 * says.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type AccessToken,
  accessCheck,
  SE_GROUP,
} from '../../../../src/fsbridge/security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from '../../../../src/fsbridge/security/access-rights.ts';
import { securityDescriptorOf } from '../../../../src/fsbridge/security/acl-map.ts';
import { permissionsOf } from '../../../../src/fsbridge/security/acl-unmap.ts';
import {
  ACE_FLAG,
  type Ace,
  aclOf,
  allowAce,
  denyAce,
} from '../../../../src/fsbridge/security/security-descriptor.ts';
import { wellKnownSid } from '../../../../src/fsbridge/security/sid.ts';
import { SidMap } from '../../../../src/fsbridge/security/sid-map.ts';
import { constants } from '../../../../src/node-fs/constants.ts';
import type { VolumeFs } from '../../../../src/node-fs/volume-fs.ts';
import type { AclEntry } from '../../../../src/vfs-linux/posix-acl.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { Random, testSeed } from '../../../support/random.ts';

const reason = cannotMount();
const seed = testSeed();
const map = new SidMap();
const uid = 2001;
const gid = 2008;
const people = [
  { uid, gid: 2099, groups: [] },
  { uid, gid, groups: [2011] },
  { uid: 2001 + 1, gid: 2099, groups: [] },
  { uid: 2001 + 1, gid, groups: [2011, 2012] },
  { uid: 2050, gid, groups: [] },
  { uid: 2050, gid: 2011, groups: [2012] },
  { uid: 2051, gid: 2099, groups: [] },
] as const;
const rights = [
  [constants.R_OK, ACCESS.READ_DATA],
  [constants.W_OK, ACCESS.WRITE_DATA],
  [constants.X_OK, ACCESS.EXECUTE],
] as const;

function tokenOf(person: (typeof people)[number]): AccessToken {
  const attributes = SE_GROUP.MANDATORY | SE_GROUP.ENABLED;
  const gids = [person.gid, ...person.groups];
  const sids = [...gids.map((group) => map.gidToSid(group)), wellKnownSid.EVERYONE];
  return {
    userSid: map.uidToSid(person.uid),
    groups: sids.map((sid) => ({ sid, attributes })),
    privileges: new Set(),
  };
}

function randomAcl(random: Random): AclEntry[] {
  const perm = (): number => random.below(8);
  const ids = [2001, 2002, 2011, 2012].filter(() => random.chance(0.5));
  const named = ids.map(
    (id): AclEntry => ({ tag: id > 2010 ? 'group' : 'user', perm: perm(), id }),
  );
  return [
    { tag: 'user-obj', perm: perm() },
    ...named.filter(({ tag }) => tag === 'user'),
    { tag: 'group-obj', perm: perm() },
    ...named.filter(({ tag }) => tag === 'group'),
    ...(named.length > 0 ? [{ tag: 'mask', perm: perm() } as const] : []),
    { tag: 'other', perm: perm() },
  ];
}

describeUnless(reason)('permissions on a volume (ext4)', () => {
  let mounted: FreshVolume;
  let views: VolumeFs[];
  beforeAll(async () => {
    mounted = await mountFresh();
    const { fs, kernel } = mounted;
    await fs.chmod('/', 0o755);
    views = await Promise.all(people.map(async (who) => fs.as(await kernel.identity(who))));
  }, 30_000);
  afterAll(() => mounted?.close());

  async function make(path: string, isDirectory: boolean): Promise<void> {
    const { fs } = mounted;
    await (isDirectory ? fs.mkdir(path) : fs.writeFile(path, ''));
    await fs.chown(path, uid, gid);
  }

  test(`are to Windows what they are to Linux (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { fs } = mounted;
    for (let round = 0; round < 150; round++) {
      const path = `/subject-${round}`;
      await make(path, random.chance(0.3));
      const acl = randomAcl(random);
      await fs.setAcl(path, 'access', acl);
      const { mode } = await fs.lstat(path);
      const accessAcl = await fs.getAcl(path);
      const sd = securityDescriptorOf({ mode, uid, gid, accessAcl }, map);
      for (const [index, person] of people.entries()) {
        for (const [want, right] of rights) {
          const linux = await (views[index] as VolumeFs).access(path, want).then(
            () => true,
            () => false,
          );
          const { grantedAccess } = accessCheck(sd, tokenOf(person), right, FILE_GENERIC_MAPPING);
          const where = `round ${round}, uid ${person.uid}, gid ${person.gid}, right ${right}`;
          expect([where, grantedAccess === right]).toEqual([where, linux]);
        }
      }
    }
  });

  test(`made of any list are ones that Linux takes (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { fs } = mounted;
    const sids = [
      map.uidToSid(uid),
      map.gidToSid(gid),
      map.uidToSid(2002),
      map.gidToSid(2011),
      ...Object.values(wellKnownSid),
      'S-1-5-21-1-2-3-1001',
    ];
    const handsOn = ACE_FLAG.OBJECT_INHERIT | ACE_FLAG.CONTAINER_INHERIT;
    for (let round = 0; round < 150; round++) {
      const isDirectory = random.chance(0.5);
      const path = `/changed-${round}`;
      await make(path, isDirectory);
      const aces = Array.from({ length: random.below(8) }, (): Ace => {
        const flags = random.pick([0, 0, handsOn, handsOn | ACE_FLAG.INHERIT_ONLY]);
        const mask = random.pick([0x1f01ff, 0x120089, 0x1301bf, 0x1200a9, 0x2, 0x80000000]);
        return (random.chance(0.8) ? allowAce : denyAce)(random.pick(sids), mask, flags);
      });
      const before = { mode: (await fs.lstat(path)).mode, uid, gid };
      const sd = {
        control: 0,
        owner: undefined,
        group: undefined,
        dacl: aclOf(aces),
        sacl: undefined,
      };
      const { permissions } = permissionsOf(sd, before, map);
      if (permissions === undefined) throw new Error(`round ${round} was refused`);
      await fs.chmod(path, permissions.mode & 0o7777);
      if (permissions.accessAcl) await fs.setAcl(path, 'access', permissions.accessAcl);
      if (permissions.defaultAcl) await fs.setAcl(path, 'default', permissions.defaultAcl);
      expect((await fs.lstat(path)).mode).toBe(permissions.mode);
      const byId = (acl: readonly AclEntry[] | undefined): AclEntry[] | undefined =>
        acl?.toSorted((a, b) => (a.tag === b.tag ? (a.id ?? 0) - (b.id ?? 0) : 0));
      expect(await fs.getAcl(path)).toEqual(byId(permissions.accessAcl));
      if (isDirectory)
        expect(await fs.getAcl(path, 'default')).toEqual(byId(permissions.defaultAcl));
    }
  });
});
