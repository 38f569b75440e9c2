/**
 * What fsbridge keeps and decides in Windows's terms, against Samba's own code (python3-samba):
 * user.DOSATTRIB in all its versions, security descriptors byte for byte, and who may do what.
 */
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  type AccessToken,
  accessCheck,
  type Privilege,
  SE_GROUP,
} from '../../../src/fsbridge/security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from '../../../src/fsbridge/security/access-rights.ts';
import {
  ACE_FLAG,
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  formatSecurityDescriptor,
  parseSecurityDescriptor,
  SE,
  type SecurityDescriptor,
} from '../../../src/fsbridge/security/security-descriptor.ts';
import { wellKnownSid } from '../../../src/fsbridge/security/sid.ts';
import { formatDosAttrib, parseDosAttrib } from '../../../src/fsbridge/translate/dos-attrib.ts';
import { STATUS } from '../../../src/fsbridge/translate/ntstatus.ts';
import { describeUnless } from '../../support/needs.ts';
import { Random, testSeed } from '../../support/random.ts';

const seed = testSeed();
const judge = path.resolve(import.meta.dirname, '../../support/windows/samba-judge.py');
/** Debian's own, which the package is for, whatever other python3 is on the PATH. */
const python = fs.existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const hasSamba = spawnSync(python, ['-c', 'import samba.security']).status === 0;

interface Questions {
  readonly dosAttrib?: readonly string[];
  readonly makeDos?: readonly (readonly [version: number, attrib: number, createTime: string])[];
  readonly descriptors?: readonly string[];
  readonly checks?: readonly {
    readonly descriptor: string;
    readonly sids: readonly string[];
    readonly privileges: readonly string[];
    readonly desired: number;
  }[];
}
interface Answers {
  readonly dosAttrib: readonly ({
    readonly version: number;
    readonly flags: number;
    readonly attrib: number;
    readonly createTime: string;
  } | null)[];
  readonly makeDos: readonly string[];
  readonly descriptors: readonly {
    readonly control: number;
    readonly owner: string | null;
    readonly group: string | null;
    readonly dacl: readonly (readonly [number, number, number, string])[] | null;
    readonly again: string;
  }[];
  readonly checks: readonly number[];
}

function ask(questions: Questions): Answers {
  const nothing = { dosAttrib: [], makeDos: [], descriptors: [], checks: [] };
  const input = JSON.stringify({ ...nothing, ...questions });
  const { status, stdout, stderr } = spawnSync(python, [judge], {
    input,
    maxBuffer: 256 * 1048576,
  });
  if (status !== 0) throw new Error(`samba-judge.py: ${stderr}`);
  return JSON.parse(stdout.toString()) as Answers;
}

const people = [
  'S-1-5-21-1-2-3-1001',
  'S-1-22-1-1000',
  'S-1-22-2-100',
  wellKnownSid.EVERYONE,
  wellKnownSid.BUILTIN_ADMINISTRATORS,
] as const;
const rights = [0x1, 0x2, 0x4, 0x20, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000] as const;

function randomMask(random: Random): number {
  return rights.reduce((mask, right) => (random.chance(0.35) ? mask | right : mask), 0);
}

function randomDescriptor(random: Random): SecurityDescriptor {
  const sids = [...people, wellKnownSid.OWNER_RIGHTS];
  const aces = Array.from({ length: random.below(7) }, (): Ace => {
    const flags = random.pick([0, 0, 0, ACE_FLAG.INHERIT_ONLY | ACE_FLAG.OBJECT_INHERIT]);
    const make = random.chance(0.6) ? allowAce : denyAce;
    return make(random.pick(sids), randomMask(random), flags);
  });
  return {
    control: SE.DACL_PRESENT | (random.chance(0.5) ? SE.DACL_PROTECTED : 0),
    owner: random.pick(people),
    group: random.pick(people),
    dacl: random.chance(0.05) ? null : aclOf(aces),
    sacl: undefined,
  };
}

const base64 = (sd: SecurityDescriptor): string => formatSecurityDescriptor(sd).toString('base64');

describeUnless(hasSamba ? undefined : 'python3-samba is not installed')('with Samba', () => {
  test(`attributes that fsbridge writes are those that Samba reads (seed ${seed})`, () => {
    const random = new Random(seed);
    const written = Array.from({ length: 200 }, (_, round) => ({
      attributes: random.pick([0, 0x1, 0x2, 0x6, 0x20, 0x26, 0x2126]),
      creationTime:
        round % 4 === 0 ? undefined : 133_000_000_000_000_000n + BigInt(random.below(1e9)) * 7n,
    }));
    const values = written.map((dos) => formatDosAttrib(dos).toString('base64'));
    const answers = ask({ dosAttrib: values }).dosAttrib;
    expect(answers).toEqual(
      written.map(({ attributes, creationTime }) => ({
        version: 3,
        flags: creationTime === undefined ? 0x1 : 0x11,
        attrib: attributes,
        createTime: String(creationTime ?? 0n),
      })),
    );
  });

  test.each([1, 3, 4, 5, 0xffff])('attributes of version %i by Samba are read', (version) => {
    const random = new Random(seed);
    const wanted = Array.from({ length: 50 }, (): [number, number, string] => {
      const time = 133_000_000_000_000_000n + BigInt(random.below(1e9)) * 7n;
      return [version, random.pick([0x1, 0x2, 0x20, 0x26]), String(time)];
    });
    const read = ask({ makeDos: wanted }).makeDos.map((value) =>
      parseDosAttrib(Buffer.from(value, 'base64')),
    );
    expect(read).toEqual(
      wanted.map(([, attributes, time]) => ({
        attributes,
        creationTime: version === 0xffff ? undefined : BigInt(time),
      })),
    );
  });

  test(`security descriptors are the same bytes to both (seed ${seed})`, () => {
    const random = new Random(seed);
    const descriptors = Array.from({ length: 500 }, () => randomDescriptor(random));
    const answers = ask({ descriptors: descriptors.map(base64) }).descriptors;
    descriptors.forEach((sd, index) => {
      const answer = answers[index] as (typeof answers)[number];
      expect(answer).toMatchObject({
        control: sd.control | SE.SELF_RELATIVE,
        owner: sd.owner,
        group: sd.group,
        dacl: sd.dacl?.aces.map(({ type, flags, mask, sid }) => [type, flags, mask, sid]) ?? null,
      });
      expect(parseSecurityDescriptor(Buffer.from(answer.again, 'base64'))).toEqual(sd);
    });
  });

  const privilegeNames: ReadonlyMap<Privilege, string> = new Map([
    ['SeSecurityPrivilege', 'SEC_PRIV_SECURITY'],
    ['SeTakeOwnershipPrivilege', 'SEC_PRIV_TAKE_OWNERSHIP'],
  ]);

  test(`who may do what is the same to both (seed ${seed})`, () => {
    const random = new Random(seed);
    const attributes = SE_GROUP.MANDATORY | SE_GROUP.ENABLED;
    const cases = Array.from({ length: 5_000 }, () => {
      const sids = [people[0], ...people.slice(2).filter(() => random.chance(0.5))];
      const privileges = [...privilegeNames.keys()].filter(() => random.chance(0.15));
      const sd = randomDescriptor(random);
      // Without a list Samba looks at no privilege, and grants the owner's rights at most; Windows
      // does.
      const hasList = sd.dacl !== null;
      const security = hasList && random.chance(0.1) ? ACCESS.ACCESS_SYSTEM_SECURITY : 0;
      const maximum = hasList && random.chance(0.3) ? ACCESS.MAXIMUM_ALLOWED : 0;
      return {
        sd,
        sids,
        privileges,
        desired: randomMask(random) | security | maximum,
      };
    });
    const answers = ask({
      checks: cases.map(({ sd, sids, privileges, desired }) => ({
        descriptor: base64(sd),
        sids,
        privileges: privileges.map((name) => privilegeNames.get(name) as string),
        desired,
      })),
    }).checks;
    cases.forEach(({ sd, sids, privileges, desired }, index) => {
      const token: AccessToken = {
        userSid: sids[0] as string,
        groups: sids.slice(1).map((sid) => ({ sid, attributes })),
        privileges: new Set(privileges),
      };
      const result = accessCheck(sd, token, desired, FILE_GENERIC_MAPPING);
      const granted = result.status === STATUS.SUCCESS ? result.grantedAccess : -1;
      const where = JSON.stringify({ index, sids, privileges, desired: desired.toString(16), sd });
      // To grant nothing of all that could be asked for is a refusal to Windows.
      const isNothing = answers[index] === 0 && (desired & ACCESS.MAXIMUM_ALLOWED) !== 0;
      expect([where, granted]).toEqual([where, isNothing ? -1 : answers[index]]);
    });
  });
});
