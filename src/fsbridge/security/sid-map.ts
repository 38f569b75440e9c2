/**
 * Users and groups: Linux's numbers and Windows's SIDs.
 *
 * The rules are Cygwin's, as WinFsp has them too, so that both show the same numbers for a Windows
 * account:
 *
 *     below 0x200, and 1000                     S-1-5-N
 *     0x200 to 0x3e7                            S-1-5-32-N
 *     0x1000 * X + RID         (to 0xfffff)     S-1-5-X-RID, but for these ranges:
 *     0x10000 + 0x100 * X + Y  (to 0x10fff)     S-1-X-Y
 *     0x60000 + RID            (to 0x6ffff)     S-1-16-RID
 *     65534                                     S-1-0-65534
 *
 * For all other numbers, most of those of a Linux machine's users, those rules have nothing, or a
 * SID that another number has. They are S-1-22-1-uid and S-1-22-2-gid, as Samba shows accounts that
 * it cannot map. So is uid 0 (S-1-5-0 is nobody). The numbers that Cygwin gives to accounts of this
 * machine (0x30000 to 0x3ffff) and of domains (from 0x100000) have no SID of Windows here either.
 * An override says which SID one number has, whatever the rules are: the mounting user's for uid
 * 1000.
 *
 * Invariants: no two uids have one SID, nor do two gids. A SID leads back to the number that has it
 * and to no other; one that no number has leads to none.
 */
import { parseSid, type Sid } from './sid.ts';

export interface SidOverride {
  readonly id: number;
  readonly sid: Sid;
}

export interface SidMapOptions {
  /** Users whose SID is given: "uid 1000 is me". */
  readonly uids?: readonly SidOverride[] | undefined;
  readonly gids?: readonly SidOverride[] | undefined;
}

/** (uid_t) -1, which chown(2) takes for "leave it". */
const noId = 0xffffffff;
const unmapped = 65534;
const authorityOffset = 0x10000;
const authorityEnd = 0x11000;
const machineOffset = 0x30000;
const machineEnd = 0x40000;
const labelOffset = 0x60000;
const labelEnd = 0x70000;
const domainOffset = 0x100000;
const builtinDomain = 32;
const sambaUsers = 'S-1-22-1-';
const sambaGroups = 'S-1-22-2-';
const rootId = 0;
const otherOrganization = 1000;

const isId = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < noId;

/** The last number of a SID that begins with `prefix` and has just one more; -1 for another SID. */
function restOf(sid: Sid, prefix: string): number {
  if (!sid.startsWith(prefix)) return -1;
  const rest = sid.slice(prefix.length);
  return /^\d+$/.test(rest) ? Number(rest) : -1;
}

/** One of the two kinds of accounts. */
class AccountMap {
  readonly #sidById: ReadonlyMap<number, Sid>;
  readonly #idBySid: ReadonlyMap<Sid, number>;
  readonly #fallback: string;
  readonly #known: Map<number, Sid> = new Map();

  constructor(overrides: readonly SidOverride[], fallback: string) {
    const sidById = new Map<number, Sid>();
    const idBySid = new Map<Sid, number>();
    for (const { id, sid: text } of overrides) {
      const sid = parseSid(text);
      if (sid === undefined || !isId(id) || sidById.has(id) || idBySid.has(sid)) continue;
      // These are the numbers' own, and cannot be given to another.
      if (sid.startsWith(fallback)) continue;
      sidById.set(id, sid);
      idBySid.set(sid, id);
    }
    this.#sidById = sidById;
    this.#idBySid = idBySid;
    this.#fallback = fallback;
  }

  sidOf(id: number): Sid {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const sid = this.#makeSid(id);
    // A disk may have any number of owners; those of the first thousand are remembered.
    if (this.#known.size < 1000) this.#known.set(id, sid);
    return sid;
  }

  #makeSid(id: number): Sid {
    const given = this.#sidById.get(id);
    if (given !== undefined) return given;
    const plain = this.#fallback + id;
    const byRule = ruleSid(id);
    // A SID that an override gave away is that other number's.
    if (byRule !== undefined && !this.#idBySid.has(byRule)) return byRule;
    return plain;
  }

  /** The number whose SID this is. */
  idOf(sid: Sid): number | undefined {
    const given = this.#idBySid.get(sid);
    if (given !== undefined) return given;
    for (const id of this.#candidates(sid)) {
      if (isId(id) && this.sidOf(id) === sid) return id;
    }
    return undefined;
  }

  /** The numbers that the rules could have made this SID of. */
  #candidates(sid: Sid): readonly number[] {
    const plain = restOf(sid, this.#fallback);
    if (plain >= 0) return [plain];
    const numbers = /^S-1-(\d+)-(\d+)(?:-(\d+))?$/.exec(sid);
    if (numbers === null) return [];
    const authority = Number(numbers[1]);
    const first = Number(numbers[2]);
    if (numbers[3] === undefined) {
      return [first, authorityOffset + 0x100 * authority + first, labelOffset + first];
    }
    const second = Number(numbers[3]);
    return [0x1000 * first + second, second];
  }
}

function ruleSid(id: number): Sid | undefined {
  if (id === rootId) return undefined;
  if (id === unmapped) return `S-1-0-${unmapped}`;
  if (id < 0x200 || id === otherOrganization) return `S-1-5-${id}`;
  if (id < otherOrganization) return `S-1-5-${builtinDomain}-${id}`;
  if (id >= authorityOffset && id < authorityEnd) return authoritySid(id - authorityOffset);
  if (id >= labelOffset && id < labelEnd) return `S-1-16-${id - labelOffset}`;
  const isMachine = id >= machineOffset && id < machineEnd;
  return id >= 0x1000 && id < domainOffset && !isMachine ? ntSid(id) : undefined;
}

/** S-1-X-Y, but not S-1-5-Y: that is another number's. */
function authoritySid(number: number): Sid | undefined {
  const authority = number >>> 8;
  return authority === 5 ? undefined : `S-1-${authority}-${number & 0xff}`;
}

/** S-1-5-X-RID, but not the aliases S-1-5-32-RID that have numbers of their own. */
function ntSid(id: number): Sid | undefined {
  const authority = id >>> 12;
  const rid = id & 0xfff;
  const isAlias = authority === builtinDomain && rid >= 0x200 && rid < otherOrganization;
  return isAlias ? undefined : `S-1-5-${authority}-${rid}`;
}

/** Which SID an account's number has, and which number a SID's account. */
export interface AccountSids {
  uidToSid(uid: number): Sid;
  gidToSid(gid: number): Sid;
  /** The uid that has this SID; undefined where none has. */
  sidToUid(sid: Sid): number | undefined;
  /** The gid that has this SID; undefined where none has. */
  sidToGid(sid: Sid): number | undefined;
}

export class SidMap implements AccountSids {
  readonly #users: AccountMap;
  readonly #groups: AccountMap;

  constructor(options: SidMapOptions = {}) {
    this.#users = new AccountMap(options.uids ?? [], sambaUsers);
    this.#groups = new AccountMap(options.gids ?? [], sambaGroups);
  }

  uidToSid(uid: number): Sid {
    return this.#users.sidOf(uid);
  }

  gidToSid(gid: number): Sid {
    return this.#groups.sidOf(gid);
  }

  sidToUid(sid: Sid): number | undefined {
    return this.#users.idOf(sid);
  }

  sidToGid(sid: Sid): number | undefined {
    return this.#groups.idOf(sid);
  }
}
