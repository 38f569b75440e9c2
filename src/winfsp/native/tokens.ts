/**
 * Who asks: GetTokenInformation of the handles that come with requests, and of this process.
 *
 * Reading a token whole takes five calls and many strings; programs ask with the same token again and
 * again. So what was read is kept for a while under the token's identity: the process, the logon
 * session, the number of groups and privileges, and the stamp of its last change (ModifiedId).
 *
 * Invariant: nothing that was read is used for longer than keptMs, as two tokens of one process may
 * have the same identity and differ in which groups only deny (restricted tokens).
 */
import { Buffer } from 'node:buffer';
import type { AccessToken } from '../../fsbridge/security/access-check.ts';
import type { Sid } from '../../fsbridge/security/sid.ts';
import type { TokenReader } from '../transaction.ts';
import {
  readGroups,
  readIdentity,
  readPrivileges,
  readSid,
  readUser,
  type TokenBytes,
} from '../wire/token-information.ts';

/** TOKEN_INFORMATION_CLASS */
const tokenClass = {
  User: 1,
  Groups: 2,
  Privileges: 3,
  Owner: 4,
  PrimaryGroup: 5,
  Statistics: 10,
  RestrictedSids: 11,
} as const;

/** The most groups that Windows allows make less than this. */
const mostBytes = 65536;
const keptMs = 2000;
const keptMost = 256;
const tokenQuery = 0x8;

type Call = (...args: readonly unknown[]) => number;

interface Kept {
  readonly token: AccessToken;
  readonly untilMs: number;
}

export class Tokens implements TokenReader {
  #getInformation: Call;
  #openProcessToken: Call;
  #getCurrentProcess: () => bigint;
  #closeHandle: Call;
  #bytes = Buffer.alloc(mostBytes);
  #size = Buffer.alloc(4);
  #address: bigint;
  #kept = new Map<string, Kept>();

  private constructor(koffi: typeof import('koffi').default) {
    const advapi32 = koffi.load('advapi32.dll');
    const kernel32 = koffi.load('kernel32.dll');
    this.#getInformation = advapi32.func('GetTokenInformation', 'int32', [
      'uintptr_t',
      'int32',
      'void *',
      'uint32',
      'void *',
    ]) as Call;
    const openTypes = ['uintptr_t', 'uint32', 'void *'];
    this.#openProcessToken = advapi32.func('OpenProcessToken', 'int32', openTypes) as Call;
    const current = kernel32.func('GetCurrentProcess', 'uintptr_t', []) as () => number | bigint;
    this.#getCurrentProcess = () => BigInt(current());
    this.#closeHandle = kernel32.func('CloseHandle', 'int32', ['uintptr_t']) as Call;
    this.#address = koffi.address(this.#bytes);
  }

  static async load(): Promise<Tokens> {
    const { default: koffi } = await import('koffi');
    return new Tokens(koffi);
  }

  facts(handle: number, processId: number): AccessToken | undefined {
    const statistics = this.#read(BigInt(handle), tokenClass.Statistics);
    if (statistics === undefined) return undefined;
    const identity = `${processId}-${readIdentity(statistics)}`;
    const nowMs = performance.now();
    const kept = this.#kept.get(identity);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.token;
    const token = this.#readAll(BigInt(handle));
    if (token === undefined) return undefined;
    if (this.#kept.size >= keptMost) this.#kept.clear();
    this.#kept.set(identity, { token, untilMs: nowMs + keptMs });
    return token;
  }

  /** The SID of the user whose process this is. */
  ownUser(): Sid | undefined {
    const handle = Buffer.alloc(8);
    if (this.#openProcessToken(this.#getCurrentProcess(), tokenQuery, handle) === 0) {
      return undefined;
    }
    const token = handle.readBigUInt64LE();
    const user = this.#read(token, tokenClass.User);
    const sid = user === undefined ? undefined : readUser(user)?.sid;
    this.#closeHandle(token);
    return sid;
  }

  /** Into the one buffer: what was read before is gone. */
  #read(handle: bigint, informationClass: number): TokenBytes | undefined {
    const answer = this.#getInformation(
      handle,
      informationClass,
      this.#bytes,
      mostBytes,
      this.#size,
    );
    if (answer === 0) return undefined;
    return { bytes: this.#bytes.subarray(0, this.#size.readUInt32LE()), address: this.#address };
  }

  #readAll(handle: bigint): AccessToken | undefined {
    const read = <T>(informationClass: number, decode: (token: TokenBytes) => T): T | undefined => {
      const token = this.#read(handle, informationClass);
      return token === undefined ? undefined : decode(token);
    };
    const user = read(tokenClass.User, readUser);
    const groups = read(tokenClass.Groups, readGroups);
    const privileges = read(tokenClass.Privileges, readPrivileges);
    if (user === undefined || groups === undefined || privileges === undefined) return undefined;
    const restricted = read(tokenClass.RestrictedSids, readGroups);
    return {
      userSid: user.sid,
      isUserDenyOnly: user.isDenyOnly,
      groups,
      privileges,
      restrictedSids: restricted === undefined || restricted.length === 0 ? undefined : restricted,
      ownerSid: read(tokenClass.Owner, readSid),
      primaryGroupSid: read(tokenClass.PrimaryGroup, readSid),
    };
  }
}
