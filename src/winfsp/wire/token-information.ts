/**
 * The structures that GetTokenInformation fills: TOKEN_USER, TOKEN_GROUPS and others (winnt.h),
 * 64-bit.
 *
 *     SID_AND_ATTRIBUTES     { u64 Sid; u32 Attributes; u32 }       Sid is an address in the buffer
 *     TOKEN_GROUPS           { u32 GroupCount; u32; SID_AND_ATTRIBUTES Groups[] }
 *     TOKEN_PRIVILEGES       { u32 PrivilegeCount; { u64 Luid; u32 Attributes } Privileges[] }
 *     TOKEN_STATISTICS       { u64 TokenId, AuthenticationId, ExpirationTime; u32 TokenType,
 *                              ImpersonationLevel, DynamicCharged, DynamicAvailable, GroupCount,
 *                              PrivilegeCount; u64 ModifiedId }
 *
 * Invariant: a pointer to outside of the buffer reads as no SID.
 */
import type { Buffer } from 'node:buffer';
import type { Privilege, TokenGroup } from '../../fsbridge/security/access-check.ts';
import { type Sid, sidFromBytes } from '../../fsbridge/security/sid.ts';

const sidAndAttributesBytes = 16;
const luidAndAttributesBytes = 12;
const seGroupUseForDenyOnly = 0x10;
const sePrivilegeEnabled = 0x2;

/** The low half of each privilege's LUID, the same on every Windows: wdm.h, SE_…_PRIVILEGE. */
const privilegeNames: ReadonlyMap<number, Privilege> = new Map<number, Privilege>([
  [8, 'SeSecurityPrivilege'],
  [9, 'SeTakeOwnershipPrivilege'],
  [17, 'SeBackupPrivilege'],
  [18, 'SeRestorePrivilege'],
  [23, 'SeChangeNotifyPrivilege'],
  [28, 'SeManageVolumePrivilege'],
  [32, 'SeRelabelPrivilege'],
  [35, 'SeCreateSymbolicLinkPrivilege'],
]);

/** A buffer that GetTokenInformation has filled, and its address. */
export interface TokenBytes {
  readonly bytes: Buffer;
  readonly address: bigint;
}

/** The SID to which the pointer at this place points. */
function sidAt({ bytes, address }: TokenBytes, at: number): Sid | undefined {
  if (at + 8 > bytes.length) return undefined;
  const offset = Number(bytes.readBigUInt64LE(at) - address);
  if (offset < 0 || offset >= bytes.length) return undefined;
  return sidFromBytes(bytes, offset);
}

/** TOKEN_USER */
export function readUser(token: TokenBytes): { sid: Sid; isDenyOnly: boolean } | undefined {
  const sid = sidAt(token, 0);
  if (sid === undefined) return undefined;
  return { sid, isDenyOnly: (token.bytes.readUInt32LE(8) & seGroupUseForDenyOnly) !== 0 };
}

/** TOKEN_OWNER and TOKEN_PRIMARY_GROUP: a pointer. */
export function readSid(token: TokenBytes): Sid | undefined {
  return sidAt(token, 0);
}

/** TOKEN_GROUPS */
export function readGroups(token: TokenBytes): TokenGroup[] {
  const groups: TokenGroup[] = [];
  const count = token.bytes.readUInt32LE(0);
  for (let index = 0; index < count; index++) {
    const at = 8 + index * sidAndAttributesBytes;
    const sid = sidAt(token, at);
    if (sid === undefined) continue;
    groups.push({ sid, attributes: token.bytes.readUInt32LE(at + 8) });
  }
  return groups;
}

/** TOKEN_PRIVILEGES: those that are enabled. */
export function readPrivileges({ bytes }: TokenBytes): Set<Privilege> {
  const enabled = new Set<Privilege>();
  const count = bytes.readUInt32LE(0);
  for (let index = 0; index < count; index++) {
    const at = 4 + index * luidAndAttributesBytes;
    if (at + luidAndAttributesBytes > bytes.length) break;
    const name = privilegeNames.get(bytes.readUInt32LE(at));
    const isEnabled = (bytes.readUInt32LE(at + 8) & sePrivilegeEnabled) !== 0;
    if (name !== undefined && isEnabled) enabled.add(name);
  }
  return enabled;
}

/** The fields of TOKEN_STATISTICS that are the same for two handles with the same rights. */
export function readIdentity({ bytes }: TokenBytes): string {
  const authentication = bytes.toString('hex', 8, 16);
  const counts = bytes.toString('hex', 40, 48);
  return `${authentication}-${counts}-${bytes.toString('hex', 48, 56)}`;
}
