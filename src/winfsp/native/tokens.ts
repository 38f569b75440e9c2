/**
 * Access tokens: GetTokenInformation of the handles that come with requests, and of this process.
 *
 * Reading a whole token takes five calls and many strings, and programs send requests with the same
 * token again and again. So a token's facts are kept for a while under its identity: the process,
 * the logon session, the numbers of groups and privileges, and the stamp of its last change
 * (ModifiedId).
 *
 * Invariant: facts are used for keptMs at most. Two tokens of one process may have the same
 * identity and differ in their deny-only groups (restricted tokens).
 */
import { Buffer } from 'node:buffer';
import type { AccessToken } from '../../fsbridge/security/access-check.ts';
import type { Sid } from '../../fsbridge/security/sid.ts';
import { type Ffi, type Handle, handleType, loadFfi, type Native } from '../../host/ffi.ts';
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
  Elevation: 20,
} as const;

/** As many groups as Windows allows take less than this. */
const maxBytes = 65536;
const keptMs = 2000;
const maxKept = 256;
const tokenQuery = 0x8;

interface Kept {
  readonly token: AccessToken;
  readonly untilMs: number;
}

export class Tokens implements TokenReader {
  #getInformation: Native;
  #openProcessToken: Native;
  #getCurrentProcess: Native;
  #closeHandle: Native;
  #bytes = Buffer.alloc(maxBytes);
  #size = Buffer.alloc(4);
  #address: bigint;
  #kept = new Map<string, Kept>();

  private constructor(ffi: Ffi) {
    const advapi32 = ffi.open('advapi32.dll');
    const kernel32 = ffi.open('kernel32.dll');
    this.#getInformation = advapi32('GetTokenInformation', 'int32', [
      handleType,
      'int32',
      'void *',
      'uint32',
      'void *',
    ]);
    const openTypes = [handleType, 'uint32', 'void *'];
    this.#openProcessToken = advapi32('OpenProcessToken', 'int32', openTypes);
    this.#getCurrentProcess = kernel32('GetCurrentProcess', handleType, []);
    this.#closeHandle = kernel32('CloseHandle', 'int32', [handleType]);
    this.#address = ffi.addressOf(this.#bytes);
  }

  static async load(): Promise<Tokens> {
    return new Tokens(await loadFfi());
  }

  facts(handle: Handle, processId: number): AccessToken | undefined {
    const statistics = this.#read(handle, tokenClass.Statistics);
    if (statistics === undefined) return undefined;
    const identity = `${processId}-${readIdentity(statistics)}`;
    const nowMs = performance.now();
    const kept = this.#kept.get(identity);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.token;
    const token = this.#readAll(handle);
    if (token === undefined) return undefined;
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(identity, { token, untilMs: nowMs + keptMs });
    return token;
  }

  /** The SID of the user of this process. */
  ownUser(): Sid | undefined {
    return this.#readOwn(tokenClass.User, readUser)?.sid;
  }

  /** Whether this process has an administrator's full token (TOKEN_ELEVATION). */
  isElevated(): boolean {
    const elevation = this.#readOwn(tokenClass.Elevation, ({ bytes }) => bytes.readUInt32LE());
    return elevation !== undefined && elevation !== 0;
  }

  #readOwn<T>(informationClass: number, decode: (token: TokenBytes) => T): T | undefined {
    const handle = Buffer.alloc(8);
    if (this.#openProcessToken(this.#getCurrentProcess(), tokenQuery, handle) === 0) {
      return undefined;
    }
    const token: Handle = Number(handle.readBigInt64LE());
    const bytes = this.#read(token, informationClass);
    const decoded = bytes === undefined ? undefined : decode(bytes);
    this.#closeHandle(token);
    return decoded;
  }

  /** Reads into the one buffer, over the answer of the previous call. */
  #read(handle: Handle, informationClass: number): TokenBytes | undefined {
    const answer = this.#getInformation(
      handle,
      informationClass,
      this.#bytes,
      maxBytes,
      this.#size,
    );
    if (answer === 0) return undefined;
    return { bytes: this.#bytes.subarray(0, this.#size.readUInt32LE()), address: this.#address };
  }

  #readAll(handle: Handle): AccessToken | undefined {
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
